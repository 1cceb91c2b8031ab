package gitops_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/gitops/gittest"
)

// shape makes one kind of clone and says where to open it.
type shape func(w *world, url string) (c *gittest.Repo, open string)

// cloned is a clone with options, and what is done to it then.
func cloned(options ...string) func(steps ...[]string) shape {
	return func(steps ...[]string) shape {
		return func(w *world, url string) (*gittest.Repo, string) {
			c := w.clone("c", url, options...)
			for _, s := range steps {
				w.git(c, s...)
			}
			return c, c.Dir
		}
	}
}

func git(args ...string) []string { return args }

// at opens a clone at a folder in it.
func (s shape) at(dir string) shape {
	return func(w *world, url string) (*gittest.Repo, string) {
		c, _ := s(w, url)
		return c, filepath.Join(c.Dir, dir)
	}
}

// then changes files of the clone.
func (s shape) then(f func(w *world, c *gittest.Repo)) shape {
	return func(w *world, url string) (*gittest.Repo, string) {
		c, open := s(w, url)
		f(w, c)
		return c, open
	}
}

// put writes a file below the clone's .git.
func put(name, text string) func(*world, *gittest.Repo) {
	return func(w *world, c *gittest.Repo) {
		w.t.Helper()
		p := filepath.Join(c.Dir, ".git", name)
		w.ok(os.MkdirAll(filepath.Dir(p), 0o755))
		f, err := os.OpenFile(p, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		w.ok(err)
		_, err = f.WriteString(text)
		w.ok(errors.Join(err, f.Close()))
	}
}

func extension(lines string) func(*world, *gittest.Repo) {
	return put("config", "[core]\n\trepositoryformatversion = 1\n[extensions]\n"+lines)
}

var shapes = map[string]shape{
	"plain":               cloned()(),
	"bare":                cloned("--bare")(),
	"mirror":              cloned("--mirror")(),
	"subfolder":           cloned()().at("models/text"),
	"dot git":             cloned()().at(".git"),
	"depth 1":             cloned("--depth=1")(),
	"blob:none":           cloned("--filter=blob:none")(),
	"tree:0":              cloned("--filter=tree:0")(),
	"detached":            cloned()(git("checkout", "--quiet", "--detach")),
	"sparse, cone":        cloned()(git("sparse-checkout", "set", "models/vision")),
	"sparse, index":       cloned()(git("sparse-checkout", "set", "--sparse-index", "models/text")),
	"sparse, patterns":    cloned()(git("sparse-checkout", "set", "--no-cone", "/README.md", "models/text/")),
	"split index":         cloned()(git("config", "core.splitIndex", "true"), git("update-index", "--split-index")),
	"untracked cache":     cloned()(git("config", "core.untrackedCache", "true"), git("update-index", "--force-untracked-cache")),
	"index v4":            cloned()(git("update-index", "--index-version", "4")),
	"packed":              cloned()(git("gc", "--quiet")),
	"packed refs":         cloned()(git("pack-refs", "--all", "--prune")),
	"multi-pack-index":    cloned()(git("repack", "-adq", "--write-midx", "--write-bitmap-index")),
	"commit graph":        cloned()(git("commit-graph", "write", "--reachable", "--changed-paths")),
	"replaced":            cloned()(git("commit", "--quiet", "--allow-empty", "-m", "second"), git("push", "--quiet"), git("replace", "--graft", "main")),
	"grafts":              cloned()().then(func(w *world, c *gittest.Repo) { put("info/grafts", w.git(c, "rev-parse", "main")+"\n")(w, c) }),
	"precious objects":    cloned()().then(extension("\tpreciousObjects = true\n")),
	"worktree config":     cloned()(git("config", "extensions.worktreeConfig", "true"), git("config", "--worktree", "user.name", "Own")),
	"always reflogs":      cloned()(git("config", "core.logAllRefUpdates", "always")),
	"no reflogs":          cloned()(git("config", "core.logAllRefUpdates", "false")),
	"verified signatures": cloned()(git("config", "gpg.program", "false"), git("config", "log.showSignature", "true")),
	"other folder":        cloned()().at("../c/models/../models"),
	"skip-worktree":       cloned()(git("update-index", "--skip-worktree", "README.md"), git("update-index", "--assume-unchanged", "models-old/x")),
	"odd configuration": cloned()().then(put("config",
		"[branch \"main\"]\n\trebase = merges\n[a.b]\n\tc\n[s] k = v\n[pack]\n\twindow = 1k\n[remote \"origin\"]\n\tfetch = ^refs/heads/x\n")),
	"no core.bare": cloned("--bare")(git("config", "--unset", "core.bare")),
	"bare inside": func(w *world, url string) (*gittest.Repo, string) {
		c := w.clone("c/.git", url, "--bare")
		return c, filepath.Dir(c.Dir)
	},
	"file system monitor": cloned()().then(func(w *world, c *gittest.Repo) {
		hook := filepath.Join(w.dir, "monitor")
		w.ok(os.WriteFile(hook, []byte("#!/bin/sh\nprintf 'token\\0/\\0'\n"), 0o755))
		w.git(c, "config", "core.fsmonitor", hook)
		w.git(c, "status")
	}),
	"shared": func(w *world, _ string) (*gittest.Repo, string) {
		c := w.clone("c", w.server.Dir, "--shared")
		return c, c.Dir
	},
	"referenced": func(w *world, url string) (*gittest.Repo, string) {
		a := w.clone("a", url)
		c := w.clone("c", url, "--reference", a.Dir)
		return c, c.Dir
	},
	"separate dir": func(w *world, url string) (*gittest.Repo, string) {
		c := w.clone("c", url, "--separate-git-dir="+w.dir+"/sep")
		return c, c.Dir
	},
	"core.worktree": func(w *world, url string) (*gittest.Repo, string) {
		c := w.clone("c", url)
		w.ok(os.Rename(c.Dir+"/.git", w.dir+"/apart"))
		c.Env = append(c.Env, "GIT_DIR="+w.dir+"/apart")
		w.git(c, "config", "core.worktree", "../c")
		return c, w.dir + "/apart"
	},
	"relative alternates": func(w *world, _ string) (*gittest.Repo, string) {
		c := w.clone("c", w.server.Dir, "--shared")
		w.ok(os.WriteFile(filepath.Join(c.Dir, ".git/objects/info/alternates"), []byte("../../../srv/deploy.git/objects\n"), 0o600))
		return c, c.Dir
	},
	"chained alternates": func(w *world, _ string) (*gittest.Repo, string) {
		a := w.clone("a", w.server.Dir, "--shared")
		c := w.clone("c", a.Dir, "--shared")
		w.git(c, "remote", "set-url", "origin", w.server.Dir)
		return c, c.Dir
	},
	"linked work tree": func(w *world, url string) (*gittest.Repo, string) {
		c := w.clone("c", url)
		w.git(c, "checkout", "--quiet", "-b", "side")
		w.git(c, "worktree", "add", "--quiet", w.dir+"/linked", "main")
		return &gittest.Repo{Dir: w.dir + "/linked", Git: c.Git, Env: c.Env}, w.dir + "/linked"
	},
	"linked to a bare one": func(w *world, url string) (*gittest.Repo, string) {
		c := w.clone("b", url, "--bare")
		w.git(c, "worktree", "add", "--quiet", w.dir+"/linked", "main")
		return &gittest.Repo{Dir: w.dir + "/linked", Git: c.Git, Env: c.Env}, w.dir + "/linked"
	},
	"branch in another work tree": func(w *world, url string) (*gittest.Repo, string) {
		c := w.clone("c", url)
		w.git(c, "worktree", "add", "--quiet", "-b", "side", w.dir+"/linked")
		return c, w.dir + "/linked"
	},
	"inside a submodule": func(w *world, url string) (*gittest.Repo, string) { return w.super(url), w.dir + "/super/deploy" },
	"a submodule's folder": func(w *world, url string) (*gittest.Repo, string) {
		return w.super(url), w.dir + "/super/.git/modules/deploy"
	},
	"submodule beside": func(w *world, url string) (*gittest.Repo, string) {
		w.git(w.server, "config", "uploadpack.allowAnySHA1InWant", "true")
		c := w.clone("c", url)
		w.ok(os.CopyFS(w.dir+"/srv/other.git", os.DirFS(template)))
		w.git(c, "submodule", "--quiet", "add", strings.Replace(url, "deploy.git", "other.git", 1), "models/other")
		w.git(c, "commit", "--quiet", "-m", "a submodule")
		w.git(c, "push", "--quiet")
		return c, c.Dir
	},
	"through a link": func(w *world, url string) (*gittest.Repo, string) {
		c := w.clone("c", url)
		w.ok(os.Symlink(c.Dir, w.dir+"/link"))
		return c, w.dir + "/link"
	},
	"odd path": func(w *world, url string) (*gittest.Repo, string) {
		c := w.clone("a clone's \"ü\" $HOME", url)
		return c, c.Dir
	},
	"20,000 files": func(w *world, url string) (*gittest.Repo, string) {
		files := map[string]string{}
		for i := range 20000 {
			files[fmt.Sprintf("data/%d/%d", i/200, i)] = "x"
		}
		_, err := w.server.Commit(w.ctx, "main", "much", files)
		w.ok(err)
		c := w.clone("c", w.server.Dir)
		return c, c.Dir
	},
}

// indexOnly are shapes of what only git touches: without it they are like any other.
var indexOnly = map[string]bool{
	"sparse, cone": true, "sparse, index": true, "sparse, patterns": true, "split index": true, "untracked cache": true, "index v4": true,
	"file system monitor": true, "skip-worktree": true, "20,000 files": true, "always reflogs": true, "no reflogs": true,
	"verified signatures": true, "other folder": true, "odd path": true, "submodule beside": true,
}

// super is a repository with ours as its submodule, on the branch main; the submodule is returned.
func (w *world) super(url string) *gittest.Repo {
	w.t.Helper()
	s, err := gittest.Init(w.ctx, w.dir+"/super", w.home, false)
	w.ok(err)
	w.git(s, "submodule", "--quiet", "add", "-b", "main", url, "deploy")
	return &gittest.Repo{Dir: w.dir + "/super/deploy", Git: s.Git, Env: s.Env}
}

// TestShapes opens every kind of clone that git makes, pushes one change from it, and asks git whether all is well.
func TestShapes(t *testing.T) {
	for name, make := range shapes {
		for _, git := range []bool{true, false} {
			if !git && indexOnly[name] {
				continue
			}
			t.Run(fmt.Sprintf("%s/git=%v", name, git), func(t *testing.T) {
				t.Parallel()
				pushFrom(t, name, make, git)
			})
		}
	}
}

func pushFrom(t *testing.T, name string, make shape, git bool) {
	w := newWorld(t)
	w.git(w.server, "config", "uploadpack.allowFilter", "true")
	w.git(w.server, "config", "uploadpack.allowAnySHA1InWant", "true")
	c, at := make(w, w.serve(gittest.Options{}))
	env := c.Env
	if name == "core.worktree" { // the variable is for our own calls
		env = w.server.Env
	}
	opts := []func(*gitops.Options){func(o *gitops.Options) { o.Path, o.Env.Environ = at, env }}
	if !git {
		opts = append(opts, withoutGit)
	}
	r := w.open(c, opts...)
	base := w.tip(r)
	if name == "tree:0" && !git {
		return // what is not here cannot be read without git
	}
	status := w.status(c)
	next := w.commit(r, base, write(release, "v2\n"))
	w.ok(r.Push(w.ctx, base, next))
	res, err := r.Follow(w.ctx, base, next)
	w.ok(err)
	equal(t, "server", w.git(w.server, "rev-parse", "main"), next.Commit().String())
	w.fsck(w.server)
	equal(t, "status", w.status(c), status)
	head := w.git(c, "rev-parse", "HEAD")
	if res.Moved && head != next.Commit().String() {
		t.Errorf("moved, but HEAD is %s", head)
	}
	if !res.Moved && (head == next.Commit().String() || res.Note == "" && r.WorkTree() != "" && name != "detached") {
		t.Errorf("not moved, HEAD %s, note %q", head, res.Note)
	}
	if _, err := os.Stat(filepath.Join(w.git(c, "rev-parse", "--absolute-git-dir"), "shallow")); err == nil || strings.Contains(name, ":") || strings.Contains(name, "shared") {
		w.git(c, "gc", "--quiet", "--prune=now")
	}
	_, err = c.Run(w.ctx, "fsck", "--no-dangling") // a partial clone has links to nowhere under --strict
	w.ok(err)
}

// status is empty in a bare repository.
func (w *world) status(c *gittest.Repo) string {
	out, err := c.Run(w.ctx, "status", "--porcelain")
	if err != nil && !strings.Contains(err.Error(), "must be run in a work tree") {
		w.t.Fatal(err)
	}
	return out
}
