package transport

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func packet(s string) string { return fmt.Sprintf("%04x%s", len(s)+4, s) }

// What a server prints is shown without the lines that frame it and say nothing.
func TestServerText(t *testing.T) {
	const printed = "\x02error:\nerror: Not allowed\nerror: \n\n\x1b[1mask ana\n"
	rep, err := ReadReport(strings.NewReader(packet(printed)+"0000"), true, nil)
	if want := "error: Not allowed\n\\u001b[1mask ana\n"; rep.Text != want {
		t.Errorf("text is %q (%v), want %q", rep.Text, err, want)
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
		a, err := ReadAdvert(bytes.NewReader(data))
		if (a == nil) == (err == nil) {
			t.Errorf("neither or both of result and error for %q", data)
		}
	})
}
