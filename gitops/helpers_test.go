package gitops_test

import (
	"context"
	"errors"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/gitops/gittest"
)

// world is a server's bare repository, the server, and a place for clones.
type world struct {
	t      *testing.T
	ctx    context.Context
	dir    string
	home   string
	server *gittest.Repo
	http   *gittest.Server
}

var start = map[string]string{
	"README.md": "hello\n", "models/vision/resnet/prod/release.yaml": "v1\n", "models/vision/resnet/prod/base/d.yaml": "d\n",
	"models/vision/resnet/state/prod.yaml": "s1\n", "models/text/bert/prod/release.yaml": "b1\n", "models-old/x": "x\n",
}

// TestMain makes the server's repository once: every test gets a copy, which is much cheaper than six git processes.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "gitops")
	if err == nil {
		template, err = makeTemplate(context.Background(), dir)
	}
	if err != nil {
		log.Fatal(err)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

var template string

func makeTemplate(ctx context.Context, dir string) (string, error) {
	r, err := gittest.Init(ctx, filepath.Join(dir, "deploy.git"), filepath.Join(dir, "home"), true)
	if err != nil {
		return "", err
	}
	_, err = r.Commit(ctx, "main", "start", start)
	return r.Dir, errors.Join(err, gittest.AllowPush(ctx, r))
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{t: t, ctx: t.Context(), dir: dir, home: filepath.Join(dir, "home")}
	at := filepath.Join(dir, "srv", "deploy.git")
	w.ok(os.CopyFS(at, os.DirFS(template)))
	w.ok(os.MkdirAll(w.home, 0o755))
	git, err := gittest.Find()
	w.ok(err)
	w.server = &gittest.Repo{Dir: at, Git: git, Env: gittest.Environ(w.home)}
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// serve starts the HTTP server.
func (w *world) serve(o gittest.Options) string {
	w.t.Helper()
	o.Root, o.Home = filepath.Join(w.dir, "srv"), w.home
	var err error
	w.http, err = gittest.Serve(o)
	w.ok(err)
	w.t.Cleanup(func() { w.http.Close() })
	return w.http.URL + "/deploy.git"
}

func (w *world) clone(name, from string, options ...string) *gittest.Repo {
	w.t.Helper()
	c, err := w.server.Clone(w.ctx, filepath.Join(w.dir, name), from, options...)
	w.ok(err)
	return c
}

func (w *world) open(r *gittest.Repo, change ...func(*gitops.Options)) *gitops.Repo {
	w.t.Helper()
	o := gitops.Options{Path: r.Dir, Env: gitops.Env{Environ: r.Env, Git: r.Git}}
	for _, f := range change {
		f(&o)
	}
	repo, err := gitops.Open(w.ctx, o)
	w.ok(err)
	w.t.Cleanup(func() { repo.Close() })
	return repo
}

func withoutGit(o *gitops.Options) { o.Env.Git = "" }

func (w *world) tip(r *gitops.Repo) *gitops.Snapshot {
	w.t.Helper()
	s, err := r.Tip(w.ctx)
	w.ok(err)
	return s
}

func (w *world) commit(r *gitops.Repo, base *gitops.Snapshot, c gitops.Change) *gitops.Snapshot {
	w.t.Helper()
	if c.Message.Subject == "" {
		c.Message.Subject = "change"
	}
	id, err := r.Identity(w.ctx)
	w.ok(err)
	s, err := r.Commit(w.ctx, base, c, id)
	w.ok(err)
	return s
}

// write is a change of one file.
func write(name, data string) gitops.Change {
	return gitops.Change{Scope: []string{name}, Files: map[string][]byte{name: []byte(data)}}
}

func (w *world) git(r *gittest.Repo, args ...string) string {
	w.t.Helper()
	out, err := r.Run(w.ctx, args...)
	w.ok(err)
	return out
}

func (w *world) fsck(rs ...*gittest.Repo) {
	w.t.Helper()
	for _, r := range rs {
		w.ok(r.Fsck(w.ctx))
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s\n got: %v\nwant: %v", what, got, want)
	}
}

// files lists every file below a folder with its content, to prove that nothing was written.
func files(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(p)
		b.WriteString(p + "\x00" + string(data) + "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func within(t *testing.T, limit time.Duration, f func()) {
	t.Helper()
	begin := time.Now()
	f()
	if d := time.Since(begin); d > limit {
		t.Errorf("took %v, allowed are %v", d, limit)
	}
}

func hash(s string) gitops.Hash { return plumbing.NewHash(s) }

func makeDir(name string) error { return os.MkdirAll(name, 0o755) }

// isPush tells the request that carries a push from those that read.
func isPush(q *http.Request) bool { return strings.HasSuffix(q.URL.Path, "/git-receive-pack") }
