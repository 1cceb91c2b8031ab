package release

import (
	"context"
	"fmt"
	"strings"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/render"
	"github.com/modelops/modelops/render/spec"
)

// Revert asks for an earlier release.
type Revert struct {
	// Models are TEAM/MODEL names, already selected; unused with Commit.
	Models []string
	Env    string
	Reason string
	// Bad is the version or id to leave; empty leaves whatever is current.
	Bad string
	// To is the version or id to return to; ToCommit is a commit whose folder is put back. Without either, the nearest
	// earlier release that neither failed nor is held.
	To, ToCommit string
	// Commit reverts every overlay whose current release came in with this commit. Env narrows it, where given.
	Commit string
	// Again goes one further back where the last change was a revert.
	Again bool
	// NoHold does not hold the release that is left; OverrideHold returns to one that is held.
	NoHold, OverrideHold bool
}

// PlanRevert decides a revert.
func (d *Desk) PlanRevert(ctx context.Context, snap *gitops.Snapshot, req Revert) (*Plan, error) {
	if err := req.check(); err != nil {
		return nil, err
	}
	r, err := readerFor(ctx, snap, req.Models...)
	if err != nil {
		return nil, err
	}
	targets, notes, err := d.revertTargets(ctx, r, req)
	if err != nil {
		return nil, err
	}
	p, err := d.each(r, spec.ActionRevert, targets, func(t spec.Target) (Item, error) { return d.revert(ctx, r, t, req) })
	if err != nil {
		return nil, err
	}
	p.Items = append(p.Items, notes...)
	if p.Change.Message, err = d.message(r, p, req.Reason); err != nil {
		return nil, err
	}
	p.Change.Message.Body = strings.TrimSpace(d.revertedCommits(ctx, p) + "\n\n" + p.Change.Message.Body)
	return p, nil
}

func (req Revert) check() error {
	ways := 0
	for _, given := range []bool{req.To != "", req.ToCommit != "", req.Again, req.Commit != ""} {
		if given {
			ways++
		}
	}
	switch {
	case ways > 1:
		return &UsageError{Message: "of --to, --to-commit, --commit and --again only one goes at a time"}
	case req.Reason == "":
		return &UsageError{Message: "a revert needs --reason: it is recorded, and whoever meets the hold must know why"}
	case req.Bad != "" && req.Commit != "":
		return &UsageError{Message: "--bad and --commit both say what to leave; give one of them"}
	}
	return nil
}

func (d *Desk) revertTargets(ctx context.Context, r *Reader, req Revert) ([]spec.Target, []Item, error) {
	if req.Commit != "" {
		return d.cameInWith(ctx, r, req)
	}
	if _, err := r.EnvIndex(req.Env); err != nil {
		return nil, nil, err
	}
	targets, err := targetsOf(req.Models, req.Env)
	return targets, nil, err
}

// revert decides one target.
func (d *Desk) revert(ctx context.Context, r *Reader, t spec.Target, req Revert) (Item, error) {
	item := Item{Target: t, Action: spec.ActionRevert}
	now, err := r.now(t)
	if err != nil {
		return item, err
	}
	current := now.state.Spec.Current
	if current == nil {
		if _, err := r.Model(t); err != nil {
			return item, err
		}
		return item, &RefusedError{Action: "revert", Target: t, Why: "nothing was promoted there"}
	}
	item.From, item.Edited, item.Edits = current, now.edited(), d.edits(ctx, r, t, now)
	if done := req.nothingLeft(now.state); done != "" {
		item.To, item.Unchanged = current, done
		return item, nil
	}
	if current.Action == spec.ActionRevert && !req.Again && req.To == "" && req.ToCommit == "" && req.Bad == "" {
		return item, d.twice(t, now)
	}
	target, err := d.choose(ctx, r, &item, now, req)
	if err != nil {
		return item, err
	}
	return item, d.putBack(r, &item, now, target, req)
}

