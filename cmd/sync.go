package cmd

import (
	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/internal/release"
	"github.com/modelops/modelops/internal/view"
	"github.com/modelops/modelops/render/spec"
)

func (s *session) syncCommand() *cli.Command {
	return s.command(entry{
		name: "sync", args: "TEAM/MODEL", least: 1, most: -1, usage: "have Argo CD apply what is in Git",
		about: `Refreshes, ends an operation that runs on a revision without the branch's tip, and begins a sync, or finds the one
that auto-sync began. With --wait it then proves that it runs.`,
		examples: []string{"modelops sync vision/resnet --env prod --wait"},
		exits:    []int{exitConflict, exitSync, exitTimeout, exitTransport},
		flags: append([]cli.Flag{envFlag(), &cli.BoolFlag{Name: "wait", Usage: "wait until it is proven to run and be healthy"}},
			patienceFlags()...),
		run: func(c *cli.Context) error {
			if c.Bool("wait") {
				return s.driven(c, deploy)
			}
			return s.driven(c, syncOnly)
		},
	})
}

func (s *session) waitCommand() *cli.Command {
	return s.command(entry{
		name: "wait", args: "TEAM/MODEL", least: 1, most: -1, usage: "prove that what is in Git runs and is healthy",
		about: `Starts nothing. It succeeds only when Argo CD applied the branch's tip, or a commit with the same overlay, and the
live workload carries the release, with every replica updated and available. It ends as soon as that cannot be met.`,
		examples: []string{"modelops wait vision/resnet --env prod --timeout 10m"},
		exits:    []int{exitConflict, exitSync, exitTimeout, exitTransport},
		flags:    append([]cli.Flag{envFlag()}, patienceFlags()...),
		run:      func(c *cli.Context) error { return s.driven(c, waitOnly) },
	})
}

func (s *session) driven(c *cli.Context, m mode) error {
	defer bounded(c)()
	s.target = joined(trimmed(c))
	st, err := s.open(c, release.StatusReads(trimmed(c))...)
	if err != nil {
		return err
	}
	defer st.close()
	env, err := st.oneEnvironment(c.String("env"))
	if err != nil {
		return err
	}
	models, err := st.tree().Select(trimmed(c))
	if err != nil {
		return err
	}
	targets, err := st.deployed(cross(models, []string{env}))
	if err != nil {
		return err
	}
	outcomes, ferr := s.drive(c, st, st.tip, targets, m)
	if outcomes == nil {
		return ferr
	}
	if err := s.out.Print(view.Waited{Outcomes: outcomes}); err != nil {
		return err
	}
	return ferr
}

// deployed leaves out the models of a pattern that have no release in the environment; if none has one, that is an error.
func (st *store) deployed(targets []spec.Target) ([]spec.Target, error) {
	var out []spec.Target
	for _, t := range targets {
		blob, err := st.tip.Blob(t.ReleaseFile())
		if err != nil {
			return nil, err
		}
		if !blob.IsZero() {
			out = append(out, t)
		}
	}
	if len(out) == 0 && len(targets) > 0 {
		t := targets[0]
		return nil, &usageError{Message: t.ModelName() + " in " + t.Env + ": it has no release on " + st.repo.Branch(),
			Next: []string{"modelops promote " + t.ModelName() + " --env " + t.Env + " --version VERSION"}}
	}
	return out, nil
}
