package argocd

import (
	"strings"
	"testing"
	"time"
)

// second gives moments of the controller's clock.
func second(n int) time.Time { return time.Date(2026, 11, 25, 12, 0, n, 0, time.UTC) }

const (
	wantCommit  = "1111111111111111111111111111111111111111"
	laterCommit = "2222222222222222222222222222222222222222"
	olderCommit = "0000000000000000000000000000000000000000"
	wantImage   = "registry.example.com:5000/ml/resnet@sha256:aa"
)

// proven is a state that everything speaks for.
func proven() State {
	return State{
		AutoSync: true, SyncStatus: "Synced", Revision: wantCommit, Relation: RelationSame, Health: "Healthy", ReconciledAt: second(12),
		Operation: &Operation{Phase: PhaseSucceeded, Revision: wantCommit, Relation: RelationSame, StartedAt: second(9), FinishedAt: second(10)},
		Workload: &Workload{
			Object: Object{Group: "apps", Kind: "Deployment", Name: "resnet"}, ReleaseID: "r2", Image: wantImage,
			Generation: 4, ObservedGeneration: 4, Wanted: 3, Total: 3, Updated: 3, Available: 3, Ready: 3, Revision: "7",
		},
	}
}

func found(kind CauseKind, seen time.Duration, restarts int) func(*State) {
	return func(s *State) {
		s.Workload.Available = 0
		s.Health = "Progressing"
		s.Findings = append(s.Findings, Finding{Cause: Cause{Kind: kind, Message: "text", Restarts: restarts}, Seen: seen})
	}
}

