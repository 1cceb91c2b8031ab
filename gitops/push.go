package gitops

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/modelops/modelops/gitops/internal/clone"
	"github.com/modelops/modelops/gitops/internal/git"
	"github.com/modelops/modelops/gitops/internal/odb"
	"github.com/modelops/modelops/gitops/internal/transport"
)

// Push moves the truth from base to next by compare-and-swap: the remote's branch, or the local one where there is no
// remote. A nil base means that the branch must not exist yet. When an answer is lost, the branch is read again: our
// commit at its tip or below is success. Errors: *StaleError (make the change again on the new tip), *RejectedError,
// *TransportError, *AuthError, and those of PushLocal.
func (r *Repo) Push(ctx context.Context, base, next *Snapshot) error {
	if r.remote == nil {
		return r.PushLocal(ctx, base, next)
	}
	list, err := r.objs.Reachable(next.Commit())
	if err != nil {
		return err
	}
	u := push{branch: r.branch, old: commitOf(base), new: next.Commit(), objects: map[Hash]odb.Object{}, base: r.atHand}
	for _, h := range list {
		u.objects[h], _ = r.objs.Get(h)
	}
	err = r.remote.Push(ctx, u)
	var lost *transport.LostReply
	if errors.As(err, &lost) {
		return r.settle(ctx, u, lost.Err)
	}
	return r.withTip(ctx, u, err)
}

// atHand reads an object that is here without asking the remote for it.
func (r *Repo) atHand(h Hash) (odb.Object, bool) {
	if r.far != nil {
		return r.far.here(h)
	}
	kind, data, err := r.disk.Object(context.Background(), h)
	return odb.Object{Kind: kind, Data: data}, err == nil
}

// MayPush asks the remote whether it takes pushes from this user, and sends nothing. What its hooks and its rules for
// branches decide shows only at a push.
func (r *Repo) MayPush(ctx context.Context) error {
	w, ok := r.remote.(*wireRemote)
	if f, here := r.remote.(*fileRemote); here {
		w, ok = f.wire, f.wire != nil
	}
	if !ok {
		return nil
	}
	s, err := w.Open(ctx, transport.ReceivePack)
	if err != nil {
		return err
	}
	return s.Close()
}

func commitOf(s *Snapshot) Hash {
	if s == nil {
		return Hash{}
	}
	return s.Commit()
}

// settleLimit bounds the look at the remote after an answer was lost, which often is because ctx has ended.
const settleLimit = 15 * time.Second

// settle finds out what became of a push whose answer did not come.
func (r *Repo) settle(ctx context.Context, u push, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleLimit)
	defer cancel()
	_, tip, err := r.remote.Tip(ctx, r.branch)
	switch {
	case err != nil:
		return &TransportError{Op: "push to", URL: r.remote.URL(), Err: fmt.Errorf("%w; whether %s arrived is not known, "+
			"and running the command again is safe", cause, short(u.new))}
	case tip == u.new:
		return nil
	case tip == u.old:
		return stillAtBase(cause, r.remote.URL())
	}
	if err := r.fetch(ctx, tip); err != nil {
		return errors.Join(cause, err)
	}
	arrived, err := r.IsAncestor(ctx, u.new, tip)
	if err != nil || arrived {
		return err
	}
	return &StaleError{Branch: u.branch, Base: u.old, Tip: tip}
}

func stillAtBase(cause error, url string) error {
	var rejected *RejectedError
	if errors.As(cause, &rejected) {
		return cause
	}
	t := &TransportError{Op: "push to", URL: url, Err: fmt.Errorf("%w; the branch has not moved", cause)}
	var inner *TransportError
	if errors.As(cause, &inner) {
		t.Status, t.After, t.Err = inner.Status, inner.After, fmt.Errorf("%w; the branch has not moved", inner.Err)
	}
	return t
}

