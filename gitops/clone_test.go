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

func TestRefusesToOpen(t *testing.T) {
	w := newWorld(t)
	sha256, err := w.server.Run(w.ctx, "init", "--quiet", "--object-format=sha256", filepath.Join(w.dir, "sha256"))
	w.ok(err)
	_ = sha256
	cases := map[string]struct {
		dir  string
		prep func(dir string)
		want string
	}{
		"no folder": {"nowhere", nil, "no such folder"},
		"plain":     {"plain", func(d string) { w.ok(os.MkdirAll(d, 0o755)) }, "not a Git repository"},
		"sha256":    {"sha256", nil, "stores objects as sha256"},
		"reftable":  {"rt", w.extension("refstorage = reftable"), "stores refs as reftable"},
		"unknown":   {"un", w.extension("frobnicate = true"), "unknown extension frobnicate"},
		"version": {"ver", func(d string) {
			w.initAt(d)
			w.ok(os.WriteFile(d+"/.git/config", []byte("[core]\nrepositoryformatversion = 9\n"), 0o600))
		}, "version 9"},
		"dead link": {"link", func(d string) {
			w.ok(os.MkdirAll(d, 0o755))
			w.ok(os.WriteFile(d+"/.git", []byte("gitdir: /nowhere\n"), 0o600))
		}, "no Git folder"},
		"bad config": {"bad", func(d string) { w.initAt(d); w.ok(os.WriteFile(d+"/.git/config", []byte("[core\n"), 0o600)) }, "config"},
	}
	for name, tc := range cases {
		for _, git := range []bool{true, false} {
			dir := filepath.Join(w.dir, tc.dir)
			if tc.prep != nil {
				w.ok(os.RemoveAll(dir))
				tc.prep(dir)
			}
			o := gitops.Options{Path: dir, Env: gitops.Env{Environ: w.server.Env}}
			if git {
				o.Env.Git = w.server.Git
			}
			before := ""
			if isDir(dir) {
				before = files(t, dir)
			}
			_, err := gitops.Open(w.ctx, o)
			var not *gitops.NotRepoError
			if !errors.As(err, &not) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s, git=%v: want %q, got %v", name, git, tc.want, err)
			}
			if isDir(dir) && files(t, dir) != before {
				t.Errorf("%s, git=%v: files changed", name, git)
			}
		}
	}
	if _, err := gitops.Open(w.ctx, gitops.Options{Path: "https://u:s3cret@h/x"}); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("a URL: %v", err)
	}
}

func (w *world) initAt(dir string) {
	w.t.Helper()
	_, err := gittest.Init(w.ctx, dir, w.home, false)
	w.ok(err)
}

func (w *world) extension(line string) func(string) {
	return func(dir string) {
		w.initAt(dir)
		w.ok(os.WriteFile(dir+"/.git/config", []byte("[core]\nrepositoryformatversion = 1\n[extensions]\n"+line+"\n"), 0o600))
	}
}

func TestEmptyAndUnborn(t *testing.T) {
	w := newWorld(t)
	e, err := gittest.Init(w.ctx, filepath.Join(w.dir, "empty"), w.home, false)
	w.ok(err)
	r := w.open(e)
	var empty *gitops.EmptyRepoError
	if _, err := r.Tip(w.ctx); !errors.As(err, &empty) {
		t.Errorf("want *EmptyRepoError, got %v", err)
	}
	r = w.open(w.server, func(o *gitops.Options) { o.Branch = "absent" })
	var none *gitops.NoBranchError
	if _, err := r.Tip(w.ctx); !errors.As(err, &none) {
		t.Errorf("want *NoBranchError, got %v", err)
	}
}

// TestRepackBetweenReads: a repack moves every object while a snapshot is in use.
func TestRepackBetweenReads(t *testing.T) {
	w := newWorld(t)
	r := w.open(w.server)
	s := w.tip(r)
	w.git(w.server, "repack", "-adq")
	w.git(w.server, "prune-packed")
	if _, err := s.ReadFile(release); err != nil {
		t.Error(err)
	}
	_, err := w.server.Commit(w.ctx, "main", "x", map[string]string{"f": "x"})
	w.ok(err)
	w.git(w.server, "repack", "-adq")
	w.git(w.server, "prune-packed")
	if data, err := w.tip(r).ReadFile("f"); err != nil || string(data) != "x" {
		t.Errorf("%q %v", data, err)
	}
}

