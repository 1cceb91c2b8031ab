package argocd_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelops/modelops/argocd"
	"github.com/modelops/modelops/argocd/argotest"
)

// Connections that break before or after the call took effect change nothing in the end, and nothing is done twice that
// must not be.
func TestDroppedConnections(t *testing.T) {
	for _, after := range []bool{false, true} {
		w := newWorld(t, argotest.App{})
		w.start()
		want := w.push(argotest.Deployment{Image: image("b2")})
		w.server.Fault(func(f *argotest.Faults) { f.DropCalls, f.DropAfter = 3, after })
		w.mustRun(want)
		if !w.saw(argocd.EventReconnecting) {
			t.Errorf("after=%v: nothing was said\n%s", after, w.trace())
		}
	}
}

// A sync whose answer is lost has begun: the second request finds it running.
func TestSyncWhoseAnswerIsLost(t *testing.T) {
	w := newWorld(t, argotest.App{})
	w.start()
	want := w.push(argotest.Deployment{Image: image("b2")})
	armed := false
	report := func(e argocd.Event) {
		w.record(e)
		if e.Kind == argocd.EventWaiting && !armed {
			armed = true
			w.server.Fault(func(f *argotest.Faults) { f.DropCalls, f.DropAfter = 1, true })
		}
	}
	out, err := w.client.Deploy(t.Context(), w.app, want, patience(), report)
	if err != nil {
		t.Fatalf("%v\n%s", err, w.trace())
	}
	w.mustBeTrue(want)
	if !out.Synced && !out.Followed {
		t.Errorf("outcome %+v", out)
	}
}

func TestServerGoesAway(t *testing.T) {
	w := newWorld(t, argotest.App{})
	w.start()
	want := w.push(argotest.Deployment{Image: image("slow")})
	p := patience()
	p.Outage = 300 * time.Millisecond
	closed := false
	_, err := w.client.Deploy(t.Context(), w.app, want, p, func(e argocd.Event) {
		if e.Kind == argocd.EventSyncing && !closed {
			closed = true
			w.server.Close()
		}
	})
	var gone *argocd.UnavailableError
	if !errors.As(err, &gone) {
		t.Fatalf("%v", err)
	}
}

func TestNobodyListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err = argocd.Dial(ctx, argocd.Options{Server: address, PlainText: true, Now: time.Now})
	var gone *argocd.UnavailableError
	if !errors.As(err, &gone) || !strings.Contains(err.Error(), address) {
		t.Fatalf("%v", err)
	}
}

// A server that accepts and never answers is not waited for without end.
func TestServerThatNeverAnswers(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := argocd.Dial(ctx, argocd.Options{Server: listener.Addr().String(), PlainText: true, Now: time.Now}); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("%v", err)
	}
}

func TestSlowRefresh(t *testing.T) {
	w := newWorld(t, argotest.App{AutoSync: true})
	w.start()
	w.server.Fault(func(f *argotest.Faults) { f.SlowRefresh = 4 * time.Second })
	w.mustRun(w.push(argotest.Deployment{Image: image("b2")}))
}

