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

// TestShapes opens every kind of clone that git makes, pushes one change from it, and asks git whether all is well.
func TestShapes(t *testing.T) {
	shapes := map[string]func(w *world, url string) (c *gittest.Repo, open string){
		"plain": func(w *world, url string) (*gittest.Repo, string) { c := w.clone("c", url); return c, c.Dir },
		"bare":  func(w *world, url string) (*gittest.Repo, string) { c := w.clone("c", url, "--bare"); return c, c.Dir },
		"mirror": func(w *world, url string) (*gittest.Repo, string) {
			c := w.clone("c", url, "--mirror")
			return c, c.Dir
		},
		"subfolder": func(w *world, url string) (*gittest.Repo, string) {
			c := w.clone("c", url)
			return c, c.Dir + "/models/text"
		},
		"dot git": func(w *world, url string) (*gittest.Repo, string) { c := w.clone("c", url); return c, c.Dir + "/.git" },
		"depth 1": func(w *world, url string) (*gittest.Repo, string) {
			c := w.clone("c", url, "--depth=1")
			return c, c.Dir
		},
		"blob:none": func(w *world, url string) (*gittest.Repo, string) {
			c := w.clone("c", url, "--filter=blob:none")
			return c, c.Dir
		},
		"tree:0": func(w *world, url string) (*gittest.Repo, string) {
			c := w.clone("c", url, "--filter=tree:0")
			return c, c.Dir
		},
		"shared": func(w *world, _ string) (*gittest.Repo, string) {
			c := w.clone("c", w.server.Dir, "--shared")
			return c, c.Dir
		},
		"separate dir": func(w *world, url string) (*gittest.Repo, string) {
			c := w.clone("c", url, "--separate-git-dir="+w.dir+"/sep")
			return c, c.Dir
		},
		"detached": func(w *world, url string) (*gittest.Repo, string) {
			c := w.clone("c", url)
			w.git(c, "checkout", "--quiet", "--detach")
			return c, c.Dir
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
			w.git(c, "worktree", "add", "--quiet", "-b", "side", w.dir+"/linked")
			return c, w.dir + "/linked"
		},
		"sparse": func(w *world, url string) (*gittest.Repo, string) {
			c := w.clone("c", url)
			w.git(c, "sparse-checkout", "set", "--sparse-index", "models/vision")
			return c, c.Dir
		},
		"packed": func(w *world, url string) (*gittest.Repo, string) {
			c := w.clone("c", url)
			w.git(c, "gc", "--quiet")
			return c, c.Dir
		},
		"odd configuration": func(w *world, url string) (*gittest.Repo, string) {
			c := w.clone("c", url)
			text := "[branch \"main\"]\n\trebase = merges\n[a.b]\n\tc\n[s] k = v\n[pack]\n\twindow = 1k\n[remote \"origin\"]\n\tfetch = ^refs/heads/x\n"
			f, err := os.OpenFile(filepath.Join(c.Dir, ".git/config"), os.O_APPEND|os.O_WRONLY, 0)
			w.ok(err)
			_, err = f.WriteString(text)
			w.ok(errors.Join(err, f.Close()))
			return c, c.Dir
		},
	}
	for name, make := range shapes {
		for _, git := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/git=%v", name, git), func(t *testing.T) {
				w := newWorld(t)
				w.git(w.server, "config", "uploadpack.allowFilter", "true")
				w.git(w.server, "config", "uploadpack.allowAnySHA1InWant", "true")
				c, at := make(w, w.serve(gittest.Options{}))
				opts := []func(*gitops.Options){func(o *gitops.Options) { o.Path = at }}
				if !git {
					opts = append(opts, withoutGit)
				}
				r := w.open(c, opts...)
				base := w.tip(r)
				if name == "tree:0" && !git {
					return // what is not here cannot be read without git
				}
				next := w.commit(r, base, write(release, "v2\n"))
				w.ok(r.Push(w.ctx, base, next))
				res, err := r.Follow(w.ctx, base, next)
				w.ok(err)
				equal(t, "server", w.git(w.server, "rev-parse", "main"), next.Commit().String())
				w.fsck(w.server)
				_, err = c.Run(w.ctx, "fsck", "--no-dangling") // a partial clone has links to nowhere under --strict
				w.ok(err)
				if name != "bare" && name != "mirror" && git {
					equal(t, "status", w.git(c, "status", "--porcelain"), "")
					equal(t, "moved or noted", res.Moved || res.Note != "" || name == "detached", true)
				}
			})
		}
	}
}

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
			_, err := gitops.Open(w.ctx, o)
			var not *gitops.NotRepoError
			if !errors.As(err, &not) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s, git=%v: want %q, got %v", name, git, tc.want, err)
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

