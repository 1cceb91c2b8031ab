package argocd

import (
	"fmt"
	"strings"
)

// Judge says what a look at an Application means. It is pure: the same arguments give the same verdict.
//
// Done needs all of: the compared revision is the wanted commit or a later one with the same overlay; it is Synced and
// Healthy by a comparison made after the last operation ended; that operation did not fail and none runs; and the live
// workload itself carries the release and the image, has been observed by its controller, and has as many updated and
// available replicas as it wants and no others.
func Judge(w Want, p Patience, s State) Verdict {
	rules := [...]func(Want, Patience, State) *Verdict{
		ruleDeleting, ruleSuperseded, ruleForeignOperation, ruleFailedOperation, ruleTrouble, ruleRunningOperation,
		ruleRevision, ruleSynced, ruleLastOperation, ruleAssessed, ruleWorkload, ruleReplicas, ruleHealth,
	}
	for _, rule := range rules {
		if v := rule(w, p, s); v != nil {
			if v.Revision == "" {
				v.Revision = s.Revision
			}
			if v.Status == Pending && v.Cause == nil {
				v.Cause = worst(s.Findings)
			}
			return *v
		}
	}
	return Verdict{Status: Done, Revision: s.Revision, Reason: proof(w, s)}
}

func proof(w Want, s State) string {
	return fmt.Sprintf("%s is synced and healthy; %s runs release %s with %d of %d replicas",
		short(s.Revision), s.Workload.Object, w.ReleaseID, s.Workload.Available, s.Workload.Wanted)
}

func pending(format string, args ...any) *Verdict {
	return &Verdict{Status: Pending, Reason: fmt.Sprintf(format, args...)}
}

func failed(c Cause, certain bool) *Verdict {
	return &Verdict{Status: Failed, Reason: c.String(), Cause: &c, Certain: certain}
}

func ruleDeleting(_ Want, _ Patience, s State) *Verdict {
	if !s.Deleting {
		return nil
	}
	return failed(Cause{Kind: CauseDeleted, Message: "Argo CD is removing the Application"}, true)
}

// ruleSuperseded looks at the operation too: it may be ahead of the comparison.
func ruleSuperseded(_ Want, _ Patience, s State) *Verdict {
	revision := ""
	switch {
	case s.Relation == RelationSuperseded:
		revision = s.Revision
	case s.Operation != nil && s.Operation.Relation == RelationSuperseded:
		revision = s.Operation.Revision
	default:
		return nil
	}
	return &Verdict{Status: Superseded, Revision: revision, Reason: short(revision) + " changed the overlay after the wanted commit"}
}

func ruleForeignOperation(_ Want, _ Patience, s State) *Verdict {
	if op := s.Operation; op.Running() && !op.Relation.Ours() {
		return pending("an operation on %s still runs (%s)%s", short(op.Revision), op.Phase, suffix(op.Message))
	}
	return nil
}

// ruleFailedOperation ends the wait where Argo CD tried to apply our overlay and could not. A failed dry run applied
// nothing, and a failed partial operation is a self-heal, which Argo CD tries again.
func ruleFailedOperation(_ Want, p Patience, s State) *Verdict {
	op := s.Operation
	if op == nil || !op.Relation.Ours() || op.Partial || op.DryRun {
		return nil
	}
	if op.Bad() || op.Running() && p.OperationRetries > 0 && op.Retries >= p.OperationRetries {
		return failed(op.cause(), true)
	}
	return nil
}

// cause says why an operation failed: the first object that could not be applied, else its own message.
func (o *Operation) cause() Cause {
	if strings.HasPrefix(o.Message, terminatedMessage) {
		return Cause{Kind: CauseTerminated, Message: fmt.Sprintf("somebody ended the operation on %s", short(o.Revision))}
	}
	if len(o.Failures) > 0 {
		return o.Failures[0]
	}
	return Cause{Kind: CauseOperation, Message: o.Message}
}

// ruleTrouble ends the wait where trouble has lasted longer than the patience for its kind.
func ruleTrouble(_ Want, p Patience, s State) *Verdict {
	var final []Finding
	certain := false
	for _, f := range s.Findings {
		limit, now := p.limit(f.Cause)
		if now || f.Seen >= limit {
			final = append(final, f)
			certain = certain || now
		}
	}
	if c := worst(final); c != nil {
		return failed(*c, certain)
	}
	return nil
}

// worst picks the cause that explains the most; nil without any.
func worst(findings []Finding) *Cause {
	var best *Cause
	for i := range findings {
		if c := &findings[i].Cause; best == nil || c.Kind.rank() < best.Kind.rank() {
			best = c
		}
	}
	if best == nil {
		return nil
	}
	c := *best
	return &c
}

func ruleRunningOperation(_ Want, _ Patience, s State) *Verdict {
	if op := s.Operation; op.Running() {
		return pending("the operation on %s is %s%s", short(op.Revision), strings.ToLower(op.Phase), suffix(op.Message))
	}
	return nil
}

func ruleRevision(_ Want, _ Patience, s State) *Verdict {
	switch {
	case s.Relation.Ours():
		return nil
	case s.Comparison != "":
		return pending("Argo CD cannot compare: %s", s.Comparison)
	case s.Revision == "":
		return pending("Argo CD has not compared the Application yet")
	case s.Relation == RelationOlder:
		return pending("Argo CD still shows %s", short(s.Revision))
	}
	return pending("Argo CD shows %s, which cannot be placed%s", short(s.Revision), suffix(s.RelationError))
}

