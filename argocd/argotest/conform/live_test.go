//go:build live

package conform_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelops/modelops/argocd"
	"github.com/modelops/modelops/argocd/argotest"
	"github.com/modelops/modelops/argocd/argotest/conform"
)

// TestLive runs the suite on a real Argo CD whose cluster is played by kwok with stages that look at image digests:
//
//	MODELOPS_LIVE_SERVER   host:port, plaintext
//	MODELOPS_LIVE_TOKEN    a token that may get and sync live/*
//	MODELOPS_LIVE_WEB      set: speak gRPC-web
//	KUBECONFIG             for kubectl, to make namespaces and Applications in namespace argocd of project live
func TestLive(t *testing.T) {
	server, token := os.Getenv("MODELOPS_LIVE_SERVER"), os.Getenv("MODELOPS_LIVE_TOKEN")
	if server == "" || token == "" {
		t.Fatal("MODELOPS_LIVE_SERVER and MODELOPS_LIVE_TOKEN have to be set")
	}
	conform.Suite(t, func(t *testing.T) conform.Harness {
		h := &live{server: server, token: token, dir: t.TempDir(), run: fmt.Sprint(time.Now().Unix())}
		h.git(t, "init", "-q", "-b", "main", "--bare", filepath.Join(h.dir, "repo.git"))
		h.git(t, "clone", "-q", h.url(), filepath.Join(h.dir, "work"))
		return h
	})
}

type live struct {
	server, token, dir, run string
	apps                    int
}

func (h *live) url() string { return "file://" + filepath.Join(h.dir, "repo.git") }

func (h *live) git(t *testing.T, args ...string) string {
	t.Helper()
	if work := filepath.Join(h.dir, "work"); args[0] != "init" && args[0] != "clone" {
		args = append([]string{"-C", work, "-c", "user.name=Ana", "-c", "user.email=ana@example.com"}, args...)
	}
	out, err := exec.CommandContext(t.Context(), "git", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (h *live) kubectl(t *testing.T, input string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "kubectl", args...)
	cmd.Stdin = strings.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("kubectl %v: %v: %s", args, err, out)
	}
}

func (h *live) Client(t *testing.T) *argocd.Client {
	client, err := argocd.Dial(t.Context(), argocd.Options{Server: h.server, AuthToken: h.token, PlainText: true, GRPCWeb: os.Getenv("MODELOPS_LIVE_WEB") != "", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func (h *live) App(t *testing.T, app argotest.App) argocd.Query {
	h.apps++
	name := fmt.Sprintf("live.a%s.n%d", h.run, h.apps)
	namespace := strings.ReplaceAll(name, ".", "-")
	q := argocd.Query{RepoURLs: []string{h.url()}, Path: "models/" + name, Name: name, Project: "live", Branch: "main"}
	h.Push(t, q, argotest.Deployment{Image: h.Image("good", 0), Release: "none", Replicas: 1})
	policy := map[string]any{}
	if app.AutoSync {
		policy["automated"] = map[string]any{"selfHeal": app.SelfHeal, "prune": app.Prune}
	}
	manifest, err := json.Marshal(map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
		"metadata": map[string]any{"name": name, "namespace": "argocd"},
		"spec": map[string]any{
			"project": "live", "syncPolicy": policy,
			"source":      map[string]any{"repoURL": h.url(), "path": q.Path, "targetRevision": "main"},
			"destination": map[string]any{"server": "https://kubernetes.default.svc", "namespace": namespace},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	h.kubectl(t, "", "create", "namespace", namespace)
	h.kubectl(t, string(manifest), "apply", "-f", "-")
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_ = exec.CommandContext(ctx, "kubectl", "delete", "application", name, "-n", "argocd", "--wait=false").Run()
		_ = exec.CommandContext(ctx, "kubectl", "delete", "namespace", namespace, "--wait=false").Run()
	})
	return q
}

func (h *live) Push(t *testing.T, q argocd.Query, d argotest.Deployment) argocd.Want {
	t.Helper()
	d.Name = "serve"
	path := q.Path
	if path == "" {
		path = "models/nobody"
		d.Release = fmt.Sprint(time.Now().UnixNano())
	}
	folder := filepath.Join(h.dir, "work", path)
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for i, o := range d.Objects() {
		data, err := json.MarshalIndent(o, "", " ")
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, fmt.Sprintf("%d.json", i)), data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	h.git(t, "add", "-A")
	h.git(t, "commit", "-q", "--allow-empty", "-m", "deploy "+d.Release)
	h.git(t, "push", "-q", "origin", "HEAD:main")
	commit := h.git(t, "rev-parse", "HEAD")
	return argocd.Want{
		Commit: commit, ReleaseID: d.Release, Image: d.Image,
		Workload: argocd.Object{Namespace: strings.ReplaceAll(q.Name, ".", "-"), Name: "serve"},
		Contains: func(_ context.Context, revision string) (argocd.Relation, error) {
			return h.relation(t, commit, revision, path), nil
		},
	}
}

func (h *live) relation(t *testing.T, commit, revision, path string) argocd.Relation {
	work := filepath.Join(h.dir, "work")
	is := func(args ...string) bool {
		return exec.CommandContext(t.Context(), "git", append([]string{"-C", work}, args...)...).Run() == nil
	}
	switch {
	case !is("cat-file", "-e", revision):
		return argocd.RelationUnknown
	case !is("merge-base", "--is-ancestor", commit, revision):
		return argocd.RelationOlder
	case is("diff", "--quiet", commit, revision, "--", path):
		return argocd.RelationDescendant
	}
	return argocd.RelationSuperseded
}

func (h *live) Image(kind string, n int) string {
	prefix := map[string]string{"unready": "bad0", "crash": "bad1", "nopull": "bad2"}[kind]
	if kind == "hang" {
		return "registry.example.com/check:hang"
	}
	return "registry.example.com/serve@sha256:" + prefix + fmt.Sprintf("%0*x", 64-len(prefix), n)
}

func (h *live) Patience() argocd.Patience {
	p := argocd.DefaultPatience()
	p.Timeout, p.Poll, p.ImagePull = 2*time.Minute, 200*time.Millisecond, 5*time.Second
	return p
}
