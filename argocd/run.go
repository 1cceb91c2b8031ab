package argocd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// run is one Deploy or Wait.
type run struct {
	caller
	app    AppRef
	want   Want
	p      Patience
	report func(Event)
	start  time.Time

	out       Outcome
	memory    memory
	placed    map[string]placement
	seen      map[causeKey]time.Time
	rollout   rollout
	pods      []Pod
	looks     int
	following operationID
}

// Deploy makes Argo CD apply the wanted commit and proves that it runs: refresh; end an operation that is in the way,
// which is one on a revision without the commit; sync, or follow the operation that Argo CD began by itself; wait. What
// already runs is proven without a sync.
//
// The commit must be on the branch before: an operation that is ended earlier is begun again by any later commit. Where
// the account may not sync and auto-sync is on, it waits and says so in a note.
//
// The outcome is filled in as far as it is known also beside an error. Errors: *FailedError, *SupersededError,
// *TimeoutError, *PermissionError, *AuthError, *UnavailableError, *NoAppError, and that of a context that was cancelled.
func (c *Client) Deploy(ctx context.Context, app AppRef, want Want, p Patience, report func(Event)) (Outcome, error) {
	return c.newRun(app, want, p, report).loop(ctx, true)
}

// Wait proves that the wanted commit runs, and starts or ends nothing. Outcome and errors are those of [Client.Deploy].
func (c *Client) Wait(ctx context.Context, app AppRef, want Want, p Patience, report func(Event)) (Outcome, error) {
	return c.newRun(app, want, p, report).loop(ctx, false)
}

func (c *Client) newRun(app AppRef, want Want, p Patience, report func(Event)) *run {
	r := &run{
		caller: c.caller, app: app, want: want, p: p, report: report, start: c.opts.Now(),
		placed: map[string]placement{}, out: Outcome{App: app},
	}
	r.outage = p.Outage
	r.onRetry = func(err error) { r.tell(EventReconnecting, err.Error()) }
	for _, text := range app.Overrides {
		r.note("override", text)
	}
	return r
}

// errTimeout is the cause of a context whose time, given as patience, is over.
var errTimeout = errors.New("time is over")

// loop looks, judges and acts until the verdict is final.
func (r *run) loop(ctx context.Context, drive bool) (Outcome, error) {
	if r.p.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, r.p.Timeout, errTimeout)
		defer cancel()
	}
	for refresh := true; ; {
		s, err := r.look(ctx, refresh)
		if err != nil {
			return r.end(ctx, err)
		}
		v := Judge(r.want, r.p, s)
		r.show(s, v)
		switch r.next(s, v, drive) {
		case stepEnd:
			if v.Status != Done || refresh {
				return r.end(ctx, r.conclude(ctx, v))
			}
			// The last proof is a fresh one: the branch may have moved since the last refresh.
			refresh = true
			continue
		case stepTerminate:
			err = r.doTerminate(ctx, s)
		case stepSync:
			err = r.doSync(ctx, s)
		}
		if err == nil {
			err = sleep(ctx, r.p.poll())
		}
		if err != nil {
			return r.end(ctx, err)
		}
		refresh = r.wantsRefresh(s)
	}
}

func (r *run) next(s State, v Verdict, drive bool) step {
	if drive {
		return nextStep(s, v, r.memory, r.opts.Now())
	}
	if v.Status != Pending {
		return stepEnd
	}
	return stepLook
}

// wantsRefresh asks for a comparison where the last one cannot be the proof, and now and then to see later commits.
func (r *run) wantsRefresh(s State) bool {
	r.looks++
	if s.Operation.Running() && s.Relation.Ours() {
		return r.looks%10 == 0
	}
	return !s.Relation.Ours() || !s.assessed() || s.SyncStatus != "Synced" || r.looks%10 == 0
}

func (r *run) show(s State, v Verdict) {
	r.out.State, r.out.Verdict = &s, v
	for _, w := range s.Warnings {
		r.note("warning", w)
	}
	op := s.Operation
	if id := op.id(); op.Running() && op.Relation.Ours() && op.Revision != r.following.revision && r.memory.syncs == 0 {
		r.following = id
		r.out.Followed = true
		r.tell(EventFollowing, "following the operation on "+short(op.Revision))
	}
	r.emit(Event{Kind: EventWaiting, Message: v.Reason, Verdict: v, State: &s})
}

