package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/modelops/modelops/argocd/argotest"
	"github.com/modelops/modelops/cmd"
	"github.com/modelops/modelops/internal/sandbox"
)

// speed of the cluster's time: a rollout takes a second here.
const speed = 8

// story is one telling of it.
type story struct {
	ctx  context.Context
	env  cmd.Env
	dir  string
	box  *sandbox.Sandbox
	bold bool
	// bad are the digests of images whose pods crash.
	bad map[string]bool
}

// tell starts the sandbox and goes through the steps. A step that does not end as the story says is an error.
func tell(ctx context.Context, env cmd.Env) error {
	dir, err := os.MkdirTemp("", "modelops-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s := &story{ctx: ctx, env: env, dir: filepath.Join(dir, "deploy"), bold: env.IsTerminal(env.Stdout), bad: map[string]bool{}}
	s.box, err = sandbox.Start(ctx, sandbox.Options{Dir: dir, Now: env.Now, Speed: speed, Behaviour: s.behaviour})
	if err != nil {
		return err
	}
	defer s.box.Close()
	s.env.Environ = append(s.env.Environ, "ARGOCD_SERVER="+s.box.Argo.Addr(), "ARGOCD_AUTH_TOKEN=", "ARGOCD_OPTS=--plaintext --config "+filepath.Join(dir, "argocd"),
		"GIT_CONFIG_GLOBAL="+filepath.Join(dir, "gitconfig"), "GIT_AUTHOR_NAME=Ana", "GIT_AUTHOR_EMAIL=ana@example.com", "GIT_COMMITTER_NAME=Ana", "GIT_COMMITTER_EMAIL=ana@example.com")
	s.env.Getwd = func() (string, error) { return s.dir, nil }
	for _, chapter := range []func() error{s.setUp, s.firstVersion, s.badVersion, s.goBack, s.held, s.whatWasThat} {
		if err := chapter(); err != nil {
			return err
		}
	}
	return nil
}

func (s *story) behaviour(image string, _ map[string]string) argotest.Behaviour {
	_, digest, _ := strings.Cut(image, "@")
	if s.bad[digest] {
		return argotest.Behaviour{ReadyAfter: time.Minute, CrashAfter: 4 * time.Second, ExitCode: 137, Reason: "OOMKilled",
			Logs: []string{"loading resnet 1.1.0 from /mnt/models", "allocating 23.5 GiB for weights", "Killed"}}
	}
	return argotest.Behaviour{ReadyAfter: 6 * time.Second}
}

func (s *story) setUp() error {
	s.say("A platform engineer starts a deployment repository, with one team and one model.")
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return err
	}
	image := s.box.Registry + "/vision/resnet"
	return s.all(
		s.modelops(0, "init", ".", "--git-url", s.box.URL),
		s.modelops(0, "team", "add", "vision"),
		s.modelops(0, "model", "add", "vision/resnet", "--runtime", "triton", "--image", image),
		s.git("add", "-A"),
		s.git("commit", "-q", "-m", "a platform, a team, a model"),
		s.git("remote", "add", "origin", s.box.URL),
		s.git("push", "-q", "-u", "origin", "main"),
	)
}

func (s *story) firstVersion() error {
	s.say("Version 1.0.0 goes to staging, and then to prod as it was tested there.")
	if _, err := s.box.Push(s.ctx, "vision/resnet", "1.0.0"); err != nil {
		return err
	}
	return s.all(
		s.modelops(0, "promote", "vision/resnet", "--env", "staging", "--version", "1.0.0", "--wait"),
		s.modelops(0, "promote", "vision/resnet", "--env", "prod", "--from", "staging", "--wait"),
	)
}

func (s *story) badVersion() error {
	s.say("Version 1.1.0 does not fit into its memory. Argo CD will say Progressing for half an hour; the wait says why within seconds.")
	digest, err := s.box.Push(s.ctx, "vision/resnet", "1.1.0")
	if err != nil {
		return err
	}
	s.bad[digest] = true
	return s.modelops(6, "promote", "vision/resnet", "--env", "staging", "--version", "1.1.0", "--wait")()
}

func (s *story) goBack() error {
	s.say("Gone in one command: the commit, the hold, the sync, and the proof.")
	return s.modelops(0, "revert", "vision/resnet", "--env", "staging", "--bad", "1.1.0", "--reason", "does not fit into 24Gi", "--wait")()
}

func (s *story) held() error {
	s.say("Nobody brings it back by accident, here or in a later environment.")
	return s.all(
		s.modelops(4, "promote", "vision/resnet", "--env", "staging", "--version", "1.1.0"),
		s.modelops(0, "revert", "vision/resnet", "--env", "staging", "--bad", "1.1.0", "--reason", "typed twice"),
	)
}

func (s *story) whatWasThat() error {
	s.say("What runs, and what happened: from Git alone.")
	return s.all(
		s.modelops(0, "status"),
		s.modelops(0, "history", "vision/resnet", "--env", "staging"),
		s.git("log", "-1", "--format=%an, %ad%n%n%B", "--date=short"),
		s.modelops(0, "render", "--check"),
	)
}

func (s *story) all(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// modelops runs one command line as the program would, and demands its exit code.
func (s *story) modelops(code int, args ...string) func() error {
	return func() error {
		s.command("modelops", args)
		if got := cmd.Run(s.ctx, append([]string{"modelops"}, args...), s.env); got != code {
			return fmt.Errorf("modelops %s: exit %d, the story says %d", strings.Join(args, " "), got, code)
		}
		if code != 0 {
			s.print("(exit code %d)\n", code)
		}
		return nil
	}
}

func (s *story) git(args ...string) func() error {
	return func() error {
		s.command("git", args)
		c := exec.CommandContext(s.ctx, "git", args...)
		c.Dir, c.Env, c.Stdout, c.Stderr = s.dir, s.env.Environ, s.env.Stdout, s.env.Stderr
		return c.Run()
	}
}

func (s *story) say(text string) { s.print("\n%s\n", s.strong("# "+text)) }

func (s *story) command(program string, args []string) {
	quoted := make([]string, len(args))
	for i, a := range args {
		if quoted[i] = a; strings.ContainsAny(a, " %*'") {
			quoted[i] = "'" + a + "'"
		}
	}
	s.print("\n%s\n", s.strong("$ "+program+" "+strings.Join(quoted, " ")))
}

func (s *story) strong(text string) string {
	if s.bold {
		return "\x1b[1m" + text + "\x1b[0m"
	}
	return text
}

// print writes to the same stream as the commands' progress, so that both stay in order.
func (s *story) print(format string, args ...any) { fmt.Fprintf(s.env.Stdout, format, args...) }
