package gitops

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func packet(s string) string { return fmt.Sprintf("%04x%s", len(s)+4, s) }

// FuzzReport feeds any bytes to the parser of a server's answer: no panic, and success only where our branch is named
// with ok behind an ok unpack.
func FuzzReport(f *testing.F) {
	good := packet("unpack ok\n") + packet("ok refs/heads/main\n") + "0000"
	f.Add([]byte(good), false)
	f.Add([]byte(packet("\x02hello\n")+packet("\x01"+good)+"0000"), true)
	f.Add([]byte(packet("unpack ok\n")+packet("ng refs/heads/main hook declined\n")+"0000"), false)
	f.Add([]byte("<html>"), true)
	f.Fuzz(func(t *testing.T, data []byte, banded bool) {
		rep, err := readReport(bytes.NewReader(data), banded, nil)
		if judge(push{branch: "main"}, rep, err) != nil {
			return
		}
		if !bytes.Contains(data, []byte("ok")) || rep.unpack != "ok" {
			t.Errorf("success out of %q", data)
		}
		if reason, named := rep.refs["refs/heads/main"]; !named || reason != "" {
			t.Errorf("success without our ref: %q", data)
		}
	})
}

// What a server prints is shown without the lines that frame it and say nothing.
func TestServerText(t *testing.T) {
	const printed = "\x02error:\nerror: Not allowed\nerror: \n\n\x1b[1mask ana\n"
	rep, err := readReport(strings.NewReader(packet(printed)+"0000"), true, nil)
	if want := "error: Not allowed\n\\u001b[1mask ana\n"; rep.text != want {
		t.Errorf("text is %q (%v), want %q", rep.text, err, want)
	}
	var said lockedBuffer
	fmt.Fprint(&said, "error:\nerror: Repo is archived.\nerror:\n")
	if got, want := said.String(), "error: Repo is archived."; got != want {
		t.Errorf("a program said %q, want %q", got, want)
	}
}

func FuzzAdvert(f *testing.F) {
	h := strings.Repeat("1", 40)
	f.Add([]byte(packet("# service=git-upload-pack\n") + "0000" + packet(h+" HEAD\x00symref=HEAD:refs/heads/main\n") + packet(h+" refs/heads/main\n") + "0000"))
	f.Add([]byte(packet("ERR no\n")))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := readAdvert(bytes.NewReader(data))
		if (a == nil) == (err == nil) {
			t.Errorf("neither or both of result and error for %q", data)
		}
	})
}

func TestBranchNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"main": true, "feature/x": true, "v1.2": true, "ünïcode": true, "a@b": true,
		"": false, "a..b": false, "a.lock": false, "a/b.lock/c": false, ".a": false, "a/.b": false, "a b": false, "a~b": false,
		"a^": false, "a:b": false, "a?b": false, "a*": false, "a[": false, `a\b`: false, "a//b": false, "a/": false, "/a": false,
		"a.": false, "@": false, "a@{b": false, "-a": false, "HEAD": false, "a\x01": false,
	} {
		if got := checkBranch(name) == nil; got != ok {
			t.Errorf("%q: got %v, want %v", name, got, ok)
		}
	}
}
