package cmd

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/internal/release"
	"github.com/modelops/modelops/internal/view"
	"github.com/modelops/modelops/render/spec"
)

// changeFlags are those of every command that commits.
func changeFlags() []cli.Flag {
	flags := append([]cli.Flag{dryRunFlag("show the commit and what changes in the manifests, and write nothing")}, commitFlags()...)
	return append(append(flags,
		&cli.BoolFlag{Name: "sync", Usage: "have Argo CD apply the commit"},
		&cli.BoolFlag{Name: "wait", Usage: "wait until the commit is proven to run and be healthy (implies --sync)"},
	), patienceFlags()...)
}

func timeoutFlag(value time.Duration) cli.Flag {
	return &cli.DurationFlag{Name: "timeout", Value: value, Usage: "`DURATION` that the whole command may take, waiting for others included"}
}

// bounded gives the whole command no longer than --timeout; what it returns is to be called at the end.
func bounded(c *cli.Context) context.CancelFunc {
	var cancel context.CancelFunc
	c.Context, cancel = context.WithTimeout(c.Context, c.Duration("timeout"))
	return cancel
}

func patienceFlags() []cli.Flag {
	return []cli.Flag{
		timeoutFlag(30 * time.Minute),
		&cli.Float64Flag{Name: "patience", Value: 1, Usage: "`FACTOR` on how long a failing pod is watched before the wait gives up on it"},
	}
}

// changing is one command that commits: how its plan is made, and what is to follow.
type changing struct {
	st      *store
	desk    *release.Desk
	id      gitops.Identity
	planner release.Planner
	// along are paths that the user's uncommitted work may be in: they are committed along.
	along []string
}

// change makes the plan, shows it, carries it out unless it is a dry run, has Argo CD follow, and prints the result.
func (s *session) change(c *cli.Context, ch changing) error {
	if url := s.repoPath(c); localOnly(c) && gitops.IsURL(url) {
		return &usageError{Message: c.Command.Name + ": --no-push commits to a local branch, and without a clone there is none"}
	}
	if c.Bool("dry-run") {
		return s.preview(c, ch)
	}
	v, res, err := s.carryOut(c, ch)
	if err != nil {
		return err
	}
	var ferr error
	v.Waits, ferr = s.followed(c, ch.st, res, v)
	if err := s.out.Print(view.Done{Change: v}); err != nil {
		return err
	}
	return ferr
}

func (s *session) preview(c *cli.Context, ch changing) error {
	plan, err := ch.planner(c.Context, ch.st.tip)
	if err != nil {
		return leaving(err, "nothing was changed")
	}
	v := ch.st.change(plan, true)
	if v.Changed {
		v.Message = plan.Change.Message.String()
	}
	return s.out.Print(v)
}

// carryOut plans, shows, commits and pushes, and brings the user's clone along.
func (s *session) carryOut(c *cli.Context, ch changing) (view.Change, *release.Result, error) {
	plan, err := ch.planner(c.Context, ch.st.tip)
	if err != nil {
		return view.Change{}, nil, leaving(err, "nothing was changed")
	}
	if err := ch.clean(c.Context, plan); err != nil {
		return view.Change{}, nil, leaving(err, "nothing was changed")
	}
	if plan.Changed() {
		s.out.Show(ch.st.change(plan, false))
	}
	res, err := s.apply(c, ch, plan)
	if err != nil {
		return view.Change{}, nil, err
	}
	v := ch.st.change(res.Plan, false)
	v.Changed, v.Commit = res.Changed, res.Tip.Commit().String()
	if res.Attempts > 1 {
		v.Attempts = res.Attempts
	}
	v.Pushed = ch.st.repo.Remote() != "" && !localOnly(c)
	if !localOnly(c) {
		v.Notes = append(v.Notes, s.bringAlong(c.Context, ch.st.repo, res)...)
	}
	return v, res, nil
}

