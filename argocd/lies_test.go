package argocd_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/modelops/modelops/argocd"
	"github.com/modelops/modelops/argocd/argotest"
)

// The tests of this file are the ways in which Argo CD was seen to show success, or nothing wrong, while the wanted
// commit did not run. In each, the cluster itself is asked whether the verdict is true.

// Status as before the push: Synced, Healthy, old revision.
func TestStatusFromBeforeThePush(t *testing.T) {
	w := newWorld(t, argotest.App{AutoSync: true})
	w.start()
	want := w.push(argotest.Deployment{Image: image("b2")})
	out, err := w.wait(want)
	if err != nil || out.Verdict.Revision != want.Commit {
		t.Fatalf("%v %+v\n%s", err, out.Verdict, w.trace())
	}
	w.mustBeTrue(want)
}

// A refresh that answers with the status as it was, because another one was under way.
func TestRefreshThatAnswersWithTheOldStatus(t *testing.T) {
	w := newWorld(t, argotest.App{AutoSync: true})
	w.start()
	want := w.push(argotest.Deployment{Image: image("b2")})
	w.server.Fault(func(f *argotest.Faults) { f.StaleRefreshes = 4 })
	if _, err := w.wait(want); err != nil {
		t.Fatalf("%v\n%s", err, w.trace())
	}
	w.mustBeTrue(want)
}

// The operation on our commit succeeded, and the status is still that from before it.
func TestOperationSucceededBeforeTheStatusFollows(t *testing.T) {
	w := newWorld(t, argotest.App{})
	w.start()
	want := w.push(argotest.Deployment{Image: image("slow")})
	out := w.mustRun(want)
	if out.State.Operation == nil || !out.State.ReconciledAt.After(out.State.Operation.FinishedAt) {
		t.Errorf("proof from a comparison at %v, the operation ended at %v", out.State.ReconciledAt, out.State.Operation.FinishedAt)
	}
}

// A bad operation hangs while the status shows our revert as Synced and Healthy: it has to be ended, and ours begun.
func TestBadOperationHangsWhileOursLooksSynced(t *testing.T) {
	for _, app := range []argotest.App{{}, {AutoSync: true}, {AutoSync: true, SelfHeal: true}} {
		w := newWorld(t, app)
		good := argotest.Deployment{Image: image("a1")}
		w.start()
		bad := w.push(argotest.Deployment{Image: image("b2"), Hook: image("hang")})
		w.hang(bad)
		revert := w.push(good)
		p := patience()
		p.Timeout = 300 * time.Millisecond
		waitOut, err := w.client.Wait(t.Context(), w.app, revert, p, nil)
		var timeout *argocd.TimeoutError
		if !errors.As(err, &timeout) {
			t.Errorf("%+v: a wait, which ends nothing: got %v %+v, want a timeout", app, err, waitOut.Verdict)
		}
		w.events = nil
		out := w.mustRun(revert)
		if len(out.Preempted) == 0 || out.Preempted[0] != bad.Commit {
			t.Errorf("%+v: preempted %v, want %s\n%s", app, out.Preempted, bad.Commit, w.trace())
		}
		if !out.Synced {
			t.Errorf("%+v: no operation of ours, though nothing starts one by itself", app)
		}
	}
}

// hang starts the operation on a commit whose hook never ends.
func (w *world) hang(bad argocd.Want) {
	w.t.Helper()
	p := patience()
	p.Timeout = 200 * time.Millisecond
	_, err := w.client.Deploy(w.t.Context(), w.app, bad, p, w.record)
	var timeout *argocd.TimeoutError
	if !errors.As(err, &timeout) || !strings.Contains(timeout.Reason, "waiting for completion of hook") {
		w.t.Fatalf("operation that hangs: %v\n%s", err, w.trace())
	}
}

