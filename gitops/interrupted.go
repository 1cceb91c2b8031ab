package gitops

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Uncommitted makes the error about uncommitted work in some paths. A git that was killed while it moved the work tree
// leaves such work as well, and then the error says so, and how to finish.
func (r *Repo) Uncommitted(tip *Snapshot, paths []string) *DirtyError {
	e := &DirtyError{Paths: paths}
	quoted := "'" + strings.Join(paths, "' '") + "'"
	lock := lockedBy("the index", r.indexLock())
	held := !lock.Since.IsZero()
	switch {
	case tip != nil && r.holds(tip, paths):
		e.Note = "they hold what " + short(tip.Commit()) + " holds: an earlier move of this work tree was interrupted"
		e.Next = []string{"to finish it: git add -- " + quoted + " && git merge --ff-only " + r.upstream()}
	case held:
		e.Note = "a git that moves files runs here, or was killed on the way: " + lock.Lock + " exists since " + lock.Since.Format("2006-01-02 15:04:05")
		e.Next = []string{"if none runs, to go back to the last commit: git checkout HEAD -- " + quoted}
	default:
		return e
	}
	if held {
		e.Next = append([]string{"if no git runs here any more: rm '" + lock.Lock + "'"}, e.Next...)
	}
	return e
}

// holds says whether files of the work tree are those of a commit.
func (r *Repo) holds(s *Snapshot, paths []string) bool {
	for _, name := range paths {
		want, err := s.ReadFile(name)
		have, herr := os.ReadFile(filepath.Join(r.clone.work, filepath.FromSlash(name)))
		gone := errors.Is(err, fs.ErrNotExist) && errors.Is(herr, fs.ErrNotExist)
		if !gone && (err != nil || herr != nil || !bytes.Equal(want, have)) {
			return false
		}
	}
	return len(paths) > 0
}

// upstream is how git names the branch that is followed.
func (r *Repo) upstream() string {
	if r.remote == nil {
		return r.branch
	}
	return r.remoteName + "/" + r.branch
}

func (r *Repo) indexLock() string { return filepath.Join(r.clone.dir, "index.lock") }

// unlocked waits for the locks that a git which moves a checked-out branch needs. It takes them one after the other, and
// moves files before it meets the last: where one is held, nothing may be begun.
func unlocked(ctx context.Context, where string) error {
	c, err := cloneAt(where)
	if err != nil || c == nil {
		return err // a work tree that is found through GIT_WORK_TREE alone is left to git
	}
	files := []string{filepath.Join(c.dir, "index"), filepath.Join(c.dir, "HEAD")}
	if head, err := c.headBranch(); err == nil && head != "" {
		files = append(files, c.refPath(headsPrefix+head))
	}
	for _, f := range files {
		if err := awaitLock(ctx, "the checked-out branch", f+".lock"); err != nil {
			return err
		}
	}
	return nil
}

func awaitLock(ctx context.Context, what, lock string) error {
	for deadline := time.Now().Add(lockPatience); ; {
		if _, err := os.Lstat(lock); err != nil {
			return nil
		}
		if time.Now().After(deadline) {
			return lockedBy(what, lock)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lockPause):
		}
	}
}
