package cmd

import (
	"context"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/internal/release"
	"github.com/modelops/modelops/render/build"
)

func (s *session) revertCommand() *cli.Command {
	return s.command(entry{
		name: "revert", args: "SELECTOR...", most: -1, usage: "commit the return of models to an earlier release",
		about: `Puts the overlay's earlier tree back, byte for byte, and holds the release that is left. The target is the nearest
earlier release that neither failed nor is held; --to, --to-commit and --again choose another. --bad names the
release to leave: if it is no longer current, nothing is committed, and --wait proves what is there. --commit
reverts every overlay whose current release came in with that commit.`,
		examples: []string{
			"modelops revert vision/resnet --env prod --bad 1.4.2 --reason \"p99 latency doubled\" --wait",
			"modelops revert vision/resnet --env prod --bad 1.4.2 --to 1.3.9 --reason \"1.4.1 has the same fault\"",
			"modelops revert --commit 9c2f1ab --reason \"wrong batch\" --wait",
		},
		exits: []int{exitRefused, exitConflict, exitSync, exitTimeout, exitTransport},
		flags: append([]cli.Flag{
			envFlag(), reasonFlag(),
			&cli.StringFlag{Name: "bad", Usage: "`VERSION|ID` to leave; may be left out at a terminal"},
			&cli.StringFlag{Name: "to", Usage: "`VERSION|ID` to return to"},
			&cli.StringFlag{Name: "to-commit", Usage: "`SHA` whose overlay is put back"},
			&cli.StringFlag{Name: "commit", Usage: "`SHA` whose promotes are all reverted"},
			&cli.BoolFlag{Name: "again", Usage: "go one further back after a revert"},
			&cli.BoolFlag{Name: "no-hold", Usage: "do not hold the release that is left"},
			&cli.BoolFlag{Name: "override-hold", Usage: "return to a release that is held"},
		}, changeFlags()...),
		run: s.revert,
	})
}

func (s *session) revert(c *cli.Context) error {
	defer bounded(c)()
	build.Warm()
	s.target = joined(trimmed(c))
	req := release.Revert{
		Env: c.String("env"), Reason: c.String("reason"), Bad: c.String("bad"), To: c.String("to"), ToCommit: c.String("to-commit"),
		Commit: c.String("commit"), Again: c.Bool("again"), NoHold: c.Bool("no-hold"), OverrideHold: c.Bool("override-hold"),
	}
	if err := s.revertUsage(c, req); err != nil {
		return err
	}
	st, err := s.open(c, release.PlanReads(trimmed(c))...)
	if err != nil {
		return err
	}
	defer st.close()
	if req.Commit == "" {
		if req.Models, err = s.models(c, st, trimmed(c)); err != nil {
			return leaving(err, "nothing was changed")
		}
	}
	desk, id, err := s.desk(c, st.repo)
	if err != nil {
		return leaving(err, "nothing was changed")
	}
	planner := func(ctx context.Context, snap *gitops.Snapshot) (*release.Plan, error) {
		return desk.PlanRevert(ctx, snap, req)
	}
	return s.change(c, changing{st: st, desk: desk, id: id, planner: planner})
}

// revertUsage refuses what could leave another release than the one that was meant: a script that runs a moment too late
// must not take away somebody's fix.
func (s *session) revertUsage(c *cli.Context, req release.Revert) error {
	given := c.Args().Present()
	switch {
	case req.Commit != "" && given:
		return &usageError{Message: "revert: --commit names the models itself, so no selector is expected"}
	case req.Commit == "" && !given:
		return &usageError{Message: "revert: SELECTOR... is missing", Next: []string{"modelops revert TEAM/MODEL --env ENVIRONMENT --reason \"...\"", helpFor([]string{"revert"})}}
	case req.Commit == "" && req.Bad == "" && !s.interactive() && !c.Bool("dry-run"):
		return &usageError{Message: "revert: without a terminal --bad is needed, which names the version or release to leave",
			Next: []string{"modelops status " + strings.Join(trimmed(c), " ")}}
	}
	return nil
}

func joined(words []string) string { return strings.Join(words, ", ") }
