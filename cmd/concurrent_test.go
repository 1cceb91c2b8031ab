package cmd_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/modelops/modelops/gitops/gittest"
)

const crowdPlatform = `apiVersion: modelops.dev/v1alpha1
kind: Platform
metadata: {name: crowd}
spec:
  git: {url: "https://git.example.com/deploy.git", branch: main}
  environments:
  - name: staging
`

// crowd is a repository on an HTTP server, and a clone of it for every writer.
type crowd struct {
	t      *testing.T
	ctx    context.Context
	hub    *gittest.Repo
	clones []string
	env    []string
}

func newCrowd(t *testing.T, writers int) *crowd {
	c := &crowd{t: t, ctx: t.Context()}
	dir, home := t.TempDir(), t.TempDir()
	files := map[string]string{"modelops.yaml": crowdPlatform,
		"tenants/crowd/team.yaml": "apiVersion: modelops.dev/v1alpha1\nkind: Team\nmetadata: {name: crowd}\nspec: {owners: [ml]}\n"}
	for i := range writers {
		files[fmt.Sprintf("models/crowd/m%d/model.yaml", i)] = fmt.Sprintf(`apiVersion: modelops.dev/v1alpha1
kind: Model
metadata: {name: m%d, team: crowd}
spec:
  runtime: custom
  image: registry.example.com/crowd/m
  ports: {http: 8080}
  health: {ready: /ready, live: /live}
  resources: {cpu: 1, memory: 1Gi}
`, i)
	}
	var err error
	c.hub, err = gittest.Init(c.ctx, filepath.Join(dir, "deploy.git"), home, true)
	c.ok(err)
	c.ok(gittest.AllowPush(c.ctx, c.hub))
	_, err = c.hub.Commit(c.ctx, "main", "specs", files)
	c.ok(err)
	server, err := gittest.Serve(gittest.Options{Root: dir, Home: home})
	c.ok(err)
	t.Cleanup(func() { _ = server.Close() })
	for i := range writers {
		clone := filepath.Join(dir, fmt.Sprintf("clone%d", i))
		_, err := c.hub.Clone(c.ctx, clone, server.URL+"/deploy.git")
		c.ok(err)
		c.clones = append(c.clones, clone)
	}
	c.env = append(os.Environ(), "HOME="+home, "GIT_CONFIG_NOSYSTEM=1", "NO_PROXY=127.0.0.1",
		"GIT_AUTHOR_NAME=Ana", "GIT_AUTHOR_EMAIL=ana@example.com", "GIT_COMMITTER_NAME=Ana", "GIT_COMMITTER_EMAIL=ana@example.com")
	return c
}

func (c *crowd) ok(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// promote runs a process of its own and returns its exit code and what it printed.
func (c *crowd) promote(clone int, model, version string, digest int) (int, string) {
	self, err := os.Executable()
	if err != nil {
		return -1, err.Error()
	}
	cmd := exec.CommandContext(c.ctx, self)
	cmd.Args = []string{"modelops", "promote", model, "--env", "staging", "--version", version,
		"--image", fmt.Sprintf("registry.example.com/crowd/m@sha256:%064x", digest), "--repo", c.clones[clone]}
	cmd.Env = c.env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), out.String()
	}
	if err != nil {
		return -1, err.Error()
	}
	return 0, out.String()
}

// TestEightWritersToOneBranch: all promotes land, none is lost, the history is a line, and git finds nothing wrong.
func TestEightWritersToOneBranch(t *testing.T) {
	const writers, rounds = 8, 2
	c := newCrowd(t, writers)
	var wait sync.WaitGroup
	for i := range writers {
		wait.Go(func() {
			for round := range rounds {
				if code, out := c.promote(i, fmt.Sprintf("crowd/m%d", i), fmt.Sprintf("1.%d", round), 100*i+round+1); code != 0 {
					t.Errorf("writer %d, round %d: exit %d\n%s", i, round, code, out)
				}
			}
		})
	}
	wait.Wait()
	subjects, err := c.hub.Run(c.ctx, "log", "--format=%s", "main")
	c.ok(err)
	for i := range writers {
		for round := range rounds {
			if n := strings.Count(subjects, fmt.Sprintf("promote crowd/m%d 1.%d to staging", i, round)); n != 1 {
				t.Errorf("the promote of m%d in round %d is in the history %d times", i, round, n)
			}
		}
	}
	merges, err := c.hub.Run(c.ctx, "rev-list", "--merges", "main")
	c.ok(err)
	if strings.TrimSpace(merges) != "" {
		t.Errorf("the history is no line: %s", merges)
	}
	c.ok(c.hub.Fsck(c.ctx))
}

// TestTwoWritersToOneOverlay: one wins; the other is told that the overlay changed meanwhile, or, where it came late
// enough to see the winner's release, simply comes after it. Neither change is lost without a word.
func TestTwoWritersToOneOverlay(t *testing.T) {
	c := newCrowd(t, 2)
	var codes [2]int
	var wait sync.WaitGroup
	for i := range codes {
		wait.Go(func() {
			var out string
			codes[i], out = c.promote(i, "crowd/m0", fmt.Sprintf("2.%d", i), i+1)
			if codes[i] != 0 && (codes[i] != 5 || !strings.Contains(out, "changed meanwhile")) {
				t.Errorf("writer %d: exit %d\n%s", i, codes[i], out)
			}
		})
	}
	wait.Wait()
	if codes[0] != 0 && codes[1] != 0 {
		t.Errorf("nobody won: %v", codes)
	}
	subjects, err := c.hub.Run(c.ctx, "log", "--format=%s", "main")
	c.ok(err)
	for i, code := range codes {
		if landed := strings.Contains(subjects, fmt.Sprintf("promote crowd/m0 2.%d to staging", i)); landed != (code == 0) {
			t.Errorf("writer %d: exit %d, but landed is %v", i, code, landed)
		}
	}
	c.ok(c.hub.Fsck(c.ctx))
}
