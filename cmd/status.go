package cmd

import (
	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/internal/release"
	"github.com/modelops/modelops/internal/view"
	"github.com/modelops/modelops/internal/workspace"
	"github.com/modelops/modelops/render/spec"
)

func (s *session) statusCommand() *cli.Command {
	return s.command(entry{
		name: "status", args: "[SELECTOR...]", most: -1, usage: "show what runs where, since when, by whom",
		about: `Reads Git alone: the release of each overlay, what is held, pending (in the spec, not promoted yet) or edited by
hand. With --check it exits 3 if anything is held, edited or cannot be read.`,
		examples: []string{"modelops status", "modelops status vision -o json", "modelops status 'vision/*' --env prod --check"},
		exits:    []int{exitFindings, exitTransport},
		flags:    []cli.Flag{envFlag(), &cli.BoolFlag{Name: "check", Usage: "exit 3 if anything runs held, was edited or cannot be read"}},
		run:      s.status,
	})
}

func (s *session) status(c *cli.Context) error {
	s.target = joined(trimmed(c))
	st, err := s.open(c, release.StatusReads(trimmed(c))...)
	if err != nil {
		return err
	}
	defer st.close()
	models, err := st.tree().Select(trimmed(c))
	if err != nil {
		return err
	}
	envs, err := st.environments(c.String("env"))
	if err != nil {
		return err
	}
	list, err := s.reader(st.repo).Status(c.Context, st.tip, cross(models, envs))
	if err != nil {
		return err
	}
	v := view.Status{Branch: st.repo.Branch(), Remote: st.repo.Remote(), Commit: st.tip.Commit().String(), Targets: []view.TargetStatus{}, Unreleased: []string{}}
	for _, one := range list {
		v.Add(view.FromStatus(one))
	}
	v.Missing(models)
	if err := s.out.Print(v); err != nil {
		return err
	}
	if c.Bool("check") && v.Alarming() {
		return &findingsError{Message: "status --check: something runs held, was edited by hand or cannot be read"}
	}
	return nil
}

// environments are the named one, or all of the platform's.
func (st *store) environments(named string) ([]string, error) {
	all := workspace.Environments(st.platform)
	if named == "" {
		return all, nil
	}
	for _, e := range all {
		if e == named {
			return []string{e}, nil
		}
	}
	return nil, &usageError{Message: "environment " + quote(named) + ": modelops.yaml has none of this name", Next: []string{"--env is one of: " + joined(all)}}
}

func cross(models, envs []string) []spec.Target {
	var out []spec.Target
	for _, m := range models {
		if t, err := workspace.ParseModel(m); err == nil {
			for _, e := range envs {
				t.Env = e
				out = append(out, t)
			}
		}
	}
	return out
}