// A call that takes longer than it may is asked again, within the patience for outages.
func TestRefreshLongerThanACallMayTake(t *testing.T) {
	w := newWorld(t, argotest.App{})
	w.start()
	w.server.Fault(func(f *argotest.Faults) { f.SlowRefresh = time.Hour })
	client, err := argocd.Dial(t.Context(), argocd.Options{Server: w.server.Addr(), PlainText: true, Now: time.Now, CallTimeout: 30 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	p := patience()
	p.Outage = 300 * time.Millisecond
	_, err = client.Wait(t.Context(), w.app, w.push(argotest.Deployment{Image: image("b2")}), p, nil)
	var gone *argocd.UnavailableError
	if !errors.As(err, &gone) {
		t.Fatalf("%v", err)
	}
}

func TestCancelled(t *testing.T) {
	w := newWorld(t, argotest.App{})
	w.start()
	ctx, cancel := context.WithCancel(t.Context())
	want := w.push(argotest.Deployment{Image: image("unready")})
	_, err := w.client.Deploy(ctx, w.app, want, patience(), func(e argocd.Event) {
		if e.State != nil && e.State.Workload != nil && e.State.Workload.Updated > 0 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("%v", err)
	}
}

func TestTimeout(t *testing.T) {
	w := newWorld(t, argotest.App{})
	w.start()
	want := w.push(argotest.Deployment{Image: image("unready")})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	out, err := w.client.Deploy(ctx, w.app, want, patience(), nil)
	var timeout *argocd.TimeoutError
	if !errors.As(err, &timeout) || timeout.Commit != want.Commit || !strings.Contains(timeout.Reason, "0 available") && !strings.Contains(timeout.Reason, "replicas updated") {
		t.Fatalf("%v", err)
	}
	if out.State == nil || out.Elapsed < 150*time.Millisecond {
		t.Errorf("outcome %+v", out)
	}
}

func TestTerminateThatMeetsConflicts(t *testing.T) {
	w := newWorld(t, argotest.App{AutoSync: true})
	w.start()
	bad := w.push(argotest.Deployment{Image: image("b2"), Hook: image("hang")})
	w.hang(bad)
	w.server.Fault(func(f *argotest.Faults) { f.TerminateConflicts, f.StuckTerminating = 2, 2*time.Second })
	out := w.mustRun(w.push(argotest.Deployment{Image: image("a1")}))
	if !slices.Equal(out.Preempted, []string{bad.Commit}) {
		t.Errorf("preempted %v", out.Preempted)
	}
}

func TestSuperseded(t *testing.T) {
	w := newWorld(t, argotest.App{AutoSync: true})
	w.start()
	want := w.push(argotest.Deployment{Image: image("slow")})
	var later argocd.Want
	_, err := w.client.Deploy(t.Context(), w.app, want, patience(), func(e argocd.Event) {
		w.record(e)
		if later.Commit == "" && e.State != nil && e.State.Relation.Ours() {
			later = w.push(argotest.Deployment{Image: image("c3")})
			w.server.Notify()
		}
	})
	var superseded *argocd.SupersededError
	if !errors.As(err, &superseded) || superseded.Revision != later.Commit {
		t.Fatalf("%v\n%s", err, w.trace())
	}
	w.mustRun(later)
}

// A commit to another folder moves the revision and is no reason to fail or to sync again.
func TestLaterCommitElsewhere(t *testing.T) {
	w := newWorld(t, argotest.App{AutoSync: true})
	want := w.start()
	head := w.elsewhere()
	out := w.mustRun(want)
	if out.Verdict.Revision != head || out.Synced {
		t.Errorf("revision %s, want %s; synced %v", out.Verdict.Revision, head, out.Synced)
	}
}

// What already runs is proven and not synced again.
func TestAgain(t *testing.T) {
	w := newWorld(t, argotest.App{})
	want := w.start()
	out := w.mustRun(want)
	if out.Synced || out.Followed {
		t.Errorf("outcome %+v", out)
	}
}

func TestObjectThatCannotBeApplied(t *testing.T) {
	w := newWorld(t, argotest.App{})
	w.start()
	objects := argotest.Deployment{Name: "resnet", Image: image("b2"), Release: "r", Replicas: 1}.Objects()
	objects[0]["spec"].(map[string]any)["selector"] = map[string]any{"matchLabels": map[string]any{"app": "other"}}
	commit := w.repo.Commit(folder, objects...)
	_, err := w.deploy(argocd.Want{Commit: commit, Contains: w.repo.Contains(commit, folder), ReleaseID: "r", Image: image("b2"),
		Workload: argocd.Object{Namespace: "vision-prod", Name: "resnet"}})
	var failed *argocd.FailedError
	if !errors.As(err, &failed) || failed.Cause.Object.Name != "resnet" || !strings.Contains(failed.Cause.Message, "field is immutable") {
		t.Fatalf("%v", err)
	}
}

func TestHookThatFails(t *testing.T) {
	w := newWorld(t, argotest.App{AutoSync: true})
	w.start()
	_, err := w.deploy(w.push(argotest.Deployment{Image: image("b2"), Hook: image("badhook")}))
	var failed *argocd.FailedError
	if !errors.As(err, &failed) || failed.Cause.Object.Kind != "Job" || !strings.Contains(failed.Cause.Message, "backoff limit") {
		t.Fatalf("%v", err)
	}
	if calls := strings.Join(w.server.Calls(), " "); strings.Count(calls, "Sync") > 2 {
		t.Errorf("synced again and again: %s", calls)
	}
}

func TestApplicationIsRemovedMeanwhile(t *testing.T) {
	w := newWorld(t, argotest.App{})
	w.start()
	removed := false
	_, err := w.client.Deploy(t.Context(), w.app, w.push(argotest.Deployment{Image: image("slow")}), patience(), func(e argocd.Event) {
		if e.Kind == argocd.EventSyncing && !removed {
			removed = true
			w.server.Remove(appName)
		}
	})
	var none *argocd.NoAppError
	if !errors.As(err, &none) {
		t.Fatalf("%v", err)
	}
}

func TestRevisionThatCannotBePlaced(t *testing.T) {
	w := newWorld(t, argotest.App{AutoSync: true})
	want := w.start()
	w.elsewhere()
	want.Contains = func(context.Context, string) (argocd.Relation, error) {
		return argocd.RelationSame, errors.New("object store is broken")
	}
	p := patience()
	p.Timeout = 200 * time.Millisecond
	_, err := w.client.Wait(t.Context(), w.app, want, p, nil)
	var timeout *argocd.TimeoutError
	if !errors.As(err, &timeout) || !strings.Contains(timeout.Reason, "object store is broken") {
		t.Fatalf("%v", err)
	}
}

func TestRetired(t *testing.T) {
	w := newWorld(t, argotest.App{AutoSync: true})
	w.start()
	d := argotest.Deployment{Name: "resnet", Image: image("a1"), Release: "retired", Replicas: 0}
	commit := w.repo.Commit(folder, d.Objects()...)
	want := argocd.Want{Commit: commit, Contains: w.repo.Contains(commit, folder), ReleaseID: "retired", Image: d.Image, Retired: true,
		Workload: argocd.Object{Namespace: "vision-prod", Name: "resnet"}}
	out, err := w.deploy(want)
	if err != nil || out.State.Workload.Total != 0 {
		t.Fatalf("%v\n%s", err, w.trace())
	}
}
