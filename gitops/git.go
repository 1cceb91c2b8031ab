package gitops

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// git runs the user's git program in one folder.
type git struct {
	path string
	dir  string
	vars []string
	ask  bool // helpers may ask at the terminal
	// extra is set for the child alone, after the variables that are taken away
	extra []string
}

// localVars tie a git process to one repository. They are removed, since we say which repository is meant.
var localVars = [...]string{"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX",
	"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_GRAFT_FILE", "GIT_SHALLOW_FILE",
	"GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE", "GIT_IMPLICIT_WORK_TREE", "GIT_QUARANTINE_PATH", "GIT_PROTOCOL"}

func newGit(e Env, dir string) git {
	return git{path: e.Git, dir: dir, vars: e.Environ, ask: e.Interactive}
}

// env looks a variable up; the last one counts, as for processes.
func (g git) env(name string) (string, bool) {
	for _, v := range slices.Backward(g.vars) {
		if val, ok := strings.CutPrefix(v, name+"="); ok {
			return val, true
		}
	}
	return "", false
}

// environ is what a child gets. Messages are asked for in English: they are shown beside ours, and never parsed.
func (g git) environ() []string {
	var out []string
	for _, v := range g.vars {
		name, _, _ := strings.Cut(v, "=")
		if !slices.Contains(localVars[:], name) {
			out = append(out, v)
		}
	}
	out = append(out, "LC_ALL=C", "GIT_OPTIONAL_LOCKS=0")
	if !g.ask {
		out = append(out, "GIT_TERMINAL_PROMPT=0")
		if _, set := g.env("GCM_INTERACTIVE"); !set { // Git Credential Manager opens windows of its own
			out = append(out, "GCM_INTERACTIVE=never")
		}
	}
	return append(out, g.extra...)
}

// waitDelay is how long a program that was told to end may take to tidy up, and is waited for where its own children hold
// on to its streams.
const waitDelay = time.Second

func (g git) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, g.path, args...)
	cmd.Dir = g.dir
	cmd.Env = g.environ()
	// An interrupt must not kill git: it would leave its locks behind.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = waitDelay
	return cmd
}

// gitError is a git command that ended badly.
type gitError struct {
	Command string
	Exit    int
	Stderr  string // escaped
	err     error
}

func (e *gitError) Error() string {
	if e.Stderr == "" {
		return fmt.Sprintf("git %s: %v", e.Command, e.err)
	}
	return fmt.Sprintf("git %s: %s", e.Command, e.Stderr)
}

// killed says whether git ended by a signal, or did not start.
func (e *gitError) killed() bool { return e.Exit < 0 }

func (e *gitError) Unwrap() error { return e.err }

// run returns what the command prints.
func (g git) run(ctx context.Context, args ...string) ([]byte, error) {
	return g.feed(ctx, "", args...)
}

// feed runs a command with text on its standard input.
func (g git) feed(ctx context.Context, in string, args ...string) ([]byte, error) {
	cmd := g.command(ctx, args...)
	cmd.Stdin = strings.NewReader(in)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if err == nil {
		return out.Bytes(), nil
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	e := &gitError{Command: verb(args), Exit: -1, Stderr: Sanitize(strings.TrimSpace(redactText(errs.String()))), err: err}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		e.Exit = exit.ExitCode()
	}
	return out.Bytes(), e
}

// verb is the subcommand, without options that come before it.
func verb(args []string) string {
	for i := 0; i < len(args); i++ {
		if args[i] == "-c" {
			i++
			continue
		}
		return args[i]
	}
	return ""
}
