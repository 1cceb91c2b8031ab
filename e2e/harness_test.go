//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelops/modelops/e2e/stack"
)

// within returns a context that ends with the test, and at the latest after the given time.
func within(t *testing.T, limit time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

// git runs git in a folder, with an identity and without the configuration of whoever runs the tests.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	return gitWith(t, dir, userEnv(), args...)
}

// gitWith runs git in a folder, with variables in addition to the environment of this process.
func gitWith(t *testing.T, dir string, env []string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// userEnv is the environment of the person at work.
func userEnv() []string {
	return []string{
		"GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_SYSTEM=" + os.DevNull, "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=Ana Example", "GIT_AUTHOR_EMAIL=ana@example.com",
		"GIT_COMMITTER_NAME=Ana Example", "GIT_COMMITTER_EMAIL=ana@example.com",
	}
}

// write writes files below a folder.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// plainDeployment is a Deployment whose image decides, by its digest, how kwok's pods behave.
func plainDeployment(namespace, behaviour string) string {
	return fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata: {name: plain, namespace: %s}
spec:
  replicas: 2
  selector: {matchLabels: {app: plain}}
  template:
    metadata: {labels: {app: plain}}
    spec: {containers: [{name: server, image: "registry.example/plain@%s"}]}
`, namespace, digest(behaviour))
}

// digest is a SHA-256 digest that begins as told: what it begins with is what kwok's stages look at.
func digest(prefix string) string {
	return "sha256:" + prefix + strings.Repeat("0", 64-len(prefix))
}

// syncPlainApplication sees a plain Application become healthy and a bad version of it not: the stack itself works, in
// both directions, before modelops is judged by it.
func syncPlainApplication(t *testing.T, s *stack.Stack) {
	ctx := within(t, 3*time.Minute)
	if err := s.Git.Create(ctx, "plain"); err != nil {
		t.Fatal(err)
	}
	work := t.TempDir()
	git(t, work, "clone", "-q", s.Git.URL("plain"), ".")
	push := func(behaviour string) {
		write(t, work, map[string]string{
			"app/deployment.yaml":    plainDeployment("plain", behaviour),
			"app/kustomization.yaml": "resources: [deployment.yaml]\n",
		})
		git(t, work, "add", ".")
		git(t, work, "commit", "-q", "-m", "deploy "+behaviour)
		git(t, work, "push", "-q", "origin", "HEAD:main")
	}
	push("600d")
	if err := s.Cluster.Apply(ctx, plainApplication(s.Git.URL("plain"))); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	expectHealth(ctx, t, s, "Healthy", git(t, work, "rev-parse", "HEAD"))
	t.Logf("healthy %s after the Application was made", time.Since(begin).Round(time.Millisecond))
	push("bad2")
	if _, err := s.Argo.Refresh(ctx, "default", "plain"); err != nil {
		t.Fatal(err)
	}
	expectHealth(ctx, t, s, "Progressing", git(t, work, "rev-parse", "HEAD"))
	expectRoleToken(ctx, t, s)
}

// expectHealth waits until the Application is synced to the revision and has the health.
func expectHealth(ctx context.Context, t *testing.T, s *stack.Stack, health, revision string) {
	t.Helper()
	_, err := s.Argo.WaitApplication(ctx, "default", "plain", func(a stack.Application) bool {
		return a.Status.Sync.Status == "Synced" && a.OperationRevision() == revision && a.Status.Health.Status == health
	})
	if err != nil {
		t.Fatal(err)
	}
}

// expectRoleToken checks that a token of a project role may read what the role names and nothing else.
func expectRoleToken(ctx context.Context, t *testing.T, s *stack.Stack) {
	t.Helper()
	project := `apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: other, namespace: argocd}
spec:
  sourceRepos: ['*']
  roles: [{name: ci, policies: ["p, proj:other:ci, applications, get, other/*, allow"]}]
`
	if err := s.Cluster.Apply(ctx, project); err != nil {
		t.Fatal(err)
	}
	var token string
	err := stack.Poll(ctx, 200*time.Millisecond, func(ctx context.Context) (bool, error) {
		var err error
		token, err = s.Argo.ProjectToken(ctx, "other", "ci")
		return err == nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var refused *stack.StatusError
	if _, err := s.Argo.As(token).Application(ctx, "default", "plain"); !errors.As(err, &refused) || refused.Status != 403 {
		t.Errorf("reading another project's Application with the role's token: %v, want HTTP 403", err)
	}
}

// plainApplication is an auto-synced Application of the repository's folder app.
func plainApplication(url string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Namespace
metadata: {name: plain}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: plain, namespace: argocd}
spec:
  project: default
  source: {repoURL: %s, path: app, targetRevision: main}
  destination: {server: https://kubernetes.default.svc, namespace: plain}
  syncPolicy: {automated: {selfHeal: true}}
`, url)
}
