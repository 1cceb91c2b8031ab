//go:build e2e

package e2e

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/modelops/modelops/e2e/stack"
)

// failure is a version that never becomes healthy, and what modelops has to say about it.
type failure struct {
	model     string
	behaviour string            // how its pods behave: the start of the image's digest
	specs     map[string]string // files of the model that come with it
	within    time.Duration     // by when the wait must have ended
	causes    []string          // words that the message must contain
}

// failures lists the ways in which a version can be bad, each with a model of its own.
func failures() []failure {
	return []failure{
		{model: "crashing", behaviour: "bad1", within: 2 * time.Minute, causes: []string{"crash-loop", "OOMKilled"}},
		{model: "unpullable", behaviour: "bad2", within: 2 * time.Minute, causes: []string{"image-pull", "manifest unknown"}},
		{model: "greedy", behaviour: "600d2", within: 2 * time.Minute, causes: []string{"quota", "exceeded quota"},
			specs: map[string]string{"model.yaml": served("greedy", "60Gi")}},
		{model: "unready", behaviour: "bad0", within: 3 * time.Minute, causes: []string{"progress-deadline"},
			specs: map[string]string{"patches/deadline.yaml": deadlinePatch}},
	}
}

// deadlinePatch shortens the time that a rollout has, which is minutes since models load slowly. A version that is
// never ready says nothing else of what is wrong with it.
const deadlinePatch = `apiVersion: apps/v1
kind: Deployment
metadata: {name: unready}
spec: {progressDeadlineSeconds: 45}
`

// The models of the other scenarios.
const (
	steady   = "steady"
	stuck    = "stuck"
	retiring = "retiring"
)

// timeout of a single wait.
const timeout = "4m"

// promoteAndRevert takes the main path on real components, in an environment that Argo CD syncs by itself and in one
// that it does not, signed in with the token of a project role.
func promoteAndRevert(t *testing.T, s *stack.Stack) {
	models := []string{steady, stuck, retiring}
	for _, f := range failures() {
		models = append(models, f.model)
	}
	p := setUp(t, s, models)
	t.Run(steady, func(t *testing.T) { t.Parallel(); upgradeAndRevert(t, p) })
	t.Run(stuck, func(t *testing.T) { t.Parallel(); revertDuringSync(t, p) })
	t.Run(retiring, func(t *testing.T) { t.Parallel(); retire(t, p) })
	for _, f := range failures() {
		t.Run(f.model, func(t *testing.T) { t.Parallel(); failAndRevert(t, p, f) })
	}
}

// in returns the model in both environments, in order.
func in(model string) []overlay { return []overlay{{model, staging}, {model, prod}} }

// backwards returns the model in both environments, the later one first: a version that was reverted in an earlier one
// is held in it as well.
func backwards(model string) []overlay { return []overlay{{model, prod}, {model, staging}} }

// promote is the command line that brings a version into an environment: with its image into the first, and from there
// into the next.
func promote(o overlay, version, behaviour string, more ...string) []string {
	args := []string{"promote", o.name(), "--env", o.env}
	if o.env == staging {
		args = append(args, "--version", version, "--image", image(o.model, behaviour))
	} else {
		args = append(args, "--from", staging)
	}
	return append(args, more...)
}

// revert is the command line that leaves a version, with proof.
func revert(o overlay, bad, reason string) []string {
	return []string{"revert", o.name(), "--env", o.env, "--bad", bad, "--reason", reason, "--wait", "--timeout", timeout}
}

// serve brings the first version of a model into both environments and sees it proven. Its Applications do not exist
// before; the harness does what the Git host's webhook would.
func serve(w person, model string) {
	w.t.Helper()
	for _, o := range in(model) {
		w.ok(o.env, promote(o, "1.0.0", "600d1")...)
		if err := w.p.stack.Cluster.RefreshAppSets(w.quit); err != nil {
			w.t.Fatal(err)
		}
		w.ok(o.env, "sync", o.name(), "--env", o.env, "--wait", "--timeout", timeout)
		w.p.expectServed(w.quit, w.t, o, image(model, "600d1"))
	}
}

// upgradeAndRevert promotes a good version over a good one and goes back again.
func upgradeAndRevert(t *testing.T, p *platform) {
	w := p.person(t, 12*time.Minute)
	serve(w, steady)
	before := map[string]string{}
	for _, o := range in(steady) {
		before[o.env] = w.tree(o.folder())
		w.ok(o.env, promote(o, "2.0.0", "600d2", "--wait", "--timeout", timeout)...)
		p.expectServed(w.quit, t, o, image(steady, "600d2"))
		if after := w.tree(o.folder()); after == before[o.env] {
			t.Errorf("%s: the promote left the tree as it was: %s", o.folder(), after)
		}
	}
	for _, o := range backwards(steady) {
		revertTwice(w, o, before[o.env])
	}
}

// revertTwice reverts to the tree before, and sees that the same line typed again changes nothing and proves what is
// there.
func revertTwice(w person, o overlay, before string) {
	w.t.Helper()
	line := revert(o, "2.0.0", "accuracy dropped")
	w.ok(o.env, line...)
	w.expectBack(o, before)
	record := w.tree("models/" + o.name() + "/state/" + o.env + ".yaml")
	w.ok(o.env, line...)
	if again := w.tree("models/" + o.name() + "/state/" + o.env + ".yaml"); again != record {
		w.t.Errorf("the second revert rewrote the state from %s to %s", record, again)
	}
}

// expectBack checks that the first version runs and that the folder is, byte for byte, what it was.
func (w person) expectBack(o overlay, before string) {
	w.t.Helper()
	w.p.expectServed(w.quit, w.t, o, image(o.model, "600d1"))
	if after := w.tree(o.folder()); after != before {
		w.t.Errorf("%s: after the revert the tree is %s, want %s", o.folder(), after, before)
	}
}