func TestJudge(t *testing.T) {
	op := func(change func(*Operation)) func(*State) { return func(s *State) { change(s.Operation) } }
	live := func(change func(*Workload)) func(*State) { return func(s *State) { change(s.Workload) } }
	onOlder := func(o *Operation) { o.Revision, o.Relation = olderCommit, RelationOlder }
	tests := []struct {
		name   string
		change func(*State)
		want   Status
		reason string
		cause  CauseKind
	}{
		{"everything speaks for it", func(*State) {}, Done, "synced and healthy; Deployment resnet runs release r2 with 3 of 3 replicas", ""},
		{"a later commit with our overlay", func(s *State) { s.Revision, s.Relation = laterCommit, RelationDescendant }, Done, "2222222", ""},
		{"an operation on a later commit with our overlay", op(func(o *Operation) { o.Revision, o.Relation = laterCommit, RelationDescendant }), Done, "", ""},
		{"no operation ever", func(s *State) { s.Operation = nil }, Done, "", ""},
		{"a self-heal was last", op(func(o *Operation) { o.Partial = true }), Done, "", ""},
		{"the last operation ended well before the commit, which changed nothing live", op(onOlder), Done, "", ""},

		{"lie 1: status from before the push", func(s *State) { s.Revision, s.Relation = olderCommit, RelationOlder; onOlder(s.Operation) }, Pending, "still shows 0000000", ""},
		{"lie 2: our operation succeeded, status older", func(s *State) { s.Revision, s.Relation = olderCommit, RelationOlder }, Pending, "still shows", ""},
		{"lie 3: OutOfSync after our operation", func(s *State) { s.SyncStatus = "OutOfSync" }, Pending, "is OutOfSync", ""},
		{"lie 3: compared before the operation ended", func(s *State) { s.ReconciledAt = second(8) }, Pending, "not compared since", ""},
		{"lie 3: compared in the second that it ended", func(s *State) { s.ReconciledAt = second(10) }, Pending, "not compared since", ""},
		{"lie 4: the bad operation runs, ours looks synced", op(func(o *Operation) { onOlder(o); o.Phase = PhaseRunning }), Pending, "an operation on 0000000 still runs", ""},
		{"lie 4: it is being ended", op(func(o *Operation) { onOlder(o); o.Phase = PhaseTerminating }), Pending, "still runs (Terminating)", ""},
		{"lie 5: the bad operation was ended, ours looks synced", op(func(o *Operation) { onOlder(o); o.Phase, o.Message = PhaseFailed, "Operation terminated" }), Pending, "the last operation, on 0000000, failed", ""},
		{"lie 6: another image live", live(func(w *Workload) { w.Image = "registry.example.com:5000/ml/resnet@sha256:bb" }), Pending, "has image", ""},
		{"lie 6: another release live", live(func(w *Workload) { w.ReleaseID = "r1" }), Pending, "carries release r1, not r2", ""},
		{"lie 6: no annotation", live(func(w *Workload) { w.ReleaseID = "" }), Pending, "carries release none", ""},
		{"lie 7: Progressing", func(s *State) { s.Health = "Progressing"; s.Workload.Available = 2 }, Pending, "2 available", ""},
		{"lie 8: operation on a revision that does not exist", op(func(o *Operation) { o.Phase, o.Revision, o.Relation = PhaseError, "ffff", RelationUnknown }), Pending, "failed", ""},
		{"lie 9: refused pods, first seen", found(CauseQuota, 0, 0), Pending, "0 available", CauseQuota},
		{"lie 9: refused pods, for long", found(CauseQuota, time.Minute, 0), Failed, "quota", CauseQuota},
		{"lie 10: refresh gave an older revision that contains nothing", func(s *State) { s.Revision, s.Relation = olderCommit, RelationUnknown }, Pending, "cannot be placed", ""},
		{"lie 11: our operation was ended", op(func(o *Operation) { o.Phase, o.Message = PhaseFailed, "Operation terminated" }), Failed, "somebody ended the operation", CauseTerminated},

		{"an accepted operation on an unknown revision", op(func(o *Operation) { *o = Operation{Phase: PhasePending} }), Pending, "no revision still runs (Pending)", ""},
		{"our operation runs", op(func(o *Operation) { o.Phase = PhaseRunning }), Pending, "the operation on 1111111 is running", ""},
		{"our operation is tried again", op(func(o *Operation) { o.Phase, o.Retries = PhaseRunning, 1 }), Pending, "running", ""},
		{"our operation is tried again and again", op(func(o *Operation) { o.Phase, o.Retries, o.Message = PhaseRunning, 2, "no" }), Failed, "operation: no", CauseOperation},
		{"our operation failed at an object", op(func(o *Operation) {
			o.Phase, o.Failures = PhaseFailed, []Cause{{Kind: CauseOperation, Object: Object{Kind: "Deployment", Name: "resnet"}, Message: "field is immutable"}}
		}), Failed, "Deployment resnet: operation: field is immutable", CauseOperation},
		{"a self-heal failed", op(func(o *Operation) { o.Phase, o.Partial = PhaseFailed, true }), Pending, "the last operation", ""},
		{"a dry run failed", op(func(o *Operation) { o.Phase, o.DryRun = PhaseFailed, true }), Done, "", ""},
		{"an operation without an end", op(func(o *Operation) { o.FinishedAt = time.Time{} }), Pending, "not compared since", ""},

		{"another overlay on the branch", func(s *State) { s.Revision, s.Relation = laterCommit, RelationSuperseded }, Superseded, "2222222 changed the overlay", ""},
		{"another overlay in the operation only", op(func(o *Operation) { o.Revision, o.Relation = laterCommit, RelationSuperseded }), Superseded, "2222222", ""},
		{"no comparison yet", func(s *State) { s.Revision, s.Relation, s.SyncStatus = "", RelationUnknown, "" }, Pending, "has not compared", ""},
		{"manual and not applied", func(s *State) { s.SyncStatus, s.AutoSync = "OutOfSync", false }, Pending, "somebody has to sync", ""},
		{"sync status unknown", func(s *State) { s.SyncStatus = "Unknown" }, Pending, "is Unknown", ""},
		{"comparison fails, first seen", func(s *State) {
			s.Comparison, s.Findings = "app path does not exist", []Finding{{Cause: Cause{Kind: CauseComparison}}}
		}, Pending, "app path does not exist", CauseComparison},
		{"workload cannot be read", func(s *State) { s.Workload, s.WorkloadError = nil, "denied" }, Pending, "Deployment resnet cannot be read: denied", ""},
		{"not observed", live(func(w *Workload) { w.ObservedGeneration = 3 }), Pending, "not yet observed", ""},
		{"paused", live(func(w *Workload) { w.Paused = true }), Pending, "is paused", ""},
		{"scaled to nothing", live(func(w *Workload) { w.Wanted, w.Total, w.Updated, w.Available = 0, 0, 0, 0 }), Pending, "wants no replicas", ""},
		{"old pods left", live(func(w *Workload) { w.Total = 4 }), Pending, "4 in all", ""},
		{"old pods serve", live(func(w *Workload) { w.Updated = 1 }), Pending, "1 of 3 replicas updated", ""},
		{"healthy workload, degraded Application", func(s *State) { s.Health = "Degraded" }, Pending, "health is Degraded", ""},
		{"health unknown", func(s *State) { s.Health = "" }, Pending, "health is none", ""},
		{"Application is removed", func(s *State) { s.Deleting = true }, Failed, "removing", CauseDeleted},

		{"crashed once", found(CauseCrashLoop, time.Second, 1), Pending, "0 available", CauseCrashLoop},
		{"crashed thrice", found(CauseCrashLoop, time.Second, 3), Failed, "crash-loop", CauseCrashLoop},
		{"crashing for long", found(CauseCrashLoop, time.Minute, 1), Failed, "crash-loop", CauseCrashLoop},
		{"no node for a minute", found(CauseUnschedulable, time.Minute, 0), Pending, "0 available", CauseUnschedulable},
		{"no node for long", found(CauseUnschedulable, time.Hour, 0), Failed, "unschedulable", CauseUnschedulable},
		{"deadline over", found(CauseProgressDeadline, 0, 0), Failed, "progress-deadline", CauseProgressDeadline},
		{"the pod's words before the summary", func(s *State) {
			found(CauseProgressDeadline, time.Hour, 0)(s)
			found(CauseImagePull, time.Hour, 0)(s)
		}, Failed, "image-pull", CauseImagePull},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := proven()
			test.change(&s)
			w := Want{Commit: wantCommit, ReleaseID: "r2", Image: wantImage, Workload: Object{Kind: "Deployment", Name: "resnet"}}
			v := Judge(w, DefaultPatience(), s)
			if v.Status != test.want || !strings.Contains(v.Reason, test.reason) {
				t.Errorf("%s: %s", v.Status, v.Reason)
			}
			if got := kindOf(v.Cause); got != test.cause {
				t.Errorf("cause %q, want %q", got, test.cause)
			}
		})
	}
}

