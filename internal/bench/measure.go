package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// command is a process to measure.
type command struct {
	dir  string
	args []string
	env  []string
}

// sample is one run of a process.
type sample struct {
	took   time.Duration
	first  time.Duration // until it printed something
	output string
	memory int64 // peak resident set, in bytes
}

func (c command) run(ctx context.Context) (sample, error) {
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), c.env...)
	var out timed
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	err := cmd.Run()
	s := sample{took: time.Since(start), first: out.first.Sub(start), output: out.text.String()}
	if err != nil {
		return s, fmt.Errorf("%s: %w\n%s", strings.Join(c.args, " "), err, out.text.String())
	}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		s.memory = usage.Maxrss * 1024 // Linux counts in KiB (getrusage(2))
	}
	return s, nil
}

// timed notes when something was written first.
type timed struct {
	text  bytes.Buffer
	first time.Time
}

func (t *timed) Write(data []byte) (int, error) {
	if t.first.IsZero() {
		t.first = time.Now()
	}
	return t.text.Write(data)
}

// series are the samples of one command.
type series []sample

func (s series) median() time.Duration {
	return s.middle(func(v sample) time.Duration { return v.took })
}

func (s series) middle(of func(sample) time.Duration) time.Duration {
	all := make([]time.Duration, len(s))
	for i, v := range s {
		all[i] = of(v)
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func (s series) peak() int64 {
	var most int64
	for _, v := range s {
		most = max(most, v.memory)
	}
	return most
}

// sideBySide runs the commands in turn, so that a slow moment of the machine meets them all. Each is made anew for
// each run.
func sideBySide(ctx context.Context, runs int, commands ...func(run int) (command, error)) ([]series, error) {
	out := make([]series, len(commands))
	for run := range runs {
		for i, make := range commands {
			c, err := make(run)
			if err != nil {
				return nil, err
			}
			s, err := c.run(ctx)
			if err != nil {
				return nil, err
			}
			out[i] = append(out[i], s)
		}
	}
	return out, nil
}

func always(c command) func(int) (command, error) {
	return func(int) (command, error) { return c, nil }
}

// startUp measures what every call pays before it does anything.
func (b *bench) startUp(ctx context.Context) error {
	s, err := sideBySide(ctx, 2*b.runs+1,
		always(command{args: []string{b.modelops, "--help"}}),
		always(command{args: []string{b.programs.ArgoCD(), "version", "--client"}, env: []string{"ARGOCD_BINARY_NAME=argocd"}}))
	if err != nil {
		return err
	}
	b.ratio("start-up", s[0].median(), s[1].median(), 0.6)
	return nil
}
