// Package conform is what a client has to get right against any Argo CD: the same tests run on the simulated one and on
// a real one, so that the simulated one cannot drift from it.
package conform

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/modelops/modelops/argocd"
	"github.com/modelops/modelops/argocd/argotest"
)

// Harness is one Argo CD with a cluster and a repository.
type Harness interface {
	// Client gives a client that may get and sync.
	Client(t *testing.T) *argocd.Client
	// App makes an Application of its own folder, and says how to find it.
	App(t *testing.T, app argotest.App) argocd.Query
	// Push commits a workload to the folder of an Application and says what has to be proven. Without a name it goes to a
	// folder that no Application has.
	Push(t *testing.T, q argocd.Query, d argotest.Deployment) argocd.Want
	// Image gives a reference whose pods become ready, or do what they are told: "crash", "nopull", "unready", and as the
	// image of a hook "hang". Each n is another digest.
	Image(kind string, n int) string
	// Patience suits how fast the cluster is.
	Patience() argocd.Patience
}

// Suite runs every test on harnesses that start empty.
func Suite(t *testing.T, start func(t *testing.T) Harness) {
	h := start(t)
	for _, test := range []struct {
		name string
		run  func(*testing.T, *bench)
	}{
		{"a release replaces another", testReplace},
		{"a wait alone sees what auto-sync does", testWaitOnly},
		{"a release that cannot run fails with its cause, and the revert is proven", testCauses},
		{"an operation that hangs makes way", testPreempt},
		{"a later commit elsewhere is no matter", testElsewhere},
		{"a later commit of the same overlay supersedes", testSuperseded},
		{"a retired release leaves no pods", testRetired},
		{"what runs already is proven without a sync", testAgain},
	} {
		t.Run(test.name, func(t *testing.T) {
			for name, app := range map[string]argotest.App{
				"manual": {}, "auto": {AutoSync: true}, "self-heal": {AutoSync: true, SelfHeal: true, Prune: true},
			} {
				t.Run(name, func(t *testing.T) {
					b := &bench{Harness: h, policy: app, client: h.Client(t)}
					test.run(t, b)
				})
			}
		})
	}
}

// bench is one test with its Application.
type bench struct {
	Harness
	policy argotest.App
	client *argocd.Client
	query  argocd.Query
	app    argocd.AppRef
	events []argocd.Event
}

func (b *bench) good(n int) argotest.Deployment { return b.release("good", n) }

func (b *bench) release(kind string, n int) argotest.Deployment {
	return argotest.Deployment{Image: b.Image(kind, n), Release: kind + string(rune('0'+n)), Replicas: 2}
}

func (b *bench) push(t *testing.T, d argotest.Deployment) argocd.Want {
	t.Helper()
	return b.Push(t, b.query, d)
}

// start makes the Application and brings a first release up.
func (b *bench) start(t *testing.T) argocd.Want {
	t.Helper()
	b.query = b.App(t, b.policy)
	want := b.push(t, b.good(1))
	app, err := b.client.Await(t.Context(), b.query, b.Patience(), nil)
	if err != nil {
		t.Fatal(err)
	}
	b.app = app
	b.proven(t, want)
	return want
}

func (b *bench) record(e argocd.Event) { b.events = append(b.events, e) }

func (b *bench) deploy(t *testing.T, want argocd.Want) (argocd.Outcome, error) {
	t.Helper()
	b.events = nil
	return b.client.Deploy(t.Context(), b.app, want, b.Patience(), b.record)
}

func (b *bench) proven(t *testing.T, want argocd.Want) argocd.Outcome {
	t.Helper()
	out, err := b.deploy(t, want)
	b.check(t, want, out, err)
	return out
}

func (b *bench) check(t *testing.T, want argocd.Want, out argocd.Outcome, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v\n%s", err, b.trace())
	}
	live := out.State.Workload
	if live.Image != want.Image || live.ReleaseID != want.ReleaseID {
		t.Fatalf("proven, and runs %+v", live)
	}
	t.Logf("proven after %s: %s", out.Elapsed.Round(time.Millisecond), out.Verdict.Reason)
}