func kindOf(c *Cause) CauseKind {
	if c == nil {
		return ""
	}
	return c.Kind
}

// Every part of the proof is needed: taking any one away must not leave Done.
func TestJudgeNeedsEveryPart(t *testing.T) {
	w := Want{Commit: wantCommit, ReleaseID: "r2", Image: wantImage}
	for name, spoil := range map[string]func(*State){
		"relation": func(s *State) { s.Relation = RelationUnknown }, "sync": func(s *State) { s.SyncStatus = "" },
		"health": func(s *State) { s.Health = "" }, "reconciled": func(s *State) { s.ReconciledAt = time.Time{} },
		"phase": func(s *State) { s.Operation.Phase = PhaseRunning }, "workload": func(s *State) { s.Workload = nil },
		"release": func(s *State) { s.Workload.ReleaseID = "" }, "image": func(s *State) { s.Workload.Image = "" },
		"observed": func(s *State) { s.Workload.ObservedGeneration = 0 }, "updated": func(s *State) { s.Workload.Updated = 0 },
		"available": func(s *State) { s.Workload.Available = 0 }, "total": func(s *State) { s.Workload.Total = 0 },
	} {
		s := proven()
		spoil(&s)
		if v := Judge(w, DefaultPatience(), s); v.Status == Done {
			t.Errorf("without %s it is still done: %s", name, v.Reason)
		}
	}
}

func TestJudgeRetired(t *testing.T) {
	w := Want{Commit: wantCommit, ReleaseID: "r2", Image: wantImage, Retired: true}
	s := proven()
	if v := Judge(w, DefaultPatience(), s); v.Status != Pending || !strings.Contains(v.Reason, "still wants 3 replicas") {
		t.Errorf("%s: %s", v.Status, v.Reason)
	}
	s.Workload.Wanted, s.Workload.Updated, s.Workload.Available = 0, 0, 0
	if v := Judge(w, DefaultPatience(), s); v.Status != Pending {
		t.Errorf("pods are left: %s: %s", v.Status, v.Reason)
	}
	s.Workload.Total = 0
	if v := Judge(w, DefaultPatience(), s); v.Status != Done {
		t.Errorf("%s: %s", v.Status, v.Reason)
	}
}

