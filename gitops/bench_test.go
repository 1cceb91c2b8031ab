package gitops_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/gitops/gittest"
)

// large makes a bare repository of 100 teams, 100 models, 2 environments and 4 files each: 80,000 files.
func large(b *testing.B) *gittest.Repo {
	b.Helper()
	dir := b.TempDir()
	r, err := gittest.Init(b.Context(), filepath.Join(dir, "r.git"), filepath.Join(dir, "home"), true)
	if err != nil {
		b.Fatal(err)
	}
	var s strings.Builder
	fmt.Fprintf(&s, "commit refs/heads/main\ncommitter A <a@b> %d +0000\ndata 1\nx\n", gittest.Clock)
	for i := range 80_000 {
		text := fmt.Sprint("content ", i)
		fmt.Fprintf(&s, "M 100644 inline models/t%d/m%d/%s/f%d.yaml\ndata %d\n%s\n",
			i/800, i/8%100, [...]string{"staging", "prod"}[i/4%2], i%4, len(text), text)
	}
	if _, err := r.Feed(b.Context(), s.String(), "fast-import", "--quiet"); err != nil {
		b.Fatal(err)
	}
	return r
}

// BenchmarkCommitLarge is one commit and the move of the branch in a repository of 80,000 files, once with the
// repository open and once with opening it.
func BenchmarkCommitLarge(b *testing.B) {
	srv := large(b)
	open := func() *gitops.Repo {
		r, err := gitops.Open(b.Context(), gitops.Options{Path: srv.Dir, Env: gitops.Env{Environ: srv.Env, Git: srv.Git}})
		if err != nil {
			b.Fatal(err)
		}
		return r
	}
	n := 0
	once := func(r *gitops.Repo) {
		n++
		base, err := r.Tip(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		id, err := r.Identity(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		next, err := r.Commit(b.Context(), base, write("models/t50/m50/prod/f1.yaml", fmt.Sprint(n)), id)
		if err != nil {
			b.Fatal(err)
		}
		if err := r.Push(b.Context(), base, next); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("open once", func(b *testing.B) {
		r := open()
		defer r.Close()
		for b.Loop() {
			once(r)
		}
	})
	b.Run("open each time", func(b *testing.B) {
		for b.Loop() {
			r := open()
			once(r)
			r.Close()
		}
	})
}
