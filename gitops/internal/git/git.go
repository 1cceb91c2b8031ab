package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/modelops/modelops/gitops/giterr"
)

// Program runs the user's git program in one folder.
type Program struct {
	Path string   // "" where there is no git
	Dir  string   // where it runs; "" is the current folder
	Vars []string // the environment around us, "NAME=value" each
	Ask  bool     // helpers may ask at the terminal
	// Extra is set for the child alone, after the variables that are taken away
	Extra []string
}

// localVars tie a git process to one repository. They are removed, since we say which repository is meant.
var localVars = [...]string{"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX",
	"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_GRAFT_FILE", "GIT_SHALLOW_FILE",
	"GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE", "GIT_IMPLICIT_WORK_TREE", "GIT_QUARANTINE_PATH", "GIT_PROTOCOL"}

// Env looks a variable up; the last one counts, as for processes.
func (g Program) Env(name string) (string, bool) {
	for _, v := range slices.Backward(g.Vars) {
		if val, ok := strings.CutPrefix(v, name+"="); ok {
			return val, true
		}
	}
	return "", false
}

// Environ is what a child gets. Messages are asked for in English: they are shown beside ours, and never parsed.
func (g Program) Environ() []string {
	var out []string
	for _, v := range g.Vars {
		name, _, _ := strings.Cut(v, "=")
		if !slices.Contains(localVars[:], name) {
			out = append(out, v)
		}
	}
	out = append(out, "LC_ALL=C", "GIT_OPTIONAL_LOCKS=0")
	if !g.Ask {
		out = append(out, "GIT_TERMINAL_PROMPT=0")
		if _, set := g.Env("GCM_INTERACTIVE"); !set { // Git Credential Manager opens windows of its own
			out = append(out, "GCM_INTERACTIVE=never")
		}
	}
	return append(out, g.Extra...)
}

// WaitDelay is how long a program that was told to end may take to tidy up, and is waited for where its own children hold
// on to its streams.
const WaitDelay = time.Second

func (g Program) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, g.Path, args...)
	cmd.Dir = g.Dir
	cmd.Env = g.Environ()
	// An interrupt must not kill git: it would leave its locks behind.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = WaitDelay
	return cmd
}

// Error is a git command that ended badly.
type Error struct {
	Command string // the subcommand
	Exit    int    // -1 where there was no exit code
	Stderr  string // escaped
	err     error
}

// Error is the command with what git said of it.
func (e *Error) Error() string {
	if e.Stderr == "" {
		return fmt.Sprintf("git %s: %v", e.Command, e.err)
	}
	return fmt.Sprintf("git %s: %s", e.Command, e.Stderr)
}

// Killed says whether git ended by a signal, or did not start.
func (e *Error) Killed() bool { return e.Exit < 0 }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.err }

// Run returns what the command prints. Error: *Error.
func (g Program) Run(ctx context.Context, args ...string) ([]byte, error) {
	return g.Feed(ctx, "", args...)
}

// Feed is Run with text on the standard input.
func (g Program) Feed(ctx context.Context, in string, args ...string) ([]byte, error) {
	cmd := g.command(ctx, args...)
	cmd.Stdin = strings.NewReader(in)
	return carryOut(ctx, cmd, args)
}

// grace is how long a command that must not be stopped half-way may take after ctx has ended.
const grace = 10 * time.Second

// Finish is Run for a command that leaves things half done where it is stopped, such as one that moves the files of a work
// tree: signals to our group do not reach it, and when ctx ends it may come to its own end, for a while. Error: *Error.
func (g Program) Finish(ctx context.Context, args ...string) ([]byte, error) {
	own, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, end) })()
	cmd := g.command(own, args...)
	apart(cmd)
	return carryOut(own, cmd, args)
}

// carryOut runs a command that is bound to ctx.
func carryOut(ctx context.Context, cmd *exec.Cmd, args []string) ([]byte, error) {
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if err == nil {
		return out.Bytes(), nil
	}
	if cmd.ProcessState != nil && cmd.ProcessState.ExitCode() < 0 {
		awaitEnd(ctx)
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	e := &Error{Command: verb(args), Exit: -1, Stderr: giterr.Sanitize(strings.TrimSpace(giterr.RedactText(errs.String()))), err: err}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		e.Exit = exit.ExitCode()
	}
	return out.Bytes(), e
}

// awaitEnd gives the signal that ended git the moment in which it reaches us as well: an interrupt at a terminal goes to
// both, and is no failure of git.
func awaitEnd(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(200 * time.Millisecond):
	}
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

// WithConfig gives git settings through its environment.
func (g Program) WithConfig(list []Setting) Program {
	had, _ := g.Env("GIT_CONFIG_COUNT")
	n, err := strconv.Atoi(had)
	if err != nil {
		n = 0 // git itself complains of what is no number
	}
	g.Extra = slices.Clip(g.Extra)
	for _, s := range list {
		g.Extra = append(g.Extra, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", n, s.Key), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", n, s.Value))
		n++
	}
	g.Extra = append(g.Extra, fmt.Sprintf("GIT_CONFIG_COUNT=%d", n))
	return g
}