func TestSameImage(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"r:5000/m@sha256:a", "r:5000/m@sha256:a", true},
		{"r:5000/m:v1@sha256:a", "r:5000/m@sha256:a", true},
		{"r:5000/m@sha256:a", "r:5000/m@sha256:b", false},
		{"r:5000/m@sha256:a", "r:6000/m@sha256:a", false},
		{"r/m:v1", "r/m:v1", false}, // without a digest nothing is proven
		{"", "", false},
	} {
		if got := sameImage(test.a, test.b); got != test.want {
			t.Errorf("%q and %q: %v", test.a, test.b, got)
		}
	}
}

func TestNextStep(t *testing.T) {
	now := second(0)
	pendingVerdict, failedVerdict := Verdict{Status: Pending}, Verdict{Status: Failed, Cause: &Cause{Kind: CauseOperation}}
	running := func(r Relation) *Operation { return &Operation{Phase: PhaseRunning, Revision: "x", Relation: r} }
	ended := func(r Relation, message string) *Operation {
		return &Operation{Phase: PhaseFailed, Revision: "x", Relation: r, Message: message}
	}
	succeeded := &Operation{Phase: PhaseSucceeded, Relation: RelationSame, FinishedAt: second(1)}
	synced := State{Relation: RelationSame, SyncStatus: "Synced"}
	with := func(s State, op *Operation) State { s.Operation = op; return s }
	outOfSync := State{Relation: RelationSame, SyncStatus: "OutOfSync", ReconciledAt: second(5)}
	tests := []struct {
		name string
		s    State
		v    Verdict
		m    memory
		want step
	}{
		{"done", synced, Verdict{Status: Done}, memory{}, stepEnd},
		{"superseded", synced, Verdict{Status: Superseded}, memory{}, stepEnd},
		{"an older operation runs", with(synced, running(RelationOlder)), pendingVerdict, memory{}, stepTerminate},
		{"an operation that cannot be placed is left alone", with(synced, running(RelationUnknown)), pendingVerdict, memory{}, stepLook},
		{"ours runs", with(synced, running(RelationSame)), pendingVerdict, memory{}, stepLook},
		{"ours fails again and again", with(synced, running(RelationSame)), failedVerdict, memory{}, stepEnd},
		{"an older one is being ended", with(synced, &Operation{Phase: PhaseTerminating, Relation: RelationOlder}), pendingVerdict, memory{}, stepLook},
		{"asked a moment ago, nothing shows yet", with(synced, running(RelationOlder)), pendingVerdict,
			memory{held: running(RelationOlder).id(), heldUntil: second(1)}, stepLook},
		{"asked long ago", with(synced, running(RelationOlder)), pendingVerdict, memory{held: running(RelationOlder).id(), heldUntil: now}, stepTerminate},
		{"no right to end it", with(synced, running(RelationOlder)), pendingVerdict, memory{syncDenied: true}, stepLook},
		{"not applied", outOfSync, pendingVerdict, memory{}, stepSync},
		{"no right to sync", outOfSync, pendingVerdict, memory{syncDenied: true}, stepLook},
		{"applied by us, status follows", with(synced, succeeded), pendingVerdict, memory{syncs: 1}, stepLook},
		{"ours succeeded before, and what is live was changed since", with(outOfSync, succeeded), pendingVerdict, memory{}, stepSync},
		{"ours succeeded just now, and it still differs", with(outOfSync, succeeded), pendingVerdict, memory{syncs: 1}, stepLook},
		{"ours failed before this call", with(synced, ended(RelationSame, "no")), failedVerdict, memory{}, stepSync},
		{"ours failed in this call", with(synced, ended(RelationSame, "no")), failedVerdict, memory{syncs: 1}, stepEnd},
		{"our termination hit ours", with(synced, ended(RelationSame, terminatedMessage)), failedVerdict, memory{syncs: 1, terminations: 1}, stepSync},
		{"somebody ended ours", with(synced, ended(RelationSame, terminatedMessage)), failedVerdict, memory{syncs: 1}, stepEnd},
		{"the bad one was ended, ours looks synced", with(synced, ended(RelationOlder, terminatedMessage)), pendingVerdict, memory{}, stepSync},
		{"enough", with(synced, ended(RelationOlder, "no")), pendingVerdict, memory{syncs: maxSyncs}, stepLook},
		{"pods fail", with(synced, succeeded), failedVerdict, memory{}, stepEnd},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := nextStep(test.s, test.v, test.m, now); got != test.want {
				t.Errorf("step %d, want %d", got, test.want)
			}
		})
	}
}
