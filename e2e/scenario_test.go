//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/modelops/modelops/e2e/stack"
)

// failure is a version that never becomes healthy, and what modelops has to say about it.
type failure struct {
	model     string
	behaviour string        // how its pods behave: the start of the image's digest
	memory    string        // that one replica asks for
	within    time.Duration // by when the wait must have ended
	causes    []string      // words that the message must contain
}

// failures lists the ways in which a version can be bad, each served by a model of its own.
func failures() []failure {
	return []failure{
		{model: "crashing", behaviour: "bad1", within: 75 * time.Second, causes: []string{"crash-loop", "OOMKilled"}},
		{model: "unpullable", behaviour: "bad2", within: 75 * time.Second, causes: []string{"image-pull", "manifest unknown"}},
		{model: "greedy", behaviour: "600d2", memory: "60Gi", within: 75 * time.Second, causes: []string{"quota", "exceeded quota"}},
		{model: "unready", behaviour: "bad0", within: 4 * time.Minute, causes: []string{"progress-deadline"}},
	}
}

// steady and stuck are the models of the other scenarios.
const (
	steady = "steady"
	stuck  = "stuck"
)

// The whole main path on real components, with Argo CD syncing by itself and without, signed in with a project role's
// token.
func TestPromoteAndRevert(t *testing.T) {
	eachStack(t, func(t *testing.T, s *stack.Stack) {
		for team, autoSync := range map[string]bool{"vision": true, "speech": false} {
			t.Run(team, func(t *testing.T) {
				t.Parallel()
				models := []string{steady, stuck}
				for _, f := range failures() {
					models = append(models, f.model)
				}
				p := setUp(t, s, team, autoSync, models)
				t.Run("scenarios", func(t *testing.T) {
					t.Run(steady, func(t *testing.T) { t.Parallel(); upgrade(t, p) })
					t.Run(stuck, func(t *testing.T) { t.Parallel(); revertDuringSync(t, p) })
					for _, f := range failures() {
						t.Run(f.model, func(t *testing.T) { t.Parallel(); failAndRevert(t, p, f) })
					}
				})
			})
		}
	})
}

// serve promotes the first version of a model and sees it proven. Its Application does not exist before; the
// harness does what a webhook would.
func serve(w person, model string) {
	w.t.Helper()
	w.ok("promote", w.p.team+"/"+model, "--env", env, "--version", "1.0.0", "--image", image(model, "600d1"))
	if err := w.p.stack.Cluster.RefreshAppSets(w.quit); err != nil {
		w.t.Fatal(err)
	}
	w.ok("sync", w.p.team+"/"+model, "--env", env, "--wait", "--timeout", "3m")
	w.p.expectServed(w.quit, w.t, model, image(model, "600d1"))
}

// upgrade promotes a good version over a good one and goes back again.
func upgrade(t *testing.T, p *platform) {
	w := p.person(t, 8*time.Minute)
	target := p.team + "/" + steady
	serve(w, steady)
	before := w.tree(p.folder(steady))
	w.ok("promote", target, "--env", env, "--version", "2.0.0", "--image", image(steady, "600d2"), "--wait", "--timeout", "3m")
	p.expectServed(w.quit, t, steady, image(steady, "600d2"))
	if after := w.tree(p.folder(steady)); after == before {
		t.Errorf("the overlay's tree did not change: %s", after)
	}
	again := []string{"revert", target, "--env", env, "--bad", "2.0.0", "--reason", "accuracy dropped", "--wait", "--timeout", "3m"}
	w.ok(again...)
	p.expectServed(w.quit, t, steady, image(steady, "600d1"))
	if after := w.tree(p.folder(steady)); after != before {
		t.Errorf("after the revert the overlay's tree is %s, want %s", after, before)
	}
	// The same line typed again finds nothing to leave, and proves what is there.
	tip := w.tree("")
	w.ok(again...)
	if after := w.tree(""); after != tip {
		t.Errorf("a second revert changed the branch from %s to %s", tip, after)
	}
}

// failAndRevert promotes a bad version, expects the wait to end soon and to say why, and expects the revert to bring
// the old version back with proof.
func failAndRevert(t *testing.T, p *platform, f failure) {
	w := p.person(t, 10*time.Minute)
	target := p.team + "/" + f.model
	serve(w, f.model)
	before := w.tree(p.folder(f.model))
	if f.memory != "" {
		write(t, w.dir, map[string]string{"models/" + target + "/model.yaml": p.served(f.model, f.memory)})
		w.push("give " + target + " more memory")
	}
	r := w.expect(6, "promote", target, "--env", env, "--version", "2.0.0", "--image", image(f.model, f.behaviour), "--wait", "--timeout", "5m")
	if r.took > f.within {
		t.Errorf("the wait took %s, want less than %s: %s", r.took, f.within, r)
	}
	for _, cause := range f.causes {
		if !strings.Contains(r.stderr, cause) {
			t.Errorf("the message does not name %q: %s", cause, r)
		}
	}
	w.ok("revert", target, "--env", env, "--bad", "2.0.0", "--reason", "it never became healthy", "--wait", "--timeout", "3m")
	p.expectServed(w.quit, t, f.model, image(f.model, "600d1"))
	if after := w.tree(p.folder(f.model)); after != before {
		t.Errorf("after the revert the overlay's tree is %s, want %s", after, before)
	}
	// What was left is held: the bad version does not come back by accident.
	w.expect(4, "promote", target, "--env", env, "--version", "2.0.0", "--image", image(f.model, f.behaviour))
}

// wavePatch has Argo CD wait for the Deployment's health before it applies the rest, so that the operation itself runs
// on as long as the version is not healthy.
func wavePatch(model string) string {
	return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ` + model + `
  annotations: {argocd.argoproj.io/sync-wave: "-1"}
`
}

// revertDuringSync reverts while Argo CD is still applying the bad version: its operation must be ended, and
// must not come back.
func revertDuringSync(t *testing.T, p *platform) {
	w := p.person(t, 8*time.Minute)
	target := p.team + "/" + stuck
	serve(w, stuck)
	write(t, w.dir, map[string]string{"models/" + target + "/patches/wave.yaml": wavePatch(stuck)})
	w.push("wait for the server before its service")
	w.ok("promote", target, "--env", env, "--version", "2.0.0", "--image", image(stuck, "bad0"), "--sync")
	bad := w.git("rev-parse", "origin/main")
	app, err := p.stack.Argo.WaitApplication(w.quit, p.project(), p.app(stuck), func(a stack.Application) bool {
		return a.Running() && a.OperationRevision() != ""
	})
	if err != nil {
		t.Fatalf("no operation runs at %s: %v", bad, err)
	}
	w.ok("revert", target, "--env", env, "--bad", "2.0.0", "--reason", "it hangs", "--wait", "--timeout", "3m")
	p.expectServed(w.quit, t, stuck, image(stuck, "600d1"))
	died := app.OperationRevision()
	app, err = p.stack.Argo.Application(w.quit, p.project(), p.app(stuck))
	if err != nil {
		t.Fatal(err)
	}
	if app.Running() || app.OperationRevision() == died {
		t.Errorf("after the revert the last operation is still that of %s: %s", died, app)
	}
}
