package stack

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A build that was interrupted leaves no manifest, or a program of another size; both are built again.
func TestInterruptedBuildIsNotTaken(t *testing.T) {
	p := part{name: "etcd", module: "example.com/etcd", version: "v1.0.0"}
	b := builder{cache: t.TempDir()}
	folder := b.folder(p)
	program := filepath.Join(folder, p.name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	check := func(state string, want bool) {
		t.Helper()
		if got := b.complete(folder, p); got != want {
			t.Errorf("%s: complete is %v, want %v", state, got, want)
		}
	}
	check("empty folder", false)
	if err := os.WriteFile(program, []byte("whole program"), 0o755); err != nil {
		t.Fatal(err)
	}
	check("no manifest", false)
	if err := writeManifest(folder, p); err != nil {
		t.Fatal(err)
	}
	check("finished", true)
	if err := os.WriteFile(program, []byte("half"), 0o755); err != nil {
		t.Fatal(err)
	}
	check("cut off", false)
}

func TestWhatKilledBuildsLeftIsRemoved(t *testing.T) {
	cache := t.TempDir()
	for _, dir := range []string{buildingPrefix + "123", "parts"} {
		if err := os.MkdirAll(filepath.Join(cache, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := clearInterrupted(cache); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(cache)
	if err != nil || len(left) != 1 || left[0].Name() != "parts" {
		t.Errorf("the cache holds %v (%v), want parts alone", left, err)
	}
}

func TestFolderNamesTheRecipe(t *testing.T) {
	b := builder{cache: "cache"}
	one := kubernetesPart("kube-apiserver")
	bare, tagged := one, one
	bare.stamp, tagged.tags = nil, []string{"sqlite"}
	for _, other := range []part{bare, tagged} {
		if b.folder(one) == b.folder(other) {
			t.Errorf("two ways of building share %s", b.folder(one))
		}
	}
	if got, want := filepath.Dir(b.folder(one)), filepath.Join("cache", "parts"); got != want {
		t.Errorf("folder lies in %s, want %s", got, want)
	}
}

func TestLockExcludesAndEndsWithTheContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := lockFile(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if _, err := lockFile(ctx, path); err != context.DeadlineExceeded {
		t.Fatalf("a held lock was waited for with %v, want %v", err, context.DeadlineExceeded)
	}
	unlock()
	again, err := lockFile(context.Background(), path)
	if err != nil {
		t.Fatalf("the lock was not given back: %v", err)
	}
	again()
}

func TestCacheFolder(t *testing.T) {
	got, err := Cache(func(name string) (string, bool) { return "/var/cache/x", name == "MODELOPS_E2E_CACHE" })
	if err != nil || got != "/var/cache/x" {
		t.Errorf("Cache is %q, %v; want the folder of the environment variable", got, err)
	}
}
