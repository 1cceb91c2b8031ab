package clone

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/modelops/modelops/gitops/giterr"
)

// Locks are held for moments only. Git waits 100 ms for one; a repository under load deserves more.
const (
	lockPatience = time.Second
	lockPause    = 10 * time.Millisecond
)

func takeLock(ctx context.Context, name, lock string) (*os.File, error) {
	deadline := time.NewTimer(lockPatience)
	defer deadline.Stop()
	for {
		f, err := os.OpenFile(lock, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, fs.ErrExist) && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("move %s: %w", name, err)
		}
		if errors.Is(err, fs.ErrNotExist) { // git removed the empty folder meanwhile
			if err := os.MkdirAll(filepath.Dir(lock), 0o777); err != nil {
				return nil, fmt.Errorf("move %s: %w", name, err)
			}
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-deadline.C:
			return nil, LockedBy(name, lock)
		case <-time.After(lockPause):
		}
	}
}

// LockedBy is the error about a lock file that is in the way of a ref, or of what stands for one in the message. Its time
// is zero where there is no such file.
func LockedBy(ref, lock string) *giterr.LockedError {
	e := &giterr.LockedError{Ref: ref, Lock: lock}
	if info, err := os.Stat(lock); err == nil {
		e.Since = info.ModTime()
	}
	return e
}

// AwaitLocks waits for the locks that a git which moves a checked-out branch needs. It takes them one after the other, and
// moves files before it meets the last: where one is held, nothing may be begun. Error: *giterr.LockedError.
func AwaitLocks(ctx context.Context, where string) error {
	c, err := cloneAt(where)
	if err != nil || c == nil {
		return err // a work tree that is found through GIT_WORK_TREE alone is left to git
	}
	files := []string{filepath.Join(c.Dir, "index"), filepath.Join(c.Dir, "HEAD")}
	if head, err := c.HeadBranch(); err == nil && head != "" {
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
			return LockedBy(what, lock)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lockPause):
		}
	}
}