// doTerminate ends the operation that is in the way. It is over when a later look shows it gone.
func (r *run) doTerminate(ctx context.Context, s State) error {
	r.tell(EventPreempting, fmt.Sprintf("ending the operation on %s, which does not contain %s", short(s.Operation.Revision), short(r.want.Commit)))
	err := r.terminate(ctx, r.app)
	var server *ServerError
	switch {
	case err == nil:
		r.memory.terminations++
		r.hold(s)
		r.out.Preempted = append(r.out.Preempted, s.Operation.Revision)
		r.tell(EventTerminated, "asked Argo CD to end it")
		return nil
	case errors.As(err, &server):
		// It ended by itself in between, or Argo CD met a conflict of writes: the next look decides.
		return nil
	}
	return r.denied(err, s)
}

func (r *run) doSync(ctx context.Context, s State) error {
	err := r.sync(ctx, r.app)
	var server *ServerError
	switch {
	case err == nil:
		r.memory.syncs++
		r.hold(s)
		r.out.Synced = true
		r.tell(EventSyncing, "asked Argo CD to sync")
		return nil
	case errors.As(err, &server) && server.inProgress():
		r.out.Followed = true
		r.tell(EventFollowing, "Argo CD has begun an operation by itself")
		return nil
	case errors.As(err, &server) && server.refused():
		return r.failedError(Cause{Kind: CauseOperation, Message: server.Detail})
	}
	return r.denied(err, s)
}

// hold keeps from asking again until the request shows.
func (r *run) hold(s State) {
	r.memory.held, r.memory.heldUntil = s.Operation.id(), r.opts.Now().Add(2*time.Second)
}

// denied decides what a missing right to sync means: with auto-sync on, Argo CD does it without us.
func (r *run) denied(err error, s State) error {
	var denied *PermissionError
	if !errors.As(err, &denied) {
		return err
	}
	if denied.syncWindow() {
		return r.failedError(Cause{Kind: CauseSyncWindow, Message: denied.Detail})
	}
	if !s.AutoSync {
		return err
	}
	r.memory.syncDenied = true
	r.note("denied", "needs "+denied.Right)
	r.tell(EventSyncDenied, "this account may not sync (needs "+denied.Right+"); auto-sync is on, so waiting for it")
	return nil
}

func (r *run) failedError(c Cause) *FailedError {
	return &FailedError{App: r.app.Name, Commit: r.want.Commit, Cause: c}
}

// conclude gives a final verdict its error, and gathers what explains a failure.
func (r *run) conclude(ctx context.Context, v Verdict) error {
	switch v.Status {
	case Done:
		r.emit(Event{Kind: EventDone, Message: v.Reason, Verdict: v, State: r.out.State})
		return nil
	case Superseded:
		return &SupersededError{App: r.app.Name, Commit: r.want.Commit, Revision: v.Revision}
	case Pending, Failed:
	}
	r.out.Diagnosis = r.diagnose(ctx, *v.Cause)
	return r.failedError(*v.Cause)
}

// end fills in the outcome, and tells a time that is over from other errors.
func (r *run) end(ctx context.Context, err error) (Outcome, error) {
	r.out.Elapsed = r.opts.Now().Sub(r.start)
	over := errors.Is(context.Cause(ctx), errTimeout) || errors.Is(ctx.Err(), context.DeadlineExceeded)
	if err != nil && over && !final(err) {
		reason := orText(r.out.Verdict.Reason, err.Error())
		err = &TimeoutError{App: r.app.Name, Commit: r.want.Commit, After: r.out.Elapsed, Reason: reason}
	}
	return r.out, err
}

// final reports errors that are an answer, whatever the time.
func final(err error) bool {
	return asType[*FailedError](err) || asType[*SupersededError](err) || asType[*AuthError](err) || asType[*PermissionError](err)
}

func (r *run) tell(kind EventKind, message string) { r.emit(Event{Kind: kind, Message: message}) }

func (r *run) emit(e Event) {
	if r.report == nil {
		return
	}
	e.Elapsed = r.opts.Now().Sub(r.start)
	r.report(e)
}

func (r *run) note(kind, text string) {
	n := Note{Kind: kind, Text: text}
	if !slices.Contains(r.out.Notes, n) {
		r.out.Notes = append(r.out.Notes, n)
	}
}
