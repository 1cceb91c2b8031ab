package release

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/render/spec"
)

// Event is one step of an overlay's history, computed from trees and records.
type Event struct {
	// Action is promote, revert, retire, remove, hold, unhold, or edit for a change of the folder that no record tells of.
	Action string
	Commit gitops.Commit
	Time   time.Time
	// By is the author of the commit, as Git has it.
	By       string
	From, To *spec.Entry
	// Holds that were written or lifted with it.
	Held, Lifted []spec.Hold
	// Reason as the record has it.
	Reason string
	// Edited says that the release which was left had been changed by hand.
	Edited bool
	// Note says what is missing, such as history that a shallow clone does not have.
	Note string
}

// ActionEdit is a change of an overlay's folder that its record does not tell of.
const ActionEdit = "edit"

// History yields the steps of one overlay, newest first. It reads the trees and records of the first-parent history, so
// that neither a squash nor a message that somebody made up can change what it says.
func (d *Desk) History(ctx context.Context, snap *gitops.Snapshot, t spec.Target) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		var known lastState
		for step, err := range gitops.History(ctx, snap, t.Dir(), t.StateFile()) {
			var shallow *gitops.ShallowError
			if errors.As(err, &shallow) {
				yield(Event{Action: "", Note: shallow.Error()}, nil)
				return
			}
			if err != nil {
				yield(Event{}, err)
				return
			}
			for _, e := range eventsOf(ctx, step, t, &known) {
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// eventsOf compares the record before and after one commit.
func eventsOf(ctx context.Context, step gitops.Step, t spec.Target, known *lastState) []Event {
	base := Event{Commit: step.Commit, Time: step.Commit.Author.When, By: identText(step.Commit.Author)}
	after, before := known.at(ctx, step.Snapshot, t), known.at(ctx, step.Parent, t)
	if sameChange(before, after) {
		base.Action, base.To = ActionEdit, after.Spec.Current
		return []Event{base}
	}
	held, lifted := holdsDiffer(before, after)
	var out []Event
	if !sameCurrent(before, after) {
		out = append(out, releaseEvent(base, before, after, held, lifted))
		held, lifted = nil, nil
	}
	if len(held) > 0 {
		e := base
		e.Action, e.Held, e.Reason = spec.ActionHold, held, held[0].Reason
		out = append(out, e)
	}
	if len(lifted) > 0 {
		e := base
		e.Action, e.Lifted = spec.ActionUnhold, lifted
		e.Reason = trailer(step.Commit, "Modelops-Reason")
		out = append(out, e)
	}
	return out
}

func releaseEvent(e Event, before, after *spec.State, held, lifted []spec.Hold) Event {
	e.From, e.To, e.Held, e.Lifted = before.Spec.Current, after.Spec.Current, held, lifted
	e.Action = spec.ActionRemove
	if e.To != nil {
		e.Action, e.Reason = e.To.Action, e.To.Reason
	}
	if len(after.Spec.Past) > 0 && e.From != nil {
		left := after.Spec.Past[0]
		e.Edited = left.ID == e.From.ID && left.Edited
		if e.Reason == "" && left.Left != nil {
			e.Reason = left.Left.Reason
		}
	}
	return e
}

// lastState keeps the record that was read last: what one step found before it, the next one finds after it.
type lastState struct {
	id    gitops.Hash
	state *spec.State
}

func (l *lastState) at(ctx context.Context, snap *gitops.Snapshot, t spec.Target) *spec.State {
	if snap == nil {
		return newState(t)
	}
	id, err := snap.Blob(t.StateFile())
	if err == nil && !id.IsZero() && id == l.id {
		return l.state
	}
	s, err := NewReader(ctx, snap).State(t)
	if err != nil || s == nil {
		return newState(t)
	}
	*l = lastState{id, s}
	return s
}

func sameChange(a, b *spec.State) bool {
	return a.Spec.Change == b.Spec.Change && sameCurrent(a, b) && len(a.Spec.Holds) == len(b.Spec.Holds)
}

func sameCurrent(a, b *spec.State) bool {
	return a.Spec.Current == nil && b.Spec.Current == nil || sameEntry(a.Spec.Current, b.Spec.Current)
}

func holdsDiffer(before, after *spec.State) (held, lifted []spec.Hold) {
	has := func(list []spec.Hold, h spec.Hold) bool {
		return slices.ContainsFunc(list, func(o spec.Hold) bool {
			return o.Version == h.Version && o.ID == h.ID && o.Image == h.Image && o.Artifact == h.Artifact && o.At.Equal(h.At) && o.Reason == h.Reason
		})
	}
	for _, h := range after.Spec.Holds {
		if !has(before.Spec.Holds, h) {
			held = append(held, h)
		}
	}
	for _, h := range before.Spec.Holds {
		if !has(after.Spec.Holds, h) {
			lifted = append(lifted, h)
		}
	}
	return held, lifted
}

func identText(i gitops.Ident) string { return i.Name + " <" + i.Email + ">" }

func trailer(c gitops.Commit, key string) string {
	for _, t := range c.Trailers {
		if t.Key == key {
			return t.Value
		}
	}
	return ""
}
