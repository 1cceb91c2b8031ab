package cmd_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/modelops/modelops/argocd/argotest"
	"github.com/modelops/modelops/gitops/gittest"
	"github.com/modelops/modelops/internal/sandbox"
)

// world is what a script's commands share.
type world struct {
	box *sandbox.Sandbox

	mu   sync.Mutex
	bad  map[string]argotest.Behaviour // by image digest
	kept map[string]string             // what keep saw
}

type worldKey struct{}

func worldOf(ts *testscript.TestScript) *world { return ts.Value(worldKey{}).(*world) }

func (w *world) behaviour(image string, _ map[string]string) argotest.Behaviour {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, digest, _ := strings.Cut(image, "@")
	return w.bad[digest]
}

// sandbox starts a Git server, a registry, and an Argo CD with a cluster.
func startSandbox(ts *testscript.TestScript, _ bool, _ []string) {
	dir := ts.MkAbs(".sandbox")
	ts.Check(os.MkdirAll(dir, 0o755))
	w := worldOf(ts)
	var err error
	w.box, err = sandbox.Start(context.Background(), sandbox.Options{Dir: dir, Now: time.Now, Speed: 20, Behaviour: w.behaviour})
	ts.Check(err)
	ts.Defer(w.box.Close)
	ts.Setenv("GIT_URL", w.box.URL)
	ts.Setenv("REGISTRY", w.box.Registry)
	ts.Setenv("ARGOCD_SERVER", w.box.Argo.Addr())
	ts.Setenv("ARGOCD_OPTS", "--plaintext")
}

// image REPOSITORY TAG [BEHAVIOUR] pushes an image to the sandbox's registry, whose pods then behave so.
func pushImage(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	digest, err := w.box.Push(context.Background(), args[0], args[1])
	ts.Check(err)
	ts.Setenv("DIGEST", digest)
	if len(args) < 3 {
		return
	}
	b, ok := map[string]argotest.Behaviour{
		"crashes": {CrashAfter: time.Second, ExitCode: 137, Reason: "OOMKilled", ReadyAfter: time.Hour, Logs: []string{"allocating \x1b[31m23 GiB", "Killed"}},
		"unready": {NeverReady: true},
		"absent":  {PullError: "manifest unknown"},
	}[args[2]]
	if !ok {
		ts.Fatalf("no such behaviour: %s", args[2])
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bad[digest] = b
}

// keep notes every ref and every file of the clone and of its remote.
func keep(ts *testscript.TestScript, _ bool, _ []string) { worldOf(ts).kept["all"] = everything(ts) }

// unchanged demands that nothing of that is different now.
func unchanged(ts *testscript.TestScript, _ bool, _ []string) {
	if was, is := worldOf(ts).kept["all"], everything(ts); was != is {
		ts.Fatalf("something changed:\n--- before\n%s\n--- after\n%s", was, is)
	}
}

func everything(ts *testscript.TestScript) string {
	var lines []string
	for _, dir := range []string{"deploy", "hub.git", ".sandbox/remote/deploy.git"} {
		root := ts.MkAbs(dir)
		err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return nil
			}
			rel, _ := filepath.Rel(root, path)
			// Objects that no ref reaches, and what git caches of the index, are no change.
			if strings.Contains(rel, "objects/") || strings.HasSuffix(rel, "index") || strings.HasSuffix(rel, "FETCH_HEAD") {
				return nil
			}
			data, err := os.ReadFile(path)
			lines = append(lines, dir+"/"+rel+" "+string(data))
			return err
		})
		ts.Check(err)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// edit FILE OLD NEW replaces text in a file of the clone.
func edit(ts *testscript.TestScript, _ bool, args []string) {
	path := filepath.Join(ts.MkAbs("deploy"), args[0])
	old := ts.ReadFile(path)
	if !strings.Contains(old, args[1]) {
		ts.Fatalf("%s does not contain %q:\n%s", args[0], args[1], old)
	}
	ts.Check(os.WriteFile(path, []byte(strings.ReplaceAll(old, args[1], args[2])), 0o644))
}

// serve serves hub.git over HTTP, with the partial fetches that the large hosts allow, and sets URL. With plain it
// offers none, as git's own default is.
func serve(ts *testscript.TestScript, _ bool, args []string) {
	s, err := gittest.Serve(gittest.Options{Root: ts.MkAbs("."), Home: ts.Getenv("HOME")})
	ts.Check(err)
	ts.Defer(func() { s.Close() })
	ts.Setenv("URL", s.URL+"/hub.git")
	run(ts, "git", "-C", "hub.git", "config", "http.receivepack", "true")
	if slices.Contains(args, "plain") {
		return
	}
	git, err := gittest.Find()
	ts.Check(err)
	hub := &gittest.Repo{Dir: ts.MkAbs("hub.git"), Git: git, Env: gittest.Environ(ts.Getenv("HOME"))}
	ts.Check(gittest.AllowPartialFetch(context.Background(), hub))
}
