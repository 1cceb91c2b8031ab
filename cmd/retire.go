package cmd

import (
	"context"
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/argocd"
	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/internal/release"
	"github.com/modelops/modelops/internal/view"
	"github.com/modelops/modelops/render/spec"
)

// retirement is a model on its way out of one environment, in two commits: the retired release, and the removal of the
// folder once Argo CD has proven that nothing of it runs any more.
type retirement struct{ retire, remove changing }

func (s *session) retire(c *cli.Context) error {
	defer bounded(c)()
	s.target = c.Args().First()
	st, err := s.open(c, release.PlanReads(trimmed(c))...)
	if err != nil {
		return err
	}
	defer st.close()
	models, err := st.tree().Select(trimmed(c))
	if err != nil {
		return err
	}
	if len(models) != 1 {
		return &usageError{Message: "model remove: one model is needed, written TEAM/MODEL"}
	}
	desk, id, err := s.desk(c, st.repo)
	if err != nil {
		return leaving(err, "nothing was changed")
	}
	req := release.Retire{Model: models[0], Env: c.String("env"), Reason: c.String("reason")}
	step := func(plan func(context.Context, *gitops.Snapshot, release.Retire) (*release.Plan, error)) changing {
		return changing{st: st, desk: desk, id: id, planner: func(ctx context.Context, snap *gitops.Snapshot) (*release.Plan, error) { return plan(ctx, snap, req) }}
	}
	r := retirement{retire: step(desk.PlanRetire), remove: step(desk.PlanRemove)}
	if c.Bool("dry-run") {
		return s.preview(c, r.retire)
	}
	return s.retireSteps(c, st, r)
}

func (s *session) retireSteps(c *cli.Context, st *store, r retirement) error {
	v, res, err := s.carryOut(c, r.retire)
	if err != nil {
		return err
	}
	var ferr error
	if v.Targets[0].To != nil { // else the folder is gone already, and perhaps the Application is not
		v.Waits, ferr = s.followed(c, st, res, v)
	}
	if ferr != nil || !c.Bool("wait") && !c.Bool("unproven") {
		if ferr == nil && len(v.Targets) == 1 && v.Targets[0].To != nil {
			v.Notes = append(v.Notes, "the folder stays until it is proven that nothing runs: run this again with --wait")
		}
		if err := s.out.Print(view.Done{Change: v}); err != nil {
			return err
		}
		return ferr
	}
	st.tip = res.Tip
	gone, _, err := s.carryOut(c, r.remove)
	if err != nil {
		return err
	}
	gone.Waits, gone.Changed = v.Waits, gone.Changed || v.Changed
	gone.Targets = append(v.Targets, gone.Targets...)
	var aerr error
	if c.Bool("wait") {
		var note string
		if note, aerr = s.removeApplication(c, st, res.Plan.Items[0].Target); note != "" {
			gone.Notes = append(gone.Notes, note)
		}
	}
	if err := s.out.Print(view.Done{Change: gone}); err != nil {
		return err
	}
	return leaving(aerr, "the folder is gone from "+gone.Branch, "modelops model remove "+v.Targets[0].Model+" --env "+v.Targets[0].Environment+" --reason \"...\" --wait, with the right to delete")
}

// removeApplication deletes the Application of a removed folder, and says so where there was one. The ApplicationSets of the standard never delete, so
// that a mistake in Git cannot take production away.
func (s *session) removeApplication(c *cli.Context, st *store, t spec.Target) (note string, err error) {
	client, err := s.dial(c.Context, st.platform)
	if err != nil {
		return "", err
	}
	defer client.Close()
	progress := s.out.Progress()
	defer progress.Done()
	f := follower{client: client, st: st, target: t, progress: progress}
	app, err := client.Find(c.Context, f.query())
	var none *argocd.NoAppError
	if errors.As(err, &none) {
		return "", nil
	}
	if err == nil {
		err = client.Remove(c.Context, app, patience(c), f.report)
	}
	if err != nil {
		return "", err
	}
	return "the Application " + app.Name + " is gone, with its objects", nil
}
