package gitops_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/google/go-cmp/cmp"
	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/gitops/gittest"
)

func TestSnapshotIsAFileSystem(t *testing.T) {
	w := newWorld(t)
	s := w.tip(w.open(w.server))
	if err := fstest.TestFS(s, "README.md", release, "models-old/x", "models/vision/resnet/prod/base/d.yaml"); err != nil {
		t.Error(err)
	}
	for _, p := range []string{"models", "models/vision/resnet/prod", "."} {
		h, err := s.Tree(p)
		w.ok(err)
		equal(t, p, h.String(), w.git(w.server, "rev-parse", "main:"+strings.TrimPrefix(p, ".")))
	}
	for _, p := range []string{"nowhere", release, "../x", "models/vision/resnet/prod/release.yaml/x"} {
		if h, err := s.Tree(p); err != nil || !h.IsZero() {
			t.Errorf("tree of %q: %v %v", p, h, err)
		}
	}
	h, err := s.Blob(release)
	w.ok(err)
	equal(t, "blob", h.String(), w.git(w.server, "rev-parse", "main:"+release))
	if _, err := s.ReadFile("nowhere"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent file: %v", err)
	}
}

// TestLinksAreNotFollowed: neither a symbolic link nor a submodule can be read or written through.
func TestLinksAreNotFollowed(t *testing.T) {
	w := newWorld(t)
	blob, err := w.server.Feed(w.ctx, "models/text", "hash-object", "-w", "--stdin")
	w.ok(err)
	tree, err := w.server.Feed(w.ctx, w.git(w.server, "ls-tree", "main")+fmt.Sprintf("\n120000 blob %s\tlink\n160000 commit %s\tsub\n", blob, w.git(w.server, "rev-parse", "main")), "mktree", "--missing")
	w.ok(err)
	w.git(w.server, "update-ref", "refs/heads/main", w.git(w.server, "commit-tree", tree, "-p", "main", "-m", "links"))
	r := w.open(w.server)
	s := w.tip(r)
	for _, p := range []string{"link", "sub"} {
		if _, err := s.ReadFile(p); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("reading %s: %v", p, err)
		}
		for _, name := range []string{p, p + "/x"} {
			_, err := r.Commit(w.ctx, s, write(name, "x"), identity(t, r))
			var scope *gitops.ScopeError
			if !errors.As(err, &scope) {
				t.Errorf("writing %s: want *ScopeError, got %v", name, err)
			}
		}
	}
	// Putting back a folder that holds one is refused as well; taking one away is not.
	c := gitops.Change{Scope: []string{"copy"}, Trees: map[string]gitops.Hash{"copy": mustTree(t, s, ".")}}
	if _, err := r.Commit(w.ctx, s, c, identity(t, r)); err == nil || !strings.Contains(err.Error(), "symbolic link") && !strings.Contains(err.Error(), "submodule") {
		t.Errorf("a restored link: %v", err)
	}
	w.commit(r, s, gitops.Change{Scope: []string{"link"}, Files: map[string][]byte{"link": nil}})
}