// After the bad operation was ended by somebody, the status shows ours as Synced and Healthy, and nothing follows.
func TestNothingFollowsAnEndedOperation(t *testing.T) {
	w := newWorld(t, argotest.App{AutoSync: true})
	w.start()
	bad := w.push(argotest.Deployment{Image: image("b2"), Hook: image("hang")})
	w.hang(bad)
	revert := w.push(argotest.Deployment{Image: image("a1")})
	w.server.Notify()
	w.server.Terminate(appName)
	w.sleep(time.Second)
	w.server.Notify()

	out, err := w.wait(revert)
	var failed *argocd.FailedError
	if !errors.As(err, &failed) || failed.Cause.Kind != argocd.CauseStalled {
		t.Fatalf("wait: %v %+v\n%s", err, out.Verdict, w.trace())
	}
	w.mustRun(revert)
}

// A termination that arrives late ends our own operation: it is begun again.
func TestTerminationHitsOurOperation(t *testing.T) {
	w := newWorld(t, argotest.App{AutoSync: true})
	w.start()
	bad := w.push(argotest.Deployment{Image: image("b2"), Hook: image("hang")})
	w.hang(bad)
	want := w.push(argotest.Deployment{Image: image("c3")})
	w.server.Fault(func(f *argotest.Faults) { f.LateTerminate = true })
	w.events = nil
	out := w.mustRun(want)
	if !out.Synced || len(out.Preempted) != 1 {
		t.Errorf("outcome %+v\n%s", out, w.trace())
	}
}

// Images of the summary, and Progressing health, say nothing: the live workload decides, and fails soon with its cause.
func TestRolloutThatCannotSucceedFailsSoon(t *testing.T) {
	tests := []struct {
		image string
		kind  argocd.CauseKind
		text  string
	}{
		{"crash", argocd.CauseCrashLoop, "OOMKilled"},
		{"nopull", argocd.CauseImagePull, "manifest unknown"},
		{"nonode", argocd.CauseUnschedulable, "Insufficient nvidia.com/gpu"},
		{"psa", argocd.CausePodSecurity, "allowPrivilegeEscalation"},
		{"limits", argocd.CauseLimitRange, "nvidia.com/gpu usage"},
		{"mount", argocd.CauseContainerConfig, `secret "weights" not found`},
	}
	for _, test := range tests {
		t.Run(test.image, func(t *testing.T) {
			w := newWorld(t, argotest.App{AutoSync: true})
			w.start()
			want := w.push(argotest.Deployment{Image: image(test.image)})
			out, err := w.deploy(want)
			var failed *argocd.FailedError
			if !errors.As(err, &failed) || failed.Cause.Kind != test.kind || !strings.Contains(failed.Cause.Message, test.text) {
				t.Fatalf("%v\n%s", err, w.trace())
			}
			if out.State.Health != "Progressing" {
				t.Errorf("health was %s: the test is about failing before it turns", out.State.Health)
			}
			if live, _ := w.server.Serving("vision-prod", "resnet"); live != image("a1") {
				t.Errorf("serving %s, want the old version", live)
			}
		})
	}
}

// Quota leaves no trace but on the ReplicaSet, while the operation succeeded and the old version serves.
func TestQuota(t *testing.T) {
	w := newWorld(t, argotest.App{}, func(o *argotest.Options) { o.PodQuota = func(string) int { return 2 } })
	w.start()
	want := w.push(argotest.Deployment{Image: image("b2")})
	out, err := w.deploy(want)
	var failed *argocd.FailedError
	if !errors.As(err, &failed) || failed.Cause.Kind != argocd.CauseQuota || !strings.Contains(failed.Cause.Message, "limited: pods=2") {
		t.Fatalf("%v\n%s", err, w.trace())
	}
	if out.State.Operation.Phase != argocd.PhaseSucceeded || len(out.Diagnosis.Events) == 0 {
		t.Errorf("operation %+v, diagnosis %+v", out.State.Operation, out.Diagnosis)
	}
}