// nothingLeft says why there is nothing to revert: what was to be left is left already.
func (req Revert) nothingLeft(s *spec.State) string {
	current := s.Spec.Current
	switch {
	case req.Bad != "" && req.leftAlready(s):
		return fmt.Sprintf("release %s of version %s was left already; what is current is release %s, of the same version: to leave that too, give its id to --bad",
			s.Spec.Past[0].ID, req.Bad, current.ID)
	case req.Bad != "" && !names(current, req.Bad):
		return fmt.Sprintf("%s is not current; %s (release %s) is", req.Bad, current.Version, current.ID)
	case req.To != "" && names(current, req.To) && !(req.Bad != "" && names(current, req.Bad)):
		return fmt.Sprintf("%s (release %s) is current already", current.Version, current.ID)
	}
	return ""
}

// leftAlready says whether --bad names a version that the last change was to leave, and that the release which it
// returned to has as well, since only the spec was bad. Typed twice, the command must not go one further back.
func (req Revert) leftAlready(s *spec.State) bool {
	return s.Spec.Current.Action == spec.ActionRevert && s.Spec.Current.Version == req.Bad &&
		len(s.Spec.Past) > 0 && s.Spec.Past[0].Version == req.Bad
}

func (d *Desk) twice(t spec.Target, now overlayNow) error {
	c := now.state.Spec.Current
	next := []string{fmt.Sprintf("modelops revert %s --env %s --again --reason \"...\"   goes one further back", t.ModelName(), t.Env)}
	if len(now.state.Spec.Past) > 0 {
		next = append(next, fmt.Sprintf("modelops revert %s --env %s --to VERSION --reason \"...\"   goes to a release that you name; modelops history lists them", t.ModelName(), t.Env))
	}
	return &RefusedError{Action: "revert", Target: t,
		Why: fmt.Sprintf("the last change was a revert already, to %s by %s at %s", c.Version, c.By, c.At.Format("2006-01-02 15:04 MST")), Next: next}
}

// goal is the tree that a revert puts back.
type goal struct {
	entry spec.Entry
	tree  gitops.Hash
	// snap holds the tree at the target's path; where the folder had to be rendered again, rendered has its files.
	snap     *gitops.Snapshot
	rendered render.Files
	// byTree says that the tree was taken by its id, without a look at the path of the commit that is said to hold it.
	byTree bool
}

func (d *Desk) choose(ctx context.Context, r *Reader, item *Item, now overlayNow, req Revert) (goal, error) {
	switch {
	case req.ToCommit != "":
		return d.folderAt(ctx, r, item.Target, req.ToCommit)
	case req.To != "":
		return d.named(ctx, r, item, now, req)
	}
	return d.nearest(ctx, r, item, now)
}

// named finds the release that --to means: the newest in the past with that version or id.
func (d *Desk) named(ctx context.Context, r *Reader, item *Item, now overlayNow, req Revert) (goal, error) {
	t := item.Target
	for _, e := range now.state.Spec.Past {
		if !names(&e, req.To) {
			continue
		}
		h, where, err := d.holdOn(r, t, e)
		if err != nil {
			return goal{}, err
		}
		if h != nil && !req.OverrideHold {
			return goal{}, &HeldError{Action: "revert", Version: e.Version, Target: t, Where: where, Hold: *h}
		}
		return d.link(ctx, r, item, e)
	}
	var known []string
	for _, e := range now.state.Spec.Past {
		known = append(known, fmt.Sprintf("%s (%s)", e.Version, e.ID))
	}
	return goal{}, &UsageError{Message: fmt.Sprintf("revert %s in %s: %q is none of its earlier releases", t.ModelName(), t.Env, req.To),
		Next: []string{"earlier releases, newest first: " + strings.Join(known, ", "), "--to-commit SHA puts back the folder of a commit that is older"}}
}