// withTip completes a lost race with the commit that won. A server that says "failed to update ref" while the branch
// has not moved has met a lock.
func (r *Repo) withTip(ctx context.Context, u push, err error) error {
	var stale *StaleError
	if !errors.As(err, &stale) || !stale.Tip.IsZero() {
		return err
	}
	_, tip, terr := r.remote.Tip(ctx, r.branch)
	switch {
	case terr != nil:
		return stale
	case tip == u.new:
		return nil
	case tip == u.old && stale.refusal.Reason == "":
		return &RejectedError{Branch: u.branch, Class: RejectOther, Reason: "the server shows the branch to readers, and hides it from those who push"}
	case tip == u.old:
		locked := stale.refusal
		locked.Class = RejectLocked
		return &locked
	}
	return &StaleError{Branch: u.branch, Base: u.old, Tip: tip}
}

// PushLocal moves the local branch from base to next by compare-and-swap. Where the branch is checked out, the user's
// git does it, so that index and files go along; uncommitted work in the way is a *DirtyError. Other errors:
// *StaleError, *LockedError, *RejectedError.
func (r *Repo) PushLocal(ctx context.Context, base, next *Snapshot) error {
	if r.clone == nil || r.temp != "" {
		return &RejectedError{Branch: r.branch, Class: RejectOther, Reason: "without a clone there is no local branch to move"}
	}
	name, cur, err := r.localBranch()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	old := commitOf(base)
	switch {
	case cur != old && r.remote != nil: // the remote's tip is what changes are made on, so a later try ends here again
		return &RejectedError{Branch: r.branch, Class: RejectDiverged, Reason: fmt.Sprintf("your branch is at %s and the remote's at %s", cur.String()[:10], old.String()[:10])}
	case cur != old:
		return &StaleError{Branch: r.branch, Base: old, Tip: cur}
	}
	if r.borrowed.Load() {
		return &RejectedError{Branch: r.branch, Class: RejectOther, Reason: "the clone lacks the remote's newest commits: fetch first"}
	}
	where := r.clone.CheckedOut(r.branch, r.mainBare())
	if where != "" && r.git.Path == "" {
		return &RejectedError{Branch: r.branch, Class: RejectOther, Reason: "it is checked out in " + where + ", and without git its files cannot be moved along"}
	}
	if where != "" {
		if err := clone.AwaitLocks(ctx, where); err != nil {
			return err
		}
	}
	if err := r.store(next); err != nil {
		return err
	}
	if where != "" {
		return r.mergeLocal(ctx, where, base, next)
	}
	return moveRef(ctx, r.clone, r.refUpdate(name, old, next))
}

// moveRef moves a ref of a clone. Its errors are those of a push.
func moveRef(ctx context.Context, c *clone.Folder, u clone.Update) error {
	err := c.Move(ctx, u)
	var moved *clone.MovedError
	var refused *clone.RefusedError
	switch {
	case errors.As(err, &moved):
		return &StaleError{Branch: strings.TrimPrefix(u.Name, headsPrefix), Base: u.Old, Tip: moved.Tip}
	case errors.As(err, &refused) && refused.Clash:
		return &RejectedError{Branch: u.Name, Class: RejectConflict, Reason: refused.Reason}
	case errors.As(err, &refused):
		return &RejectedError{Branch: u.Name, Class: RejectOther, Reason: refused.Reason}
	}
	return err
}

func (r *Repo) refUpdate(name string, old Hash, next *Snapshot) clone.Update {
	info := next.Info()
	return clone.Update{Name: name, Old: old, New: next.Commit(), Who: info.Committer.line(),
		Why: oneLine("commit: " + info.Subject), LogAll: r.logAll()}
}

// logAll is git's default for core.logAllRefUpdates: reflogs in clones with a work tree.
func (r *Repo) logAll() bool {
	if v, ok := r.cfg.Get("core.logallrefupdates"); ok && v != "always" {
		return r.cfg.Bool("core.logallrefupdates")
	} else if ok {
		return true
	}
	return r.clone.Work != "" || !r.mainBare()
}

func (r *Repo) mainBare() bool {
	v, ok := r.clone.Config().Get("core.bare")
	return !ok && r.clone.Work == "" || ok && git.Truth(v)
}
