package odb

import (
	"crypto/sha1" //nolint:gosec // the checksum of Git's file format
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// FuzzCommitGraph reads files that carry a right checksum and wrong content: nothing may panic or go round in circles.
func FuzzCommitGraph(f *testing.F) {
	if data := someGraph(f); data != nil {
		f.Add(data[:len(data)-hashSize])
	}
	f.Add([]byte("CGPH\x01\x01\x00\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		sum := sha1.Sum(body) //nolint:gosec // see above
		l, err := parseLayer(append(append([]byte{}, body...), sum[:]...), 0)
		if err != nil {
			return
		}
		g := newGraph([]*graphLayer{l})
		if g == nil {
			return
		}
		filters := NewBloomPaths([]string{"a", "dir/f1"})
		for at := range min(l.count, 1000) {
			c, ok := g.commit(at)
			if !ok {
				t.Fatalf("commit %d of %d is not there", at, l.count)
			}
			filters.Unchanged(c)
			g.parents(c)
			g.find(c.Hash)
			walk := &Lineage{ctx: t.Context(), objs: NewOverlay(nil), graphs: &commitGraphs{g}}
			for n := 0; ; n++ {
				if n > int(l.count) {
					t.Fatal("the first parents go round in a circle")
				}
				next, ok := g.commit(c.first)
				if !ok || next.level >= c.level {
					break
				}
				if c, ok, err = walk.firstParent(c); !ok || err != nil {
					break
				}
			}
		}
	})
}

// someGraph is what git writes, with filters; nil without git.
func someGraph(f *testing.F) []byte {
	dir := f.TempDir()
	script := `git init -q . && git config user.name a && git config user.email a@example.com &&
		for i in 1 2 3 4 5; do mkdir -p dir && echo $i > dir/f$i && git add . && git commit -q -m $i; done &&
		git checkout -q -b side HEAD~2 && echo x > x && git add . && git commit -q -m side && git checkout -q - && git checkout -q -b m HEAD &&
		git commit-graph write --reachable --changed-paths`
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "GIT_CONFIG_NOSYSTEM=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		f.Fatalf("%v\n%s", err, out)
	}
	data, err := os.ReadFile(filepath.Join(dir, ".git", "objects", "info", "commit-graph"))
	if err != nil {
		f.Fatal(err)
	}
	return data
}

// TestMurmur3 has the values that git's own tests have, with its seeds for the two hashes of a path.
func TestMurmur3(t *testing.T) {
	for text, want := range map[string]uint32{"": 0, "Hello world!": 0x627b0c2c, "The quick brown fox jumps over the lazy dog": 0x2e4ff723} {
		if got := murmur3(0, text); got != want {
			t.Errorf("%q: %08x, want %08x", text, got, want)
		}
	}
}

func FuzzDelta(f *testing.F) {
	f.Add([]byte("0123456789"), []byte{10, 5, 0x91, 2, 3, 2, 'a', 'b'})
	f.Fuzz(func(t *testing.T, base, delta []byte) {
		if len(delta) > 10 && delta[1] > 127 {
			return // a size that only takes memory
		}
		if out, ok := applyDelta(base, delta); ok && len(out) > 127 {
			t.Fatalf("%d bytes", len(out))
		}
	})
}