func (b *bench) trace() string {
	out, last := "", ""
	for _, e := range b.events {
		if line := string(e.Kind) + " " + e.Message; line != last {
			out += e.Elapsed.Round(time.Millisecond).String() + " " + line + "\n"
			last = line
		}
	}
	return out
}

func testReplace(t *testing.T, b *bench) {
	b.start(t)
	out := b.proven(t, b.push(t, b.good(2)))
	if !out.Synced && !out.Followed {
		t.Errorf("neither synced nor followed\n%s", b.trace())
	}
	if out = b.proven(t, b.push(t, b.good(1))); !out.State.ReconciledAt.After(out.State.Operation.FinishedAt) {
		t.Errorf("proof is older than the operation: %+v", out.State)
	}
}

func testWaitOnly(t *testing.T, b *bench) {
	b.start(t)
	want := b.push(t, b.good(2))
	p := b.Patience()
	if !b.policy.AutoSync {
		p.Timeout = p.Poll * 20
	}
	b.events = nil
	out, err := b.client.Wait(t.Context(), b.app, want, p, b.record)
	var timeout *argocd.TimeoutError
	if b.policy.AutoSync {
		b.check(t, want, out, err)
	} else if !errors.As(err, &timeout) {
		t.Errorf("nobody synced, and the wait gives %v\n%s", err, b.trace())
	}
}

func testCauses(t *testing.T, b *bench) {
	b.start(t)
	for kind, cause := range map[string]argocd.CauseKind{"crash": argocd.CauseCrashLoop, "nopull": argocd.CauseImagePull} {
		out, err := b.deploy(t, b.push(t, b.release(kind, 1)))
		var failed *argocd.FailedError
		if !errors.As(err, &failed) || failed.Cause.Kind != cause || failed.Cause.Object.Kind != "Pod" {
			t.Fatalf("%s: %v\n%s", kind, err, b.trace())
		}
		if out.Diagnosis == nil || len(out.Diagnosis.Pods) == 0 {
			t.Errorf("%s: nothing about pods: %+v", kind, out.Diagnosis)
		}
		t.Logf("%s after %s", failed, out.Elapsed.Round(time.Millisecond))
		b.proven(t, b.push(t, b.good(1)))
	}
}

func testPreempt(t *testing.T, b *bench) {
	b.start(t)
	bad := b.good(2)
	bad.Hook = b.Image("hang", 1)
	hung := b.push(t, bad)
	p := b.Patience()
	p.Timeout = p.Poll * 30
	_, err := b.client.Deploy(t.Context(), b.app, hung, p, b.record)
	var timeout *argocd.TimeoutError
	if !errors.As(err, &timeout) {
		t.Fatalf("a hook that hangs: %v\n%s", err, b.trace())
	}
	out := b.proven(t, b.push(t, b.good(1)))
	if !slices.Contains(out.Preempted, hung.Commit) {
		t.Errorf("preempted %v, want %s\n%s", out.Preempted, hung.Commit, b.trace())
	}
}

func testElsewhere(t *testing.T, b *bench) {
	want := b.start(t)
	head := b.Push(t, argocd.Query{}, b.good(3)).Commit
	out := b.proven(t, want)
	if out.Synced || out.Verdict.Revision != head {
		t.Errorf("synced %v, judged %s, head is %s\n%s", out.Synced, out.Verdict.Revision, head, b.trace())
	}
}

func testSuperseded(t *testing.T, b *bench) {
	b.start(t)
	want := b.push(t, b.good(2))
	later := b.push(t, b.good(3))
	_, err := b.deploy(t, want)
	var superseded *argocd.SupersededError
	if !errors.As(err, &superseded) || superseded.Revision != later.Commit {
		t.Fatalf("%v\n%s", err, b.trace())
	}
	b.proven(t, later)
}

func testRetired(t *testing.T, b *bench) {
	b.start(t)
	d := b.good(1)
	d.Replicas, d.Release = 0, "retired"
	want := b.push(t, d)
	want.Retired = true
	if out := b.proven(t, want); out.State.Workload.Total != 0 {
		t.Errorf("pods are left: %+v", out.State.Workload)
	}
}

func testAgain(t *testing.T, b *bench) {
	want := b.start(t)
	if out := b.proven(t, want); out.Synced {
		t.Errorf("synced what already runs\n%s", b.trace())
	}
}
