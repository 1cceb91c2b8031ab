package cmd

import (
	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/internal/view"
	"github.com/modelops/modelops/internal/workspace"
)

func (s *session) historyCommand() *cli.Command {
	return s.command(entry{
		name: "history", args: "TEAM/MODEL", least: 1, most: 1, usage: "show every promote, revert and hold, newest first",
		about: `Computed from the trees and records of the branch's first-parent history, which neither a squash nor a message that
somebody made up can change.`,
		examples: []string{"modelops history vision/resnet --env prod", "modelops history vision/resnet --env prod --limit 0 -o json"},
		exits:    []int{exitTransport},
		flags:    []cli.Flag{envFlag(), &cli.IntFlag{Name: "limit", Value: 30, Usage: "`NUMBER` of events; 0 shows all"}},
		run:      s.history,
	})
}

func (s *session) history(c *cli.Context) error {
	s.target = c.Args().First()
	t, err := workspace.ParseModel(s.target)
	if err != nil {
		return err
	}
	st, err := s.open(c)
	if err != nil {
		return err
	}
	defer st.close()
	if t.Env, err = st.oneEnvironment(c.String("env")); err != nil {
		return err
	}
	shown, limit := s.out.History(t.String()), c.Int("limit")
	for e, err := range s.reader(st.repo).History(c.Context, st.tip, t) {
		if err != nil {
			return err
		}
		if limit > 0 && shown.Len() == limit {
			return shown.End(true)
		}
		if err := shown.Add(view.FromEvent(e)); err != nil {
			return err
		}
	}
	return shown.End(false)
}

// oneEnvironment demands an environment; a platform with a single one needs no flag.
func (st *store) oneEnvironment(named string) (string, error) {
	envs, err := st.environments(named)
	if err != nil {
		return "", err
	}
	if len(envs) > 1 {
		return "", &usageError{Message: "no environment is named", Next: []string{"--env is one of: " + joined(envs)}}
	}
	return envs[0], nil
}