func identity(t *testing.T, r *gitops.Repo) gitops.Identity {
	t.Helper()
	id, err := r.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func mustTree(t *testing.T, s *gitops.Snapshot, p string) gitops.Hash {
	t.Helper()
	h, err := s.Tree(p)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestCommitRefuses(t *testing.T) {
	w := newWorld(t)
	r := w.open(w.server)
	s := w.tip(r)
	before := files(t, w.server.Dir)
	models := mustTree(t, s, "models")
	cases := map[string]gitops.Change{
		"outside":          {Scope: []string{"models/vision"}, Files: map[string][]byte{"README.md": []byte("x")}},
		"prefix of a name": {Scope: []string{"models"}, Files: map[string][]byte{"models-old/x": []byte("y")}},
		"no scope":         {Files: map[string][]byte{"a": []byte("x")}},
		"tree outside":     {Scope: []string{"a"}, Trees: map[string]gitops.Hash{"b": models}},
		"dot dot":          {Scope: []string{"."}, Files: map[string][]byte{"../a": []byte("x")}},
		"absolute":         {Scope: []string{"."}, Files: map[string][]byte{"/a": []byte("x")}},
		"dot git":          {Scope: []string{"."}, Files: map[string][]byte{"a/.Git/config": []byte("x")}},
		"git tilde":        {Scope: []string{"."}, Files: map[string][]byte{"GIT~1/config": []byte("x")}},
		"control":          {Scope: []string{"."}, Files: map[string][]byte{"a\nb": []byte("x")}},
		"backslash":        {Scope: []string{"."}, Files: map[string][]byte{`a\b`: []byte("x")}},
		"case of a file":   {Scope: []string{"."}, Files: map[string][]byte{"readme.MD": []byte("x")}},
		"case of a folder": {Scope: []string{"."}, Files: map[string][]byte{"Models/x": []byte("x")}},
		"case of siblings": {Scope: []string{"."}, Files: map[string][]byte{"n/a": []byte("x"), "n/A": []byte("y")}},
		"below a file":     {Scope: []string{"."}, Files: map[string][]byte{"README.md/x": []byte("x")}},
		"over a folder":    {Scope: []string{"."}, Files: map[string][]byte{"models": []byte("x")}},
		"delete a folder":  {Scope: []string{"."}, Files: map[string][]byte{"models": nil}},
		"file and folder":  {Scope: []string{"."}, Files: map[string][]byte{"n": []byte("x"), "n/a": []byte("x")}},
		"bad scope":        {Scope: []string{"models/../"}, Files: map[string][]byte{"models/x": []byte("x")}},
	}
	for name, c := range cases {
		_, err := r.Commit(w.ctx, s, c, identity(t, r))
		var scope *gitops.ScopeError
		if !errors.As(err, &scope) {
			t.Errorf("%s: want *ScopeError, got %v", name, err)
		}
	}
	_, err := r.Commit(w.ctx, s, write(release, "v1\n"), identity(t, r))
	if !errors.Is(err, gitops.ErrNoChange) {
		t.Errorf("same content: %v", err)
	}
	_, err = r.Commit(w.ctx, s, gitops.Change{Scope: []string{"a"}, Trees: map[string]gitops.Hash{"a": {1}}}, identity(t, r))
	var missing *gitops.MissingError
	if !errors.As(err, &missing) {
		t.Errorf("a tree that is not here: %v", err)
	}
	equal(t, "nothing was written", files(t, w.server.Dir), before)
}

// TestCommitAgreesWithGit makes changes and compares whole trees with git's index of the same files.
func TestCommitAgreesWithGit(t *testing.T) {
	w := newWorld(t)
	r := w.open(w.server)
	s := w.tip(r)
	old := mustTree(t, s, "models/text/bert/prod")
	cases := map[string]struct {
		change gitops.Change
		want   map[string]string // on top of start; "" deletes
	}{
		"edit and add": {gitops.Change{Files: map[string][]byte{release: []byte("v2\n"), "models/new/m/prod/x": []byte("n")}},
			map[string]string{release: "v2\n", "models/new/m/prod/x": "n"}},
		"delete empties folders": {gitops.Change{Files: map[string][]byte{"models/text/bert/prod/release.yaml": nil, "gone": nil}},
			map[string]string{"models/text/bert/prod/release.yaml": ""}},
		"put back by tree": {gitops.Change{Trees: map[string]gitops.Hash{"models/vision/resnet/prod": old}},
			map[string]string{release: "b1\n", "models/vision/resnet/prod/base/d.yaml": ""}},
		"tree, then files": {gitops.Change{Trees: map[string]gitops.Hash{"models/vision/resnet/prod": old}, Files: map[string][]byte{"models/vision/resnet/prod/y": []byte("y")}},
			map[string]string{release: "b1\n", "models/vision/resnet/prod/base/d.yaml": "", "models/vision/resnet/prod/y": "y"}},
		"remove a folder": {gitops.Change{Trees: map[string]gitops.Hash{"models": {}}},
			map[string]string{release: "", "models/vision/resnet/prod/base/d.yaml": "", "models/vision/resnet/state/prod.yaml": "", "models/text/bert/prod/release.yaml": ""}},
		"order of names": {gitops.Change{Files: map[string][]byte{"a.b": []byte("1"), "a/c": []byte("2"), "a0": []byte("3"), "a-": []byte("4")}},
			map[string]string{"a.b": "1", "a/c": "2", "a0": "3", "a-": "4"}},
		"a folder in a file's place": {gitops.Change{Files: map[string][]byte{"README.md": nil, "README.md/x": []byte("x")}},
			map[string]string{"README.md": "", "README.md/x": "x"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			tc.change.Scope = []string{"."}
			next := w.commit(r, s, tc.change)
			w.git(w.server, "update-ref", "refs/heads/"+strings.ReplaceAll(name[:4], " ", ""), "main")
			all := map[string][]byte{}
			for p, d := range start {
				all[p] = []byte(d)
			}
			for p, d := range tc.want {
				all[p] = []byte(d)
				if d == "" {
					delete(all, p)
				}
			}
			equal(t, "tree", mustTree(t, next, "."), gitTree(w, all))
			ours, err := gitops.HashTree(all)
			w.ok(err)
			equal(t, "HashTree", ours, gitTree(w, all))
		})
	}
}

// gitTree asks git for the tree of some files.
func gitTree(w *world, all map[string][]byte) gitops.Hash {
	w.t.Helper()
	var b strings.Builder
	for p, d := range all {
		h, err := w.server.Feed(w.ctx, string(d), "hash-object", "-w", "--stdin")
		w.ok(err)
		fmt.Fprintf(&b, "100644 %s\t%s\n", h, p)
	}
	own := *w.server
	own.Env = append([]string{"GIT_INDEX_FILE=" + w.t.TempDir() + "/index"}, own.Env...)
	_, err := own.Feed(w.ctx, b.String(), "update-index", "--add", "--index-info")
	w.ok(err)
	out, err := own.Run(w.ctx, "write-tree")
	w.ok(err)
	return plumbing.NewHash(out)
}

func TestFirstCommitOfABranch(t *testing.T) {
	w := newWorld(t)
	r := w.open(w.clone("c", w.serve(gittest.Options{})), func(o *gitops.Options) { o.Branch = "new/branch" })
	var none *gitops.NoBranchError
	if _, err := r.Tip(w.ctx); !errors.As(err, &none) {
		t.Fatalf("want *NoBranchError, got %v", err)
	}
	next := w.commit(r, nil, write("a", "x"))
	w.ok(r.Push(w.ctx, nil, next))
	equal(t, "branch", w.git(w.server, "rev-parse", "new/branch"), next.Commit().String())
	var stale *gitops.StaleError
	if err := r.Push(w.ctx, nil, w.commit(r, nil, write("a", "y"))); !errors.As(err, &stale) {
		t.Errorf("creating it twice: %v", err)
	}
	w.fsck(w.server)
}

func TestDiff(t *testing.T) {
	w := newWorld(t)
	r := w.open(w.server)
	a := w.tip(r)
	b := w.commit(r, a, gitops.Change{Scope: []string{"."}, Files: map[string][]byte{
		release: []byte("v2\n"), "models/vision/resnet/prod/base/d.yaml": nil, "zz/new": []byte("n"), "README.md": nil, "README.md/x": []byte("x")}})
	w.ok(r.Push(w.ctx, a, b))
	var got []string
	changes, err := a.Diff(w.ctx, b, ".")
	w.ok(err)
	for _, c := range changes {
		got = append(got, fmt.Sprintf(":%06o %06o %s %s\t%s", c.OldMode, c.NewMode, c.Before, c.After, c.Path))
	}
	var want []string
	for line := range strings.Lines(w.git(w.server, "diff-tree", "-r", "--no-renames", a.Commit().String(), b.Commit().String())) {
		f := strings.Fields(strings.TrimSpace(line))
		want = append(want, fmt.Sprintf("%s %s %s %s\t%s", f[0], f[1], f[2], f[3], f[5]))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-git +ours)\n%s", diff)
	}
	under, err := a.Diff(w.ctx, b, "models/vision")
	w.ok(err)
	equal(t, "under a folder", len(under), 2)
}
