package gitops

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/modelops/modelops/gitops/internal/clone"
	"github.com/modelops/modelops/gitops/internal/git"
)

// Follow brings the clone along after a push from base to next: the remote-tracking ref, then the local branch where
// that is a fast-forward. A nil base is where the local branch is, for a clone that an earlier command, one that was
// killed for example, has not brought along. A checked-out branch is moved by the user's own git, so that index and files agree with it.
// What cannot be moved stays as it is, with a sentence about what to type. An error means that the clone could not be
// read or written; the push stands.
func (r *Repo) Follow(ctx context.Context, base, next *Snapshot) (FollowResult, error) {
	var res FollowResult
	if r.remote == nil {
		return FollowResult{Moved: true}, nil // the push moved the local branch itself
	}
	if r.clone == nil || r.temp != "" {
		return FollowResult{}, nil
	}
	if r.borrowed.Load() {
		return FollowResult{Note: "this clone was left as it is; to update it: git fetch " + r.remoteName}, nil
	}
	if err := r.store(next); err != nil {
		return res, err
	}
	var err error
	if res.Tracking, err = r.moveTracking(ctx, next); err != nil {
		return res, err
	}
	return r.moveBranch(ctx, res, base, next)
}

// moveTracking advances refs/remotes/X/B, unless a fetch beside us has already brought it further.
func (r *Repo) moveTracking(ctx context.Context, next *Snapshot) (string, error) {
	name := r.tracking()
	if name == "" {
		return "", nil
	}
	cur, err := r.clone.Resolve(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if !cur.IsZero() {
		if done, err := r.IsAncestor(ctx, next.Commit(), cur); err != nil || done {
			return name, err
		}
	}
	u := r.refUpdate(name, cur, next)
	u.Why = "update by push"
	var stale *StaleError
	if err = moveRef(ctx, r.clone, u); errors.As(err, &stale) {
		return name, nil // somebody fetched just now
	}
	return name, err
}

func (r *Repo) moveBranch(ctx context.Context, res FollowResult, base, next *Snapshot) (FollowResult, error) {
	local := r.localName()
	name := headsPrefix + local
	cur, err := r.clone.Resolve(name)
	if errors.Is(err, fs.ErrNotExist) {
		return res, nil
	}
	if err != nil {
		return res, err
	}
	if cur == next.Commit() {
		res.Moved = true
		return res, nil
	}
	if base == nil {
		ahead, err := r.IsAncestor(ctx, next.Commit(), cur)
		if err != nil || ahead {
			return res, err
		}
		if base, err = r.At(ctx, cur); err != nil {
			return res, err
		}
	}
	forward, err := r.IsAncestor(ctx, cur, next.Commit())
	if err != nil {
		return res, err
	}
	where := r.clone.CheckedOut(local, r.mainBare())
	upstream := r.remoteName + "/" + r.branch
	switch {
	case !forward:
		res.Note = fmt.Sprintf("your branch %s has commits of its own and was left at %s; to join them: git rebase %s %s", local, short(cur), upstream, local)
	case where == "" && r.clone.Work == "":
		err = moveRef(ctx, r.clone, r.refUpdate(name, cur, next))
		res.Moved = err == nil
	case where != r.clone.Work || r.git.Path == "":
		res.Note = fmt.Sprintf("your branch %s was left at %s; to update it: %s", local, short(cur), updateCommand(where, upstream, local))
	default:
		return r.mergeFollow(ctx, res, base, next)
	}
	return res, err
}

func updateCommand(where, upstream, local string) string {
	if where == "" {
		return "git branch -f " + local + " " + upstream
	}
	return "git -C " + where + " merge --ff-only " + upstream
}

// localName is the branch that HEAD is on when it follows ours, else the branch of the same name.
func (r *Repo) localName() string {
	head, err := r.clone.HeadBranch()
	if err == nil && head != "" && r.cfg.Value("branch."+head+".remote") == r.remoteName &&
		r.cfg.Value("branch."+head+".merge") == headsPrefix+r.branch {
		return head
	}
	return r.branch
}

func (r *Repo) mergeFollow(ctx context.Context, res FollowResult, base, next *Snapshot) (FollowResult, error) {
	err := clone.AwaitLocks(ctx, r.clone.Work)
	if err == nil {
		err = r.moveCheckedOut(ctx, r.clone.Work, base, next)
	}
	if err == nil {
		res.Moved = true
		return res, nil
	}
	why := r.whyNotMoved(ctx, err, base, next)
	if why == "" || ctx.Err() != nil {
		return res, err
	}
	res.Note = fmt.Sprintf("your branch %s was left as it is, since %s; when that is done: git merge --ff-only %s", r.localName(), why, r.upstream())
	return res, nil
}

// whyNotMoved puts into words what kept git from moving the checked-out branch, "" where it is another kind of error.
func (r *Repo) whyNotMoved(ctx context.Context, err error, base, next *Snapshot) string {
	var locked *LockedError
	var refused *git.Error
	switch {
	case errors.As(err, &locked):
		return locked.Lock + " exists (another git runs here, or was killed)"
	case !errors.As(err, &refused):
		return ""
	}
	if dirty, derr := r.dirtyBetween(ctx, base, next); derr == nil && len(dirty) > 0 && !refused.Killed() {
		return "uncommitted work in " + strings.Join(dirty, ", ") + " is in the way"
	}
	first, _, _ := strings.Cut(cmp.Or(refused.Stderr, refused.Unwrap().Error()), "\n")
	return "git would not move it (" + first + ")"
}

// moveCheckedOut has git move a branch that is checked out at a place.
func (r *Repo) moveCheckedOut(ctx context.Context, where string, base, next *Snapshot) error {
	err := r.fastForward(ctx, where, next)
	var refused *git.Error
	if errors.As(err, &refused) && !refused.Killed() && where == r.clone.Work && r.stageSame(ctx, base, next) {
		err = r.fastForward(ctx, where, next)
	}
	return err
}

// fastForward is the one command that touches a work tree, and it is not stopped on the way: files of both commits would be
// left. Stashing on the user's behalf could end in a conflict.
func (r *Repo) fastForward(ctx context.Context, where string, next *Snapshot) error {
	g := r.git
	g.Dir = where
	_, err := g.Finish(ctx, "-c", "merge.autoStash=false", "merge", "--ff-only", "--quiet", "--no-stat", next.Commit().String())
	return err
}

// stageSame stages uncommitted files that hold just what the new commit holds, such as a spec that was committed along:
// git then takes them for done instead of in the way. It stages all of them or, where one differs, none.
func (r *Repo) stageSame(ctx context.Context, base, next *Snapshot) bool {
	dirty, err := r.dirtyBetween(ctx, base, next)
	if err != nil || len(dirty) == 0 {
		return false
	}
	for _, name := range dirty {
		want, err := next.ReadFile(name)
		have, rerr := os.ReadFile(filepath.Join(r.clone.Work, filepath.FromSlash(name)))
		if err != nil || rerr != nil || !bytes.Equal(want, have) {
			return false
		}
	}
	g := r.git
	g.Dir = r.clone.Work
	_, err = g.Run(ctx, append([]string{"--literal-pathspecs", "add", "--"}, dirty...)...)
	return err == nil
}

// mergeLocal moves a checked-out branch whose move is the change itself. Git refuses when the branch has moved
// meanwhile, since next is then no fast-forward of it.
func (r *Repo) mergeLocal(ctx context.Context, where string, base, next *Snapshot) error {
	err := r.moveCheckedOut(ctx, where, base, next)
	var refused *git.Error
	if !errors.As(err, &refused) || ctx.Err() != nil {
		return err
	}
	if _, cur, rerr := r.localBranch(); rerr == nil && cur != commitOf(base) {
		return &StaleError{Branch: r.branch, Base: commitOf(base), Tip: cur}
	}
	if dirty, derr := r.dirtyBetween(ctx, base, next); derr == nil && len(dirty) > 0 {
		return r.Uncommitted(nil, dirty)
	}
	return &RejectedError{Branch: r.branch, Class: RejectOther, Reason: "git would not move the checked-out branch", Server: refused.Stderr}
}

func (r *Repo) dirtyBetween(ctx context.Context, base, next *Snapshot) ([]string, error) {
	var paths []string
	changes, err := next.Diff(ctx, base, ".")
	if err != nil {
		return nil, err
	}
	for _, c := range changes {
		paths = append(paths, c.Path)
	}
	return r.Dirty(ctx, paths...)
}

// Dirty lists the uncommitted work under some paths, sorted: staged, not staged and untracked files, ignored ones left
// out. A bare repository has none. Without git, files are compared with HEAD byte by byte.
func (r *Repo) Dirty(ctx context.Context, paths ...string) ([]string, error) {
	if r.WorkTree() == "" || len(paths) == 0 {
		return nil, nil
	}
	if r.git.Path == "" {
		return r.dirtyWithoutGit(ctx, paths)
	}
	g := r.git
	g.Dir = r.clone.Work
	args := []string{"--literal-pathspecs", "status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=none", "--"}
	out, err := g.Run(ctx, append(args, paths...)...)
	if err != nil {
		return nil, err
	}
	var list []string
	for item := range strings.SplitSeq(string(out), "\x00") {
		if len(item) > 3 {
			list = append(list, item[3:])
		}
	}
	slices.Sort(list)
	return list, nil
}
