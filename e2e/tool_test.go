//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// buildTool builds the program under test and returns its path.
func buildTool(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "modelops")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", path, "github.com/modelops/modelops/cmd/modelops")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build modelops: %w\n%s", err, out)
	}
	return path, nil
}

// person works in a clone of a platform's repository, as people and bots do: with git and with modelops.
type person struct {
	t    *testing.T
	p    *platform
	dir  string
	quit context.Context
}

// result is what a run of modelops left.
type result struct {
	args           []string
	code           int
	stdout, stderr string
	took           time.Duration
}

func (r result) String() string {
	return fmt.Sprintf("modelops %s: exit %d after %s\n--- stdout\n%s--- stderr\n%s",
		strings.Join(r.args, " "), r.code, r.took.Round(time.Millisecond), r.stdout, r.stderr)
}

// run runs modelops in the clone, signed in for one environment.
func (w person) run(env string, args ...string) result {
	w.t.Helper()
	return runTool(w.quit, w.t, w.dir, append(userEnv(), "ARGOCD_SERVER="+w.p.stack.ArgoServer, "ARGOCD_AUTH_TOKEN="+w.p.tokens[env],
		"ARGOCD_OPTS=--plaintext", "HOME="+w.p.home, "XDG_CONFIG_HOME="+w.p.home, "CI=true"), args...)
}

// tool is the path of the program under test, which the first caller builds.
func tool(t *testing.T) string {
	t.Helper()
	path, err := current.program()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// runTool runs modelops in a folder, with variables in addition to the environment of this process.
func runTool(ctx context.Context, t *testing.T, dir string, env []string, args ...string) result {
	t.Helper()
	begin := time.Now()
	cmd := exec.CommandContext(ctx, tool(t), args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("modelops %s: %v", strings.Join(args, " "), err)
	}
	return result{args: args, code: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String(), took: time.Since(begin)}
}

// expect runs modelops and ends the test unless it exits with the code.
func (w person) expect(code int, env string, args ...string) result {
	w.t.Helper()
	r := w.run(env, args...)
	if r.code != code {
		w.t.Fatalf("want exit %d: %s", code, r)
	}
	w.t.Logf("modelops %s: exit %d after %s", strings.Join(args, " "), r.code, r.took.Round(10*time.Millisecond))
	return r
}

// ok runs modelops and ends the test unless it exits with 0.
func (w person) ok(env string, args ...string) result {
	w.t.Helper()
	return w.expect(0, env, args...)
}

// git runs git in the clone.
func (w person) git(args ...string) string {
	w.t.Helper()
	return git(w.t, w.dir, args...)
}

// push commits everything in the clone and pushes it. Others push to the same branch meanwhile, so a push that loses
// is made again on top of theirs.
func (w person) push(subject string) {
	w.t.Helper()
	w.git("add", "--all")
	w.git("commit", "-q", "-m", subject)
	for range 20 {
		cmd := exec.CommandContext(w.quit, "git", "push", "-q", "origin", "HEAD:main")
		cmd.Dir, cmd.Env = w.dir, append(os.Environ(), userEnv()...)
		if cmd.Run() == nil {
			return
		}
		w.git("pull", "-q", "--rebase", "origin", "main")
	}
	w.t.Fatalf("push %q: lost 20 times to others", subject)
}

// tree is the id of a folder's tree on the branch, as the remote has it.
func (w person) tree(path string) string {
	w.t.Helper()
	w.git("fetch", "-q", "origin", "main")
	return w.git("rev-parse", "FETCH_HEAD:"+path)
}
