package gitops_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/gitops/gittest"
)

// local opens a clone for what is in it alone.
func local(t *testing.T, r *gittest.Repo, env ...string) *gitops.Repo {
	t.Helper()
	repo, err := gitops.Open(t.Context(), gitops.Options{Path: r.Dir, Local: true, Env: gitops.Env{Environ: append(r.Env, env...), Git: r.Git}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { repo.Close() }) //nolint:errcheck // nothing was written
	return repo
}

// TestStaged compares what is read of the index with the tree that git itself would commit, for every form of an index.
func TestStaged(t *testing.T) {
	t.Parallel()
	write := func(files ...string) func(*testing.T, *gittest.Repo) {
		return func(t *testing.T, r *gittest.Repo) {
			content := map[string]string{}
			for _, f := range files {
				content[f] = "new " + f + "\n"
			}
			if err := r.Write(content); err != nil {
				t.Fatal(err)
			}
		}
	}
	git := func(lines ...string) func(*testing.T, *gittest.Repo) {
		return func(t *testing.T, r *gittest.Repo) {
			for _, l := range lines {
				if _, err := r.Run(t.Context(), strings.Fields(l)...); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	type steps = []func(*testing.T, *gittest.Repo)
	for name, do := range map[string]steps{
		"nothing":           {},
		"only in the tree":  {write("a")},
		"changed and added": {write("README.md", "x/y/z", "x/w"), git("add -A"), write("README.md", "x/late")},
		"deleted":           {git("rm -q models/text/bert/prod/release.yaml")},
		"everything gone":   {git("rm -q -r .")},
		"renamed":           {git("mv models/vision other")},
		"folder to file":    {git("rm -q -r models"), write("models"), git("add models")},
		"file to folder":    {git("rm -q README.md"), write("README.md/a"), git("add README.md")},
		"executable":        {git("update-index --chmod=+x README.md")},
		"a link": {func(t *testing.T, r *gittest.Repo) {
			if err := os.Symlink("/etc/passwd", filepath.Join(r.Dir, "models", "link")); err != nil {
				t.Fatal(err)
			}
		}, git("add models/link")},
		"intended":         {write("later"), git("add -N later")},
		"version 4":        {git("update-index --index-version 4"), write("README.md"), git("add -A")},
		"split":            {git("update-index --split-index"), write("README.md"), git("add -A")},
		"sparse":           {git("sparse-checkout set --cone --sparse-index models/vision"), write("models/vision/new"), git("add models/vision/new")},
		"assumed":          {git("update-index --assume-unchanged README.md"), write("README.md")},
		"skipped":          {git("update-index --skip-worktree README.md"), write("README.md"), git("add -A")},
		"names":            {write("ä b/\"q\"", "tab\there", "models/line\nend"), git("add -A")},
		"sorted as trees":  {write("models.txt", "models0", "models-/x"), git("add -A")},
		"a submodule":      {git("update-index --add --cacheinfo 160000,1111111111111111111111111111111111111111,sub")},
		"detached":         {git("checkout -q --detach"), write("README.md"), git("add -A")},
		"no commit before": {git("checkout -q --orphan fresh"), write("README.md"), git("add -A")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r, err := w.server.Clone(w.ctx, filepath.Join(w.dir, "clone"), w.server.Dir)
			w.ok(err)
			for _, step := range do {
				step(t, r)
			}
			_, index, err := local(t, r).Staged(t.Context())
			w.ok(err)
			got, err := index.Tree(".")
			w.ok(err)
			want, err := r.Run(t.Context(), "write-tree")
			w.ok(err)
			if strings.TrimSpace(want) != got.String() {
				t.Errorf("read %s, git would commit %s", got, want)
			}
		})
	}
}

func TestStagedIsReadAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, err := w.server.Clone(w.ctx, filepath.Join(w.dir, "clone"), w.server.Dir)
	w.ok(err)
	w.ok(r.Write(map[string]string{"README.md": "staged\n"}))
	_, err = r.Run(w.ctx, "add", "-A")
	w.ok(err)
	w.ok(r.Write(map[string]string{"README.md": "not staged\n"}))
	head, index, err := local(t, r).Staged(w.ctx)
	w.ok(err)
	data, err := index.ReadFile("README.md")
	if err != nil || string(data) != "staged\n" {
		t.Errorf("%q %v", data, err)
	}
	changes, err := head.Diff(w.ctx, index, ".")
	if err != nil || len(changes) != 1 || changes[0].Path != "README.md" {
		t.Errorf("%+v %v", changes, err)
	}
}

// TestStagedInAHook: for `git commit -a` and `git commit FILE` git commits another index than the usual one, and tells
// its hooks by a variable.
func TestStagedInAHook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, err := w.server.Clone(w.ctx, filepath.Join(w.dir, "clone"), w.server.Dir)
	w.ok(err)
	other := filepath.Join(".git", "next-index-1.lock")
	w.ok(r.Write(map[string]string{"README.md": "by the hook\n"}))
	data, err := os.ReadFile(filepath.Join(r.Dir, ".git", "index"))
	w.ok(err)
	w.ok(os.WriteFile(filepath.Join(r.Dir, other), data, 0o644))
	with := *r
	with.Env = append(append([]string(nil), r.Env...), "GIT_INDEX_FILE="+other)
	_, err = with.Run(w.ctx, "add", "README.md")
	w.ok(err)
	for env, want := range map[string]string{"GIT_INDEX_FILE=" + other: "by the hook\n", "GIT_INDEX_FILE=/elsewhere/.git/index": "hello\n", "A=b": "hello\n"} {
		_, index, err := local(t, r, env).Staged(w.ctx)
		w.ok(err)
		if data, err := index.ReadFile("README.md"); err != nil || string(data) != want {
			t.Errorf("%s: %q %v", env, data, err)
		}
	}
}

func TestStagedConflict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, err := w.server.Clone(w.ctx, filepath.Join(w.dir, "clone"), w.server.Dir)
	w.ok(err)
	_, err = r.Feed(w.ctx, "0 0000000000000000000000000000000000000000 0\tREADME.md\n100644 ce013625030ba8dba906f756967f9e9ca394464a 1\tREADME.md\n100644 ce013625030ba8dba906f756967f9e9ca394464a 2\tREADME.md\n", "update-index", "--index-info")
	w.ok(err)
	_, _, err = local(t, r).Staged(w.ctx)
	var unmerged *gitops.UnmergedError
	if !errors.As(err, &unmerged) || err.Error() != "read the index: a merge is not finished in README.md" {
		t.Error(err)
	}
}

func TestMergeBase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, err := w.server.Run(w.ctx, "rev-parse", "main")
	w.ok(err)
	_, err = w.server.Run(w.ctx, "branch", "feature")
	w.ok(err)
	_, err = w.server.Commit(w.ctx, "main", "ahead", map[string]string{"a": "1"})
	w.ok(err)
	_, err = w.server.Commit(w.ctx, "feature", "aside", map[string]string{"b": "1"})
	w.ok(err)
	repo := local(t, w.server)
	a, err := repo.Local(w.ctx, "main")
	w.ok(err)
	b, err := repo.Local(w.ctx, "feature")
	w.ok(err)
	base, err := repo.MergeBase(w.ctx, a.Commit(), b.Commit())
	if err != nil || base.Commit().String() != strings.TrimSpace(first) {
		t.Errorf("%v %v", base, err)
	}
}