func TestIdentityAgreesWithGit(t *testing.T) {
	w := newWorld(t)
	c := w.clone("c", w.server.Dir)
	w.git(c, "config", "--global", "user.name", "Global")
	w.git(c, "config", "--global", "user.email", "global@example.com")
	w.ok(os.WriteFile(filepath.Join(w.home, "inc"), []byte("[user]\n\tname = Included # no\n"), 0o600))
	cases := map[string][]string{
		"user":      {},
		"author":    {"config:author.name=Au Thor"},
		"committer": {"config:committer.email=c@example.com", "config:user.name= padded, "},
		"env":       {"GIT_AUTHOR_NAME=Env", "GIT_AUTHOR_EMAIL=e@example.com", "GIT_COMMITTER_NAME=C <o> m"},
		"include":   {"config:include.path=" + filepath.Join(w.home, "inc")},
		"dates":     {"GIT_AUTHOR_DATE=2026-01-02T03:04:05+0200", "GIT_COMMITTER_DATE=@1700000000 -0530"},
		"rfc":       {"GIT_AUTHOR_DATE=Fri, 2 Jan 2026 03:04:05 +0100", "GIT_COMMITTER_DATE=1700000000 +0000"},
	}
	for name, set := range cases {
		t.Run(name, func(t *testing.T) {
			own := *c
			own.Env = []string{"HOME=" + w.home, "GIT_CONFIG_NOSYSTEM=1", "PATH=/usr/bin:/bin", "GIT_AUTHOR_DATE=1700000000 +0100", "GIT_COMMITTER_DATE=1700000001 +0100"}
			for _, s := range set {
				if kv, ok := strings.CutPrefix(s, "config:"); ok {
					k, v, _ := strings.Cut(kv, "=")
					w.git(c, "config", k, v)
					defer w.git(c, "config", "--unset", k)
				} else {
					own.Env = append(own.Env, s)
				}
			}
			for _, git := range []bool{true, false} {
				var opts []func(*gitops.Options)
				if !git {
					opts = append(opts, withoutGit)
				}
				id := identity(t, w.open(&own, opts...))
				next, err := w.open(&own).Commit(w.ctx, w.tip(w.open(&own)), write("a", "b"), id)
				w.ok(err)
				for role, i := range map[string]gitops.Ident{"AUTHOR": next.Info().Author, "COMMITTER": next.Info().Committer} {
					got := fmt.Sprintf("%s <%s> %d %s", i.Name, i.Email, i.When.Unix(), i.When.Format("-0700"))
					equal(t, fmt.Sprintf("%s git=%v", role, git), got, w.git(&own, "var", "GIT_"+role+"_IDENT"))
				}
			}
		})
	}
}

func TestNoIdentity(t *testing.T) {
	w := newWorld(t)
	own := *w.server
	own.Env = []string{"HOME=" + t.TempDir(), "GIT_CONFIG_NOSYSTEM=1"}
	r := w.open(&own)
	_, err := r.Identity(w.ctx)
	var id *gitops.IdentityError
	if !errors.As(err, &id) || len(id.Hints()) != 2 {
		t.Errorf("want *IdentityError, got %v", err)
	}
	own.Env = append(own.Env, "GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@b", "GIT_AUTHOR_DATE=yesterday-ish")
	if _, err = w.open(&own).Identity(w.ctx); !errors.As(err, &id) || !strings.Contains(err.Error(), "GIT_AUTHOR_DATE") {
		t.Errorf("want *IdentityError about the date, got %v", err)
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
