package odb

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // Git's own
	"encoding/binary"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
)

// packOf makes a repository with long similar files, so that git writes deltas, and returns its pack and what is in it.
func packOf(t testing.TB) ([]byte, []string) {
	t.Helper()
	dir := t.TempDir()
	run := func(in string, args ...string) []byte {
		cmd := exec.Command("git", args...)
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(in)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("git %v: %v", args, err)
		}
		return out
	}
	run("", "init", "-q", "-b", "main")
	var b strings.Builder
	for i := range 30 {
		text := strings.Repeat(fmt.Sprintf("line %d of a file that changes little\n", i%3), 50) + fmt.Sprint(i)
		fmt.Fprintf(&b, "commit refs/heads/main\ncommitter A <a@b> %d +0000\ndata 1\nx\n", 1750000000+i)
		fmt.Fprintf(&b, "M 100644 inline dir/file%d\ndata %d\n%s\n", i%5, len(text), text)
	}
	run(b.String(), "fast-import", "--quiet")
	ids := strings.Fields(string(run("", "rev-list", "--objects", "--no-object-names", "main")))
	pack := run(strings.Join(ids, "\n")+"\n", "pack-objects", "-q", "--stdout", "--delta-base-offset", "--window=20")
	return pack, ids
}

func TestUnpackReadsWhatGitPacks(t *testing.T) {
	pack, ids := packOf(t)
	into := NewOverlay(Nothing{})
	n, err := Unpack(pack, into)
	if err != nil || n != len(ids) {
		t.Fatalf("%d objects of %d, %v", n, len(ids), err)
	}
	for _, id := range ids {
		if _, ok := into.Get(plumbing.NewHash(id)); !ok {
			t.Errorf("%s is missing", id)
		}
	}
}

// TestUnpackRefusesWhatLies damages a pack in many places and cuts it at many lengths: what comes out of it must still
// be what its id says, or an error.
func TestUnpackRefusesWhatLies(t *testing.T) {
	pack, _ := packOf(t)
	for i := 0; i < len(pack); i += 1 + i/16 { // the beginning closely
		for _, p := range [][]byte{pack[:i], flipped(pack, i)} {
			checkUnpacked(t, p)
		}
	}
	bomb := bytes.Clone(pack)
	binary.BigEndian.PutUint32(bomb[8:], 1<<32-1)
	if _, err := Unpack(bomb, NewOverlay(Nothing{})); err == nil {
		t.Error("four thousand million objects in some kilobytes")
	}
}

func flipped(p []byte, i int) []byte {
	out := bytes.Clone(p)
	out[i] ^= 0x55
	return out
}

func checkUnpacked(t testing.TB, pack []byte) {
	t.Helper()
	into := NewOverlay(Nothing{})
	_, err := Unpack(pack, into)
	for h, o := range into.fresh {
		sum := sha1.Sum(fmt.Appendf(nil, "%s %d\x00%s", o.Kind, len(o.Data), o.Data)) //nolint:gosec // Git's own
		if Hash(sum) != h {
			t.Fatalf("an object has the id %s and should have %x (%v)", h, sum, err)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	pack, _ := packOf(f)
	f.Add(pack)
	f.Add(pack[:200])
	f.Add([]byte("PACK\x00\x00\x00\x02\x00\x00\x00\x01\x7f\xff\xff\xff\xff\xff\x0f0123456789012345678901234567890123456789"))
	f.Fuzz(func(t *testing.T, data []byte) { checkUnpacked(t, data) })
}