// A Deployment that never becomes ready says so only when its own deadline is over.
func TestNeverReady(t *testing.T) {
	w := newWorld(t, argotest.App{})
	w.start()
	want := w.push(argotest.Deployment{Image: image("unready"), DeadlineSeconds: 8})
	_, err := w.deploy(want)
	var failed *argocd.FailedError
	if !errors.As(err, &failed) || failed.Cause.Kind != argocd.CauseProgressDeadline {
		t.Fatalf("%v\n%s", err, w.trace())
	}
	want = w.push(argotest.Deployment{Image: image("unready1"), DeadlineSeconds: 2100})
	p := patience()
	p.Timeout = 300 * time.Millisecond
	_, err = w.client.Deploy(t.Context(), w.app, want, p, nil)
	var timeout *argocd.TimeoutError
	if !errors.As(err, &timeout) || !strings.Contains(timeout.Reason, "1 of 2 replicas updated, 2 available, 3 in all") {
		t.Fatalf("%v", err)
	}
}

// A comparison that fails leaves Synced and Healthy of the past, or Unknown.
func TestComparisonFails(t *testing.T) {
	w := newWorld(t, argotest.App{AutoSync: true})
	w.start()
	want := w.push(argotest.Deployment{Image: image("b2")})
	w.server.Fault(func(f *argotest.Faults) { f.ComparisonError = "repository not accessible" })
	_, err := w.deploy(want)
	var failed *argocd.FailedError
	if !errors.As(err, &failed) || failed.Cause.Kind != argocd.CauseComparison || !strings.Contains(failed.Cause.Message, "not accessible") {
		t.Fatalf("%v\n%s", err, w.trace())
	}
	w.server.Fault(func(f *argotest.Faults) { f.ComparisonError = "" })
	w.mustRun(want)
}

// A self-healing operation names our revision and has synced one object only; it proves nothing by itself, and the live
// workload does.
func TestSelfHealAfterDrift(t *testing.T) {
	w := newWorld(t, argotest.App{AutoSync: true, SelfHeal: true})
	want := w.start()
	w.server.Edit("Deployment", "vision-prod", "resnet", func(m map[string]any) {
		m["spec"].(map[string]any)["replicas"] = float64(1)
	})
	out, err := w.wait(want)
	if err != nil {
		t.Fatalf("%v\n%s", err, w.trace())
	}
	if !out.State.Operation.Partial || out.State.Workload.Available != 2 {
		t.Errorf("operation %+v, workload %+v", out.State.Operation, out.State.Workload)
	}
	w.mustBeTrue(want)
}

// Drift without self-healing: the last operation is ours and succeeded, and what runs is something else.
func TestDriftIsNotSuccess(t *testing.T) {
	w := newWorld(t, argotest.App{})
	want := w.start()
	w.server.Edit("Deployment", "vision-prod", "resnet", func(m map[string]any) {
		m["metadata"].(map[string]any)["annotations"] = map[string]any{}
	})
	p := patience()
	p.Degraded, p.Timeout = time.Hour, 200*time.Millisecond
	if out, err := w.client.Wait(t.Context(), w.app, want, p, nil); err == nil {
		t.Fatalf("passed: %+v", out.Verdict)
	}
	w.mustRun(want)
}

// Synced by Argo CD's own account, and another image live: an override on the Application, or an ignored difference.
func TestSyncedAndNotWhatGitSays(t *testing.T) {
	w := newWorld(t, argotest.App{})
	w.start()
	w.server.Fault(func(f *argotest.Faults) { f.KeepImage = true })
	w.app.Overrides = []string{"source.kustomize is set"}
	want := w.push(argotest.Deployment{Image: image("b2")})
	out, err := w.deploy(want)
	var failed *argocd.FailedError
	if !errors.As(err, &failed) || failed.Cause.Kind != argocd.CauseMismatch || !strings.Contains(failed.Cause.Message, "source.kustomize is set") {
		t.Fatalf("%v %+v\n%s", err, out.Verdict, w.trace())
	}
}