func ruleSynced(_ Want, _ Patience, s State) *Verdict {
	switch {
	case s.Comparison != "":
		return pending("Argo CD cannot compare: %s", s.Comparison)
	case s.SyncStatus == "Synced":
		return nil
	case s.SyncStatus == "OutOfSync" && !s.AutoSync:
		return pending("%s is there and not applied; auto-sync is off, so somebody has to sync", short(s.Revision))
	}
	return pending("%s is %s", short(s.Revision), s.SyncStatus)
}

// ruleLastOperation asks that the last operation that could touch our objects ended well. A failed one on another
// revision may have applied a part of it, and Argo CD starts no other by itself where it sees no difference.
func ruleLastOperation(_ Want, _ Patience, s State) *Verdict {
	if op := s.Operation; op.Bad() && !op.DryRun {
		return pending("the last operation, on %s, failed%s; none has been made since", short(op.Revision), suffix(op.Message))
	}
	return nil
}

// stalled reports a state that nothing will change by itself.
func stalled(s State) bool {
	return s.Relation.Ours() && s.SyncStatus == "Synced" && s.Operation.Bad() && !s.Operation.DryRun &&
		(!s.Operation.Relation.Ours() || s.Operation.Partial)
}

// unequal reports an Application that differs from the manifests although a whole sync of ours ended well before the
// comparison: something changes objects back, or objects wait to be pruned.
func unequal(s State) bool {
	op := s.Operation
	return s.Relation.Ours() && s.SyncStatus == "OutOfSync" && op.applied() && s.assessed()
}

// applied reports a whole sync of our overlay that ended well.
func (o *Operation) applied() bool {
	return o != nil && o.Phase == PhaseSucceeded && o.Relation.Ours() && !o.Partial && !o.DryRun
}

// ruleAssessed asks for a comparison after the operation. Both moments are whole seconds of one clock, so that equal is
// not after.
func ruleAssessed(_ Want, _ Patience, s State) *Verdict {
	if s.assessed() {
		return nil
	}
	return pending("not compared since the operation on %s ended", short(s.Operation.Revision))
}

func (s State) assessed() bool {
	op := s.Operation
	return op == nil || !op.FinishedAt.IsZero() && s.ReconciledAt.After(op.FinishedAt)
}

func ruleWorkload(w Want, _ Patience, s State) *Verdict {
	if s.Workload == nil {
		return pending("%s cannot be read%s", w.object(), suffix(s.WorkloadError))
	}
	if why := mismatch(w, s.Workload); why != "" {
		return pending("%s", why)
	}
	return nil
}

// mismatch says how a live workload differs from what the release asks for; empty where it does not.
func mismatch(w Want, live *Workload) string {
	switch {
	case live.ReleaseID != w.ReleaseID:
		return fmt.Sprintf("%s carries release %s, not %s", live.Object, orNone(live.ReleaseID), w.ReleaseID)
	case !sameImage(live.Image, w.Image):
		return fmt.Sprintf("%s has image %s in container %s, not %s", live.Object, orNone(live.Image), w.container(), w.Image)
	case w.Retired && live.Wanted != 0:
		return fmt.Sprintf("%s still wants %d replicas", live.Object, live.Wanted)
	}
	return ""
}

// ruleReplicas asks that the controller has seen the object, and that its pods are all of this rollout and available.
func ruleReplicas(w Want, _ Patience, s State) *Verdict {
	live := s.Workload
	switch {
	case live.ObservedGeneration != live.Generation:
		return pending("%s is not yet observed by its controller", live.Object)
	case live.Paused:
		return pending("%s is paused", live.Object)
	case live.Wanted == 0 && !w.Retired:
		return pending("%s wants no replicas", live.Object)
	case live.Updated != live.Wanted || live.Available != live.Wanted || live.Total != live.Wanted:
		return pending("%s: %d of %d replicas updated, %d available, %d in all",
			live.Object, live.Updated, live.Wanted, live.Available, live.Total)
	}
	return nil
}

func ruleHealth(_ Want, _ Patience, s State) *Verdict {
	if s.Health == "Healthy" {
		return nil
	}
	return pending("health is %s", orNone(s.Health))
}

// sameImage compares name and digest; a tag beside the digest does not matter.
func sameImage(a, b string) bool {
	nameA, digestA, okA := strings.Cut(a, "@")
	nameB, digestB, okB := strings.Cut(b, "@")
	return okA && okB && digestA == digestB && withoutTag(nameA) == withoutTag(nameB)
}

func withoutTag(name string) string {
	if i := strings.LastIndex(name, ":"); i > strings.LastIndex(name, "/") {
		return name[:i]
	}
	return name
}

func (w Want) object() Object {
	o := w.Workload
	if o.Kind == "" {
		o.Kind = "Deployment"
	}
	if o.Group == "" && o.Kind == "Deployment" {
		o.Group = "apps"
	}
	return o
}

func suffix(text string) string {
	if text == "" {
		return ""
	}
	return ": " + text
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}