// TestSettingsAgreeWithGit compares what follows from configuration with git's own answers.
func TestSettingsAgreeWithGit(t *testing.T) {
	w := newWorld(t)
	c := w.clone("c", w.server.Dir)
	w.git(c, "config", "--global", "url.https://a.example/.insteadOf", "short:")
	w.git(c, "config", "--global", "url.https://b.example/long/.insteadOf", "short:x/")
	w.git(c, "config", "--global", "url.https://push.example/.pushInsteadOf", "https://read.example/")
	for _, url := range []string{"short:team/repo", "short:x/repo", "https://read.example/r", "https://other.example/r"} {
		w.git(c, "remote", "set-url", "origin", url)
		for _, git := range []bool{true, false} {
			opts := []func(*gitops.Options){func(o *gitops.Options) { o.Branch = "main" }}
			if !git {
				opts = append(opts, withoutGit)
			}
			equal(t, url, w.open(c, opts...).Remote(), w.git(c, "remote", "get-url", "--push", "origin"))
		}
	}
}

func TestHooksEnvironment(t *testing.T) {
	w := newWorld(t)
	c := w.clone("c", w.server.Dir)
	o := gitops.Options{Env: gitops.Env{Git: c.Git, Environ: append([]string{"GIT_DIR=" + c.Dir + "/.git", "GIT_INDEX_FILE=/nowhere/index"}, c.Env...)}}
	r, err := gitops.Open(w.ctx, o)
	w.ok(err)
	defer r.Close()
	equal(t, "work tree", r.WorkTree(), c.Dir)
	dirty, err := r.Dirty(w.ctx, ".")
	w.ok(err)
	equal(t, "dirty", len(dirty), 0)
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// TestNamesThatGitRefuses: no name gets into a commit that git, guarding every file system, would not check out, and
// none beside another that differs by case only.
func TestNamesThatGitRefuses(t *testing.T) {
	w := newWorld(t)
	c := w.clone("c", w.server.Dir)
	w.git(c, "config", "core.protectHFS", "true")
	w.git(c, "config", "core.protectNTFS", "true")
	r := w.open(c)
	base := w.tip(r)
	blob := hashed(w, "x\n")
	refused := 0
	for _, name := range []string{".git", ".GIT", ".Git/config", "a/.git/x", "git~1", "GIT~1/x", ".git.", ".git ", ".git. .", ".git::$INDEX_ALLOCATION", ".git:x",
		".g\u200cit", ".\u200dGIT\u206f", "\ufeff.git/x", "a\\b", "a\\.git\\x", "..", "a/../b", ".", "a//b", "/a",
		".gitignore", ".gitattributes", "git", "a.git", ".github/x", "gitmod~1", "ü", "a b", "con", "a/.gitkeep"} {
		_, ours := r.Commit(w.ctx, base, gitops.Change{Scope: []string{"."}, Files: map[string][]byte{name: []byte("x\n")}}, identity(t, r))
		var scope *gitops.ScopeError
		if ours != nil && !errors.As(ours, &scope) {
			t.Errorf("%q: %v", name, ours)
		}
		_, gits := c.Run(w.ctx, "update-index", "--add", "--cacheinfo", "100644,"+blob+","+name)
		if gits != nil {
			refused++
		}
		if gits != nil && ours == nil {
			t.Errorf("%q gets through, and git refuses it: %v", name, gits)
		}
	}
	if refused < 15 {
		t.Errorf("git refused only %d names", refused)
	}
	for _, name := range []string{"readme.md", "Models/x", "models/Vision/x", "models/vision/resnet/prod/Release.yaml"} {
		_, err := r.Commit(w.ctx, base, gitops.Change{Scope: []string{"."}, Files: map[string][]byte{name: []byte("x\n")}}, identity(t, r))
		if err == nil || !strings.Contains(err.Error(), "by case only") {
			t.Errorf("%q: %v", name, err)
		}
	}
}
