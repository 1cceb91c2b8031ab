package cmd

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/internal/generate"
	"github.com/modelops/modelops/internal/view"
)

func (s *session) doctorCommand() *cli.Command {
	return s.command(entry{
		name: "doctor", usage: "check what commands need: what works, what is missing, what to type",
		about: `Checks git, the repository, your identity, the remote and the right to push, the specs, the connection and the rights
at Argo CD, and the path to a first sync. It changes nothing, and works where hardly anything is set up.`,
		examples: []string{"modelops doctor", "modelops doctor -o json"},
		exits:    []int{exitFindings},
		flags:    []cli.Flag{&cli.DurationFlag{Name: "timeout", Value: 20 * time.Second, Usage: "`DURATION` that one check may take"}},
		run:      s.doctor,
	})
}

func (s *session) doctor(c *cli.Context) error {
	d := &doctor{s: s, c: c}
	d.git()
	d.repository()
	d.identity()
	d.hooks()
	d.remote()
	d.specs()
	d.argo()
	v := view.Doctor{Healthy: true, Checks: d.checks}
	for _, check := range d.checks {
		v.Healthy = v.Healthy && check.Status != "missing"
	}
	if err := s.out.Print(v); err != nil || v.Healthy {
		return err
	}
	return shown(&findingsError{Message: "doctor: something is missing"})
}

// doctor collects checks; later ones build on what earlier ones found, and are skipped where that is missing.
type doctor struct {
	s      *session
	c      *cli.Context
	checks []view.Check
	repo   *gitops.Repo
	src    *generate.Source
	teams  []string
}

func (d *doctor) ok(name, format string, args ...any) {
	d.checks = append(d.checks, view.Check{Name: name, Status: "ok", Detail: fmt.Sprintf(format, args...)})
}

func (d *doctor) say(name, status, detail, fix string) {
	d.checks = append(d.checks, view.Check{Name: name, Status: status, Detail: detail, Fix: fix})
}

// missing takes the first hint that the exit table has for the error as the fix.
func (d *doctor) missing(name string, err error, fix string) {
	f := failureOf(err)
	if fix == "" && len(f.Hints) > 0 {
		fix = f.Hints[0]
	}
	d.say(name, "missing", strings.Join(append([]string{f.Message}, f.Details...), "; "), fix)
}

// limited bounds one check.
func (d *doctor) limited() (context.Context, context.CancelFunc) {
	return context.WithTimeout(d.c.Context, d.c.Duration("timeout"))
}
