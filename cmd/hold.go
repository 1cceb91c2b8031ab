package cmd

import (
	"context"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/internal/release"
	"github.com/modelops/modelops/internal/workspace"
)

func holdFlags() []cli.Flag {
	return append([]cli.Flag{
		envFlag(), reasonFlag(),
		&cli.StringFlag{Name: "version", Usage: "`VERSION` that is meant, with the content that it is known to have"},
		&cli.StringFlag{Name: "id", Usage: "`ID` of the one release that is meant"},
		dryRunFlag("show the commit, and write nothing"),
	}, append(commitFlags(), timeoutFlag(5*time.Minute))...)
}

func (s *session) holdCommand() *cli.Command {
	return s.command(entry{
		name: "hold", args: "TEAM[/MODEL]", least: 1, most: 1, usage: "refuse promotes, with a reason",
		about: `A hold covers its environment and every later one. It refuses promotes, and reverts to what is held; it never blocks
leaving what is held. Without --version and --id everything is held. It has no end unless --until gives one.`,
		examples: []string{
			"modelops hold vision/resnet --env staging --version 1.4.2 --reason \"drops 2% accuracy\"",
			"modelops hold vision --env prod --reason \"release freeze\" --until 2026-12-27",
		},
		exits: []int{exitRefused, exitConflict, exitTransport},
		flags: append(holdFlags(), &cli.StringFlag{Name: "until", Usage: "`TIME` at which it ends: a date, a time such as 2026-12-27T08:00:00Z, or a duration such as 72h"}),
		run:   func(c *cli.Context) error { return s.hold(c, (*release.Desk).PlanHold) },
	})
}

func (s *session) unholdCommand() *cli.Command {
	return s.command(entry{
		name: "unhold", args: "TEAM[/MODEL]", least: 1, most: 1, usage: "take holds away, with a reason",
		about:    "Takes away the holds that name the version or release; without --version and --id, all holds of the environment.",
		examples: []string{"modelops unhold vision/resnet --env staging --version 1.4.2 --reason \"fixed by a new image\""},
		exits:    []int{exitRefused, exitConflict, exitTransport},
		flags:    holdFlags(),
		run:      func(c *cli.Context) error { return s.hold(c, (*release.Desk).PlanUnhold) },
	})
}

type holdPlan func(*release.Desk, context.Context, *gitops.Snapshot, release.HoldRequest) (*release.Plan, error)

func (s *session) hold(c *cli.Context, plan holdPlan) error {
	defer bounded(c)()
	who := c.Args().First()
	s.target = who
	if err := parseWho(who); err != nil {
		return err
	}
	until, err := parseUntil(c.String("until"), s.env.Now())
	if err != nil {
		return err
	}
	st, err := s.open(c, release.PlanReads([]string{who})...)
	if err != nil {
		return err
	}
	defer st.close()
	desk, id, err := s.desk(c, st.repo)
	if err != nil {
		return leaving(err, "nothing was changed")
	}
	req := release.HoldRequest{Who: who, Env: c.String("env"), Version: c.String("version"), ID: c.String("id"), Reason: c.String("reason"), Until: until}
	planner := func(ctx context.Context, snap *gitops.Snapshot) (*release.Plan, error) {
		return plan(desk, ctx, snap, req)
	}
	return s.change(c, changing{st: st, desk: desk, id: id, planner: planner})
}

func parseWho(who string) error {
	if workspace.ParseTeam(who) == nil {
		return nil
	}
	_, err := workspace.ParseModel(who)
	return err
}

// parseUntil reads a date (its end, in UTC), a time, or a duration from now.
func parseUntil(s string, now time.Time) (*time.Time, error) {
	if s == "" {
		return nil, nil
	}
	if d, err := time.ParseDuration(s); err == nil {
		t := now.Add(d).UTC().Truncate(time.Second)
		return &t, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		t = t.UTC()
		return &t, nil
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		t = t.AddDate(0, 0, 1)
		return &t, nil
	}
	return nil, &usageError{Message: "flag --until: " + quote(s) + " is no time", Next: []string{"write 2026-12-27, 2026-12-27T08:00:00Z or 72h"}}
}