// failAndRevert promotes a bad version into both environments, expects each wait to end soon and to say why, and
// expects each revert to bring the old version back with proof.
func failAndRevert(t *testing.T, p *platform, f failure) {
	w := p.person(t, 18*time.Minute)
	serve(w, f.model)
	before := map[string]string{}
	for _, o := range in(f.model) {
		before[o.env] = w.tree(o.folder())
	}
	w.change(f.model, f.specs)
	for _, o := range in(f.model) {
		expectFailure(w, f, w.expect(6, o.env, promote(o, "2.0.0", f.behaviour, "--wait", "--timeout", timeout)...))
	}
	for _, o := range backwards(f.model) {
		w.ok(o.env, revert(o, "2.0.0", "it never became healthy")...)
		w.expectBack(o, before[o.env])
	}
	first := overlay{f.model, staging}
	w.expect(4, staging, promote(first, "2.0.0", f.behaviour)...)
}

// retire takes a model that an autoscaler scales out of both environments. The role of a project may not delete; an
// administrator types the same line again.
func retire(t *testing.T, p *platform) {
	w := p.person(t, 12*time.Minute)
	w.change(retiring, map[string]string{"model.yaml": strings.Replace(served(retiring, "1Gi"), "max: 2", "max: 3", 1)})
	serve(w, retiring)
	admin, rights := w, *p
	rights.tokens = map[string]string{staging: p.stack.Argo.Token(), prod: p.stack.Argo.Token()}
	admin.p = &rights
	for _, o := range backwards(retiring) {
		line := []string{"model", "remove", o.name(), "--env", o.env, "--reason", "replaced", "--wait", "--timeout", timeout}
		if r := w.expect(8, o.env, line...); !strings.Contains(r.stderr, "applications, delete") {
			t.Errorf("the missing right is not named: %s", r)
		}
		admin.ok(o.env, line...)
		if _, err := p.stack.Argo.Application(w.quit, o.project(), o.app()); err == nil {
			t.Errorf("the Application %s is still there", o.app())
		}
		if _, err := p.stack.Cluster.Client.AppsV1().Deployments(o.namespace()).Get(w.quit, o.model, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			t.Errorf("Deployment %s in %s: want none, got %v", o.model, o.namespace(), err)
		}
		if _, err := p.stack.Cluster.Client.CoreV1().Namespaces().Get(w.quit, o.namespace(), metav1.GetOptions{}); err != nil {
			t.Errorf("the namespace has to stay: %v", err)
		}
	}
}

// change commits and pushes files of a model, as its team does.
func (w person) change(model string, files map[string]string) {
	w.t.Helper()
	if len(files) > 0 {
		w.git("pull", "-q", "--ff-only", "origin", "main")
		write(w.t, filepath.Join(w.dir, "models", team, model), files)
		w.push("change " + model)
	}
}

// expectFailure checks that a wait ended in time and named its cause.
func expectFailure(w person, f failure, r result) {
	w.t.Helper()
	if r.took > f.within {
		w.t.Errorf("the wait took %s, want at most %s: %s", r.took, f.within, r)
	}
	for _, cause := range f.causes {
		if !strings.Contains(r.stderr, cause) {
			w.t.Errorf("the message does not name %q: %s", cause, r)
		}
	}
}

// wavePatches have Argo CD wait for the Deployment's health before it applies the Service, which changes with it, so that
// the operation itself runs on for as long as the version is not healthy.
func wavePatches() map[string]string {
	return map[string]string{
		"patches/deployment.yaml": `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ` + stuck + `
  annotations: {argocd.argoproj.io/sync-wave: "-1"}
`,
		"patches/service.yaml": `apiVersion: v1
kind: Service
metadata:
  name: ` + stuck + `
  annotations: {example.com/contact: vision-owners}
`,
	}
}

// revertDuringSync reverts while Argo CD is still applying the bad version: that operation must be ended, and must not
// come back.
func revertDuringSync(t *testing.T, p *platform) {
	w := p.person(t, 12*time.Minute)
	serve(w, stuck)
	w.change(stuck, wavePatches())
	for _, o := range in(stuck) {
		w.ok(o.env, promote(o, "2.0.0", "bad0", "--sync")...)
	}
	for _, o := range backwards(stuck) {
		bad := expectRunning(w, o)
		w.ok(o.env, revert(o, "2.0.0", "it hangs")...)
		p.expectServed(w.quit, t, o, image(stuck, "600d1"))
		expectOver(w, o, bad)
	}
}

// expectRunning waits until an operation has been running for some seconds, as one that gets on would not, and returns its
// revision.
func expectRunning(w person, o overlay) string {
	w.t.Helper()
	const hanging = 5 * time.Second
	var since time.Time
	app, err := w.p.stack.Argo.WaitApplication(within(w.t, time.Minute), o.project(), o.app(), func(a stack.Application) bool {
		if !a.Running() || a.OperationRevision() == "" {
			since = time.Time{}
			return false
		}
		if since.IsZero() {
			since = time.Now()
		}
		return time.Since(since) > hanging
	})
	if err != nil {
		w.t.Fatalf("no operation hangs on the bad version: %v", err)
	}
	return app.OperationRevision()
}

// expectOver checks that no operation runs and that the last one was not that of the bad revision.
func expectOver(w person, o overlay, bad string) {
	w.t.Helper()
	app, err := w.p.stack.Argo.Application(w.quit, o.project(), o.app())
	if err != nil {
		w.t.Fatal(err)
	}
	if app.Running() || app.OperationRevision() == bad {
		w.t.Errorf("after the revert Argo CD still has the operation of %s: %s", bad, app)
	}
}
