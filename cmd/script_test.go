package cmd_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/modelops/modelops/argocd/argotest"
	_ "github.com/modelops/modelops/argocd/fastinit"
	"github.com/modelops/modelops/cmd"
)

var update = flag.Bool("update", false, "write what was printed into the scripts and docs/cli.md")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"modelops": program})
}

// program is main, for scripts.
func program() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop)
	os.Exit(cmd.Run(ctx, os.Args, cmd.OSEnv()))
}

func TestScripts(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Fatal("git is needed for these tests: ", err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", Setup: setup, UpdateScripts: *update, RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "git": runGit, "deploy": deployRepository, "sandbox": startSandbox, "image": pushImage,
			"keep": keep, "unchanged": unchanged, "edit": edit, "serve": serve,
		},
	})
}

// setup gives git its identity and a clock that stands still, and keeps the machine's own settings out.
func setup(e *testscript.Env) error {
	home := filepath.Join(e.WorkDir, ".home")
	if err := os.MkdirAll(home, 0o755); err != nil {
		return err
	}
	e.Values[worldKey{}] = &world{bad: map[string]argotest.Behaviour{}, kept: map[string]string{}}
	e.Vars = append(e.Vars,
		"HOME="+home, "USERPROFILE="+home, "XDG_CONFIG_HOME="+home, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=Ana", "GIT_AUTHOR_EMAIL=ana@example.com", "GIT_COMMITTER_NAME=Ana", "GIT_COMMITTER_EMAIL=ana@example.com",
		"GIT_AUTHOR_DATE=2026-11-25T12:00:00Z", "GIT_COMMITTER_DATE=2026-11-25T12:00:00Z", "MODELOPS_REPO=deploy",
		"NO_PROXY=127.0.0.1", "HTTP_PROXY=", "HTTPS_PROXY=",
		"A=sha256:"+strings.Repeat("a", 64), "B=sha256:"+strings.Repeat("b", 64), "C=sha256:"+strings.Repeat("c", 64),
		"RESNET=registry.example.com/vision/resnet")
	return nil
}

// exits N COMMAND ARGS... runs a command and demands its exit code: codes are part of the interface. What it printed
// goes, with what differs from run to run replaced, to the files out and err.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARGS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	got := 0
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	work := ts.Getenv("WORK")
	for name, text := range map[string]string{"out": ts.ReadFile("stdout"), "err": ts.ReadFile("stderr")} {
		ts.Check(os.WriteFile(filepath.Join(work, name), []byte(steady(ts, text)), 0o644))
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

var (
	ids      = regexp.MustCompile(`(sha256:)?\b([0-9a-f]{40}|[0-9a-f]{10}|[0-9a-f]{12})\b`)
	short    = regexp.MustCompile(`\b[0-9a-f]{7}\b`)
	took     = regexp.MustCompile(`after (?:[0-9]+m)?[0-9.]+m?s\b`)
	secs     = regexp.MustCompile(`"seconds": [0-9.e-]+`)
	loopback = regexp.MustCompile(`127\.0\.0\.1:\d+`)
	version  = regexp.MustCompile(`git version \S+`)
)

// steady replaces what differs from run to run by words of the same width: ids, which depend on a random word, and
// folders, ports and durations.
func steady(ts *testscript.TestScript, s string) string {
	s = strings.ReplaceAll(s, ts.Getenv("WORK"), "$WORK")
	s = ids.ReplaceAllStringFunc(s, func(id string) string {
		switch {
		case strings.HasPrefix(id, "sha256:"):
			return id
		case len(id) == 12:
			return "<release-id>"
		}
		return "<commitid>"
	})
	s = short.ReplaceAllString(s, "<short>")
	s = took.ReplaceAllString(s, "after TIME")
	s = loopback.ReplaceAllString(s, "HOST")
	s = version.ReplaceAllString(s, "git version N")
	return secs.ReplaceAllString(s, `"seconds": TIME`)
}

// git ARGS... runs git, in the clone where it is there.
func runGit(ts *testscript.TestScript, neg bool, args []string) {
	if dir := ts.MkAbs("deploy"); isDir(dir) && args[0] != "-C" {
		args = append([]string{"-C", dir}, args...)
	}
	err := ts.Exec("git", args...)
	if neg && err == nil {
		ts.Fatalf("git succeeded")
	}
	if !neg && err != nil {
		ts.Fatalf("git %v: %v", args, err)
	}
}

func isDir(p string) bool {
	info, err := os.Stat(p)
	return err == nil && info.IsDir()
}

// deploy makes a bare repository hub.git and a clone deploy with a platform, the team vision and the model
// vision/resnet, all pushed. MODEL ARGS... add further models.
func deployRepository(ts *testscript.TestScript, _ bool, models []string) {
	url := ts.Getenv("GIT_URL")
	if url == "" {
		run(ts, "git", "init", "-q", "--bare", "-b", "main", "hub.git")
		url = "hub.git"
	}
	run(ts, "git", "clone", "-q", url, "deploy")
	run(ts, "modelops", "init", "deploy", "--branch", "main", "--name", "ml", "--git-url", orElse(ts.Getenv("GIT_URL"), "https://git.example.com/ml/deploy.git"))
	run(ts, "git", "-C", "deploy", "symbolic-ref", "HEAD", "refs/heads/main")
	run(ts, "modelops", "team", "add", "vision")
	run(ts, "modelops", "model", "add", "vision/resnet", "--runtime", "triton", "--image", orElse(ts.Getenv("REGISTRY"), "registry.example.com")+"/vision/resnet")
	for _, m := range models {
		run(ts, "modelops", "model", "add", m, "--runtime", "triton", "--image", orElse(ts.Getenv("REGISTRY"), "registry.example.com")+"/"+m)
	}
	run(ts, "git", "-C", "deploy", "add", "--all")
	run(ts, "git", "-C", "deploy", "commit", "-q", "-m", "a platform, a team, a model")
	run(ts, "git", "-C", "deploy", "push", "-q", "-u", "origin", "main")
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func run(ts *testscript.TestScript, name string, args ...string) {
	if err := ts.Exec(name, args...); err != nil {
		ts.Fatalf("%s %s: %v", name, strings.Join(args, " "), err)
	}
}