// nearest finds the nearest earlier release that is not held and not known to have failed.
func (d *Desk) nearest(ctx context.Context, r *Reader, item *Item, now overlayNow) (goal, error) {
	t, current := item.Target, item.From
	failed := failures(now.state)
	seen := map[string]bool{current.ID: true}
	for _, e := range now.state.Spec.Past {
		if seen[e.ID] {
			continue
		}
		seen[e.ID] = true
		why := ""
		h, where, err := d.holdOn(r, t, e)
		switch {
		case err != nil:
			return goal{}, err
		case failed[e.ID] != "":
			why = failed[e.ID]
		case h != nil:
			why = fmt.Sprintf("held in %s %s", where, HoldText(*h))
		case e.Action == spec.ActionRetire:
			why = "retired"
		}
		if why == "" {
			return d.link(ctx, r, item, e)
		}
		item.Skipped = append(item.Skipped, Skipped{Entry: e, Why: why})
	}
	return goal{}, d.noneBefore(item)
}

func (d *Desk) noneBefore(item *Item) error {
	t := item.Target
	if len(item.Skipped) == 0 {
		return &RefusedError{Action: "revert", Target: t, Why: fmt.Sprintf("%s is the first release; there is none before it", item.From.Version),
			Next: []string{fmt.Sprintf("modelops model remove %s --env %s   takes the model out of the environment", t.ModelName(), t.Env)}}
	}
	var skipped []string
	for _, s := range item.Skipped {
		skipped = append(skipped, fmt.Sprintf("%s: %s", s.Entry.Version, s.Why))
	}
	return &RefusedError{Action: "revert", Target: t, Why: "no earlier release is left that neither failed nor is held\n" + strings.Join(skipped, "\n"),
		Next: []string{fmt.Sprintf("modelops revert %s --env %s --to VERSION --override-hold --reason \"...\"", t.ModelName(), t.Env)}}
}

// failures tells which releases were last left by a revert, and how. A release that was promoted again since, and then
// left by a promote, has not failed.
func failures(s *spec.State) map[string]string {
	out := map[string]string{}
	seen := map[string]bool{}
	for _, e := range s.Spec.Past {
		if seen[e.ID] {
			continue
		}
		seen[e.ID] = true
		if e.Left != nil && e.Left.Action == spec.ActionRevert {
			out[e.ID] = fmt.Sprintf("reverted by %s at %s: %s", e.Left.By, e.Left.At.Format("2006-01-02 15:04 MST"), e.Left.Reason)
		}
	}
	return out
}

// putBack notes the folder's earlier tree, the record, and the hold on what is left.
func (d *Desk) putBack(r *Reader, item *Item, now overlayNow, to goal, req Revert) error {
	t, s, left := item.Target, now.state, item.From
	if err := d.preview(r, item, now, to); err != nil {
		return err
	}
	d.leave(s, now, spec.Leave{Action: spec.ActionRevert, By: d.By, At: d.Now, Reason: req.Reason})
	entry := to.entry
	entry.Tree, entry.Commit, entry.Left, entry.From = to.tree.String(), "", nil, ""
	entry.Action, entry.By, entry.At, entry.Reason = spec.ActionRevert, d.By, d.Now, req.Reason
	s.Spec.Current, item.To = &entry, &entry
	if !req.NoHold && left.ID != entry.ID {
		h := holdOnLeft(*left, entry)
		h.Reason, h.By, h.At = req.Reason, d.By, d.Now
		s.Spec.Holds = append(s.Spec.Holds, h)
		item.Hold = &h
	}
	item.scope = append(item.scope, t.Dir())
	if to.rendered != nil {
		item.replaceFolder(t.Dir(), now.files, to.rendered)
	} else {
		item.trees = map[string]gitops.Hash{t.Dir(): to.tree}
	}
	return d.record(item, s)
}

// holdOnLeft holds what was bad and nothing else: where only the spec differs from the release that it returns to, the
// release alone; otherwise the version and that part of its content that differs.
func holdOnLeft(left, to spec.Entry) spec.Hold {
	h := spec.Hold{ID: left.ID}
	if left.Version == to.Version && left.Image == to.Image && left.Artifact == to.Artifact {
		return h
	}
	if left.Version != to.Version {
		h.Version = left.Version
	}
	if left.Image != to.Image {
		h.Image = left.Image
	}
	if left.Artifact != to.Artifact {
		h.Artifact = left.Artifact
	}
	return h
}
