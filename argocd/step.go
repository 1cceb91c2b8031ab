package argocd

import "time"

// step is what to do about operations before the next look.
type step int

const (
	stepLook step = iota
	stepTerminate
	stepSync
	stepEnd
)

// memory is what a Deploy has done so far.
type memory struct {
	// syncs and terminations count accepted requests.
	syncs, terminations int
	// syncDenied is set where the account may not sync and auto-sync has to.
	syncDenied bool
	// held is the operation that was shown when the last request was accepted; until another shows, or the time is over,
	// nothing more is asked for.
	held      operationID
	heldUntil time.Time
}

// maxSyncs bounds how often one Deploy begins an operation; more than one is only needed where one of ours was ended by
// a termination that was meant for another.
const maxSyncs, maxTerminations = 3, 5

// operationID tells operations, and their phases, apart.
type operationID struct {
	phase, revision, message string
	started                  time.Time
}

func (o *Operation) id() operationID {
	if o == nil {
		return operationID{}
	}
	return operationID{o.Phase, o.Revision, o.Message, o.StartedAt}
}

// nextStep decides, from a look and its verdict, what a Deploy does next. It is pure.
func nextStep(s State, v Verdict, m memory, now time.Time) step {
	op := s.Operation
	switch {
	case v.Status == Done || v.Status == Superseded || s.Deleting:
		return stepEnd
	case now.Before(m.heldUntil) && op.id() == m.held:
		return stepLook
	case op.Running():
		if v.Status == Failed {
			return stepEnd
		}
		if op.Relation == RelationOlder && op.Phase == PhaseRunning && !m.syncDenied && m.terminations < maxTerminations {
			return stepTerminate
		}
		return stepLook
	case !m.syncDenied && needsSync(s, m):
		return stepSync
	case v.Status == Failed:
		return stepEnd
	}
	return stepLook
}

// needsSync reports whether an operation has to be begun, with none running.
func needsSync(s State, m memory) bool {
	op := s.Operation
	if m.syncs >= maxSyncs {
		return false
	}
	applied := s.Relation.Ours() && s.SyncStatus == "Synced"
	switch {
	case op == nil:
		return !applied || m.syncs == 0
	case op.Bad():
		// One that failed before this call is tried again. One of this call is not, unless it was our termination that
		// ended it: that names no operation, so it can hit the next one.
		other := !op.Relation.Ours() && s.Relation.Ours() && s.Comparison == ""
		return m.syncs == 0 || other || m.terminations > 0 && op.cause().Kind == CauseTerminated
	case op.applied():
		// Until it is compared again, an OutOfSync is older than the operation.
		return m.syncs == 0 && unequal(s)
	}
	return !applied
}