// bringAlong moves the user's clone to what was pushed, now or by an earlier run that did not come so far. The push
// stands, whatever becomes of that.
func (s *session) bringAlong(ctx context.Context, repo *gitops.Repo, res *release.Result) []string {
	base := res.Plan.Base
	if !res.Changed {
		base = nil
	}
	follow, err := repo.Follow(ctx, base, res.Tip)
	switch {
	case err != nil:
		return []string{"this clone was left as it is: " + err.Error()}
	case follow.Note != "":
		return []string{follow.Note}
	}
	return nil
}

func localOnly(c *cli.Context) bool { return c.Bool("no-push") || !c.Bool("push") }

// clean refuses where the user has uncommitted work in what the plan writes.
func (ch changing) clean(ctx context.Context, plan *release.Plan) error {
	if ch.st.repo.WorkTree() == "" || !plan.Changed() {
		return nil
	}
	dirty, err := ch.st.repo.Dirty(ctx, plan.Change.Scope...)
	dirty = slices.DeleteFunc(dirty, func(p string) bool {
		return slices.ContainsFunc(ch.along, func(a string) bool { return p == a || strings.HasPrefix(a, p) && strings.HasSuffix(p, "/") })
	})
	if err != nil || len(dirty) == 0 {
		return err
	}
	return ch.st.repo.Uncommitted(plan.Base, dirty)
}

func (s *session) apply(c *cli.Context, ch changing, plan *release.Plan) (*release.Result, error) {
	push := ch.st.repo.Push
	if localOnly(c) {
		push = ch.st.repo.PushLocal
	}
	res, err := ch.desk.Apply(c.Context, plan, ch.planner, ch.id, push)
	if err != nil {
		return nil, s.notPushed(err)
	}
	return res, nil
}

// notPushed says what a failed push left. Whether it arrived is not known where the answer was lost, and then the error
// says so itself.
func (s *session) notPushed(err error) error {
	switch f := failureOf(err); f.Kind {
	case "contended", "busy", "git-unreachable":
		return err
	}
	if gitops.InPush(err) {
		return err
	}
	return leaving(err, "nothing was pushed")
}

// followed has Argo CD follow where that was asked for.
func (s *session) followed(c *cli.Context, st *store, res *release.Result, v view.Change) ([]view.Outcome, error) {
	if !c.Bool("sync") && !c.Bool("wait") {
		return nil, nil
	}
	m := syncOnly
	if c.Bool("wait") {
		m = deploy
	}
	outcomes, err := s.drive(c, st, res.Tip, plannedTargets(res.Plan), m)
	return outcomes, leaving(err, left(v), waysOut(v, outcomes)...)
}

// waysOut are the commands that take a promote away which does not run.
func waysOut(v view.Change, outcomes []view.Outcome) []string {
	var out []string
	for _, o := range outcomes {
		i := slices.IndexFunc(v.Targets, func(i view.Item) bool { return i.Target == o.Target })
		if o.Status != view.StatusFailed || i < 0 || v.Targets[i].Action != spec.ActionPromote {
			continue
		}
		switch t := v.Targets[i]; {
		case t.From != nil && t.To != nil:
			out = append(out, "modelops revert "+t.Model+" --env "+t.Environment+" --bad "+t.To.Version+" --reason \"...\" --wait")
		case t.From == nil:
			out = append(out, "modelops model remove "+t.Model+" --env "+t.Environment+" --reason \"...\", since there is nothing to go back to")
		}
	}
	return out
}

func plannedTargets(p *release.Plan) []spec.Target {
	var out []spec.Target
	for _, i := range p.Items {
		if i.Target.Model != "" {
			out = append(out, i.Target)
		}
	}
	return out
}

// left says what stands after a failure behind the commit.
func left(v view.Change) string {
	if !v.Changed {
		return "nothing was committed: " + v.Branch + " holds this release already"
	}
	return "the commit " + v.Commit[:10] + " is on " + v.Branch
}
