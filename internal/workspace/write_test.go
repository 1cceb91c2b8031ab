package workspace

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func disk(t *testing.T, files map[string]string) *Disk {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	d, err := OpenDisk(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// all lists every path below the folder, folders with a slash at their end.
func all(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, p)
		if rel != "." {
			if d.IsDir() {
				rel += "/"
			}
			out = append(out, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestWrite(t *testing.T) {
	d := disk(t, map[string]string{"a/same": "s", "a/old": "o", "b/c/only": "x", "keep": "k"})
	files := map[string][]byte{"a/same": []byte("s"), "a/old": []byte("new"), "b/c/only": nil, "n/e/w": []byte("w"), "gone": nil}
	want := []Written{{"a/old", Update}, {"b/c/only", Delete}, {"n/e/w", Add}}
	plan, err := d.Plan(files)
	if err != nil || !reflect.DeepEqual(plan, want) {
		t.Fatalf("plan %v (%v), want %v", plan, err, want)
	}
	if before := all(t, d.Dir()); !slices.Contains(before, "b/c/only") {
		t.Fatalf("a plan wrote something: %v", before)
	}
	got, err := d.Write(files)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("wrote %v (%v), want %v", got, err, want)
	}
	if got, want := all(t, d.Dir()), []string{"a/", "a/old", "a/same", "b/", "keep", "n/", "n/e/", "n/e/w"}; !slices.Equal(got, want) {
		t.Errorf("left %v, want %v", got, want)
	}
	if again, err := d.Write(files); err != nil || len(again) > 0 {
		t.Errorf("a second time: %v (%v)", again, err)
	}
}

func TestWriteNeverLeavesTheTree(t *testing.T) {
	outside := t.TempDir()
	d := disk(t, map[string]string{"plain": "p", "dir/x": "x"})
	for link, to := range map[string]string{"link": outside, "file": filepath.Join(outside, "f"), "inside": "dir"} {
		if err := os.Symlink(to, filepath.Join(d.Dir(), link)); err != nil {
			t.Skip("this system makes no symbolic links: ", err)
		}
	}
	before := all(t, d.Dir())
	for _, p := range []string{"link/f", "file", "inside/f", "plain/f", "dir", "../f", "/f", ".", "", "a/../b"} {
		_, err := d.Write(map[string][]byte{p: []byte("evil"), "good": []byte("g")})
		var unsafe *UnsafeError
		if !errors.As(err, &unsafe) {
			t.Errorf("%q: %v, want an UnsafeError", p, err)
		}
	}
	if after := all(t, d.Dir()); !slices.Equal(before, after) {
		t.Errorf("the refusals left %v, want %v", after, before)
	}
	if left := all(t, outside); len(left) > 0 {
		t.Errorf("outside of the tree: %v", left)
	}
}

// A write that fails half way leaves what was there, and no temporary files.
func TestWriteAllOrNothing(t *testing.T) {
	d := disk(t, map[string]string{"a": "old"})
	long := strings.Repeat("x", 300)
	if _, err := d.Write(map[string][]byte{"a": []byte("new"), "z/" + long: []byte("x")}); err == nil {
		t.Fatal("a name of 300 letters was written")
	}
	if data, err := os.ReadFile(filepath.Join(d.Dir(), "a")); err != nil || string(data) != "old" {
		t.Errorf("a is %q (%v)", data, err)
	}
	if got := all(t, d.Dir()); slices.ContainsFunc(got, func(p string) bool { return filepath.Ext(p) == ".tmp0" }) {
		t.Errorf("temporary files are left: %v", got)
	}
}

func TestFindRoot(t *testing.T) {
	d := disk(t, map[string]string{PlatformFile: "x", "models/a/b/model.yaml": "y"})
	for _, from := range []string{"", "models", "models/a/b", "not/there"} {
		if got, err := FindRoot(filepath.Join(d.Dir(), from)); err != nil || got != d.Dir() {
			t.Errorf("from %q: %q (%v)", from, got, err)
		}
	}
	var none *NoPlatformError
	if _, err := FindRoot(t.TempDir()); !errors.As(err, &none) {
		t.Errorf("elsewhere: %v", err)
	}
}
