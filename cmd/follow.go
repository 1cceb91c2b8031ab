package cmd

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/argocd"
	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/internal/release"
	"github.com/modelops/modelops/internal/view"
	"github.com/modelops/modelops/render/spec"
)

// mode is how far Argo CD is driven.
type mode int

const (
	syncOnly mode = iota // begin, or find begun
	deploy               // begin and prove
	waitOnly             // prove
)

// drive has Argo CD follow what stands at a commit, all targets at once. It returns an outcome for each target also beside
// an error.
func (s *session) drive(c *cli.Context, st *store, at *gitops.Snapshot, targets []spec.Target, m mode) ([]view.Outcome, error) {
	ctx := c.Context
	client, err := s.dial(ctx, st.platform)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	progress := s.out.Progress()
	defer progress.Done()
	outcomes := make([]view.Outcome, len(targets))
	errs := make([]error, len(targets))
	var wg sync.WaitGroup
	for n, t := range targets {
		wg.Go(func() {
			f := follower{client: client, st: st, at: at, target: t, mode: m, patience: patience(c), progress: progress, many: len(targets) > 1}
			outcomes[n], errs[n] = f.run(ctx)
		})
	}
	wg.Wait()
	return outcomes, errors.Join(errs...)
}

func (s *session) dial(ctx context.Context, p *spec.Platform) (*argocd.Client, error) {
	opts, err := s.argoOptions(p)
	if err != nil {
		return nil, err
	}
	return argocd.Dial(ctx, opts)
}

// argoOptions are the user's own settings for the argocd command line, else the server that the platform names.
func (s *session) argoOptions(p *spec.Platform) (argocd.Options, error) {
	over := argocd.Options{UserAgent: "modelops", Now: s.env.Now}
	opts, err := argocd.Resolve(s.env.Lookup, s.env.home(), over)
	var none *argocd.NotConfiguredError
	if errors.As(err, &none) && p.Spec.ArgoCD.Server != "" {
		over.Server = p.Spec.ArgoCD.Server
		return argocd.Resolve(s.env.Lookup, s.env.home(), over)
	}
	return opts, err
}

// patience stretches how long trouble is watched; the whole command is bounded by --timeout in the context.
func patience(c *cli.Context) argocd.Patience {
	p := argocd.DefaultPatience()
	p.Timeout = 0
	p.AppMissing = c.Duration("timeout")
	factor := c.Float64("patience")
	for _, d := range []*time.Duration{&p.CrashLoop, &p.ImagePull, &p.ContainerConfig, &p.Admission, &p.Quota, &p.Unschedulable, &p.Degraded, &p.Comparison, &p.Stalled} {
		*d = time.Duration(float64(*d) * factor)
	}
	return p
}

// follower follows one target.
type follower struct {
	client   *argocd.Client
	st       *store
	at       *gitops.Snapshot
	target   spec.Target
	mode     mode
	patience argocd.Patience
	progress *view.Progress
	many     bool
}

func (f *follower) run(ctx context.Context) (view.Outcome, error) {
	rel, err := release.NewReader(ctx, f.at).Release(f.target)
	if err != nil {
		return f.outcome(argocd.Outcome{}, err), err
	}
	if rel == nil {
		err := &usageError{Message: "follow " + f.target.String() + ": it has no release on " + f.st.repo.Branch(),
			Next: []string{"modelops promote " + f.target.ModelName() + " --env " + f.target.Env + " --version VERSION"}}
		return f.outcome(argocd.Outcome{}, err), err
	}
	app, err := f.client.Await(ctx, f.query(), f.patience, f.report)
	if err != nil {
		return f.outcome(argocd.Outcome{}, err), f.missing(ctx, err)
	}
	out, err := f.deploy(ctx, app, f.want(rel))
	return f.outcome(out, err), err
}

// query looks for the Application of the target's folder.
func (f *follower) query() argocd.Query {
	q := argocd.Query{
		RepoURLs: []string{f.st.platform.Spec.Git.URL}, Path: f.target.Dir(), Name: f.target.App(),
		Project: f.target.Project(), Branch: f.st.repo.Branch(),
	}
	if url := f.st.repo.Remote(); url != "" {
		q.RepoURLs = append(q.RepoURLs, url)
	}
	return q
}

// missing turns a time-out while no Application was there into the error that says so.
func (f *follower) missing(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &argocd.TimeoutError{App: f.target.App(), Commit: f.at.Commit().String(), After: f.patience.AppMissing, Reason: "Argo CD has no Application for " + f.target.Dir() + " yet"}
	}
	return err
}

func (f *follower) deploy(ctx context.Context, app argocd.AppRef, want argocd.Want) (argocd.Outcome, error) {
	switch f.mode {
	case waitOnly:
		return f.client.Wait(ctx, app, want, f.patience, f.report)
	case deploy:
		return f.client.Deploy(ctx, app, want, f.patience, f.report)
	}
	inner, begun := context.WithCancelCause(ctx)
	defer begun(nil)
	out, err := f.client.Deploy(inner, app, want, f.patience, func(e argocd.Event) {
		f.report(e)
		switch e.Kind {
		case argocd.EventSyncing, argocd.EventFollowing, argocd.EventSyncDenied:
			begun(errBegun)
		}
	})
	if err != nil && ctx.Err() == nil && errors.Is(context.Cause(inner), errBegun) {
		return out, nil
	}
	return out, err
}

var errBegun = errors.New("the operation has begun")

func (f *follower) want(rel *spec.Release) argocd.Want {
	return argocd.Want{
		Commit: f.at.Commit().String(), Contains: f.relation, ReleaseID: rel.Spec.ID, Image: rel.Spec.Image.Name + "@" + rel.Spec.Image.Digest,
		Workload: argocd.Object{Group: "apps", Kind: "Deployment", Namespace: f.target.Namespace(), Name: f.target.Model}, Retired: rel.Spec.Retired,
	}
}

func (f *follower) report(e argocd.Event) {
	prefix := ""
	if f.many {
		prefix = f.target.String() + ": "
	}
	f.progress.Update("%s%s", prefix, e.Message)
}
