package release_test

import (
	"context"
	"testing"
	"time"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/internal/release"
)

// TestRevertIsGitRevert: a revert of the newest promote gives the overlay the tree that `git revert` of the promote's
// commit gives it, also where commits elsewhere came after it.
func TestRevertIsGitRevert(t *testing.T) {
	for name, after := range map[string]func(*world){
		"newest commit":   func(*world) {},
		"commits after":   (*world).elsewhere,
		"promote between": func(w *world) { w.promote("nlp/bert") },
		"merge after":     (*world).merge,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1)
			w.promote("vision/resnet")
			w.promote("vision/resnet")
			bad := w.git(w.bare, "rev-parse", "main")
			after(w)
			w.pull()
			w.git(w.clone, "revert", "--no-edit", bad)
			want := w.git(w.clone, "rev-parse", "HEAD:"+dirOf("vision/resnet"))
			w.clock = w.clock.Add(time.Minute)
			if _, err := w.do(func(d *release.Desk) release.Planner {
				return func(ctx context.Context, s *gitops.Snapshot) (*release.Plan, error) {
					return d.PlanRevert(ctx, s, release.Revert{Models: []string{"vision/resnet"}, Env: "staging", Reason: "bad"})
				}
			}); err != nil {
				t.Fatal(err)
			}
			if got := w.tree("vision/resnet"); got != want {
				t.Errorf("the overlay has tree %s, git revert gives %s", got, want)
			}
		})
	}
}
