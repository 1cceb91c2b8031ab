package gitops

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

var errNotDir = syscall.ENOTDIR

// refUpdate moves one ref from old to new; the zero Hash as old means that it must not exist.
type refUpdate struct {
	name     string
	old, new Hash
	who      Ident
	why      string // for the reflog
	logAll   bool   // start a reflog where there is none
}

// Locks are held for moments only. Git waits 100 ms for one; a repository under load deserves more.
const (
	lockPatience = time.Second
	lockPause    = 10 * time.Millisecond
)

// moveRef is a compare-and-swap that a git running beside it respects: it takes git's lock file, reads the value again
// under it, loose before packed, and replaces the loose file as a whole. go-git's own does neither (it ignores the lock
// and rewrites in place).
func (c *clone) moveRef(ctx context.Context, u refUpdate) error {
	file, share := c.refPath(u.name), sharedBy(c.localConfig())
	if err := share.mkdirs(filepath.Dir(file)); err != nil {
		return c.nameClash(u, err)
	}
	lock, err := takeLock(ctx, u.name, file+".lock")
	if err != nil {
		return err
	}
	if err := errors.Join(share.adjust(file+".lock"), c.writeLock(u, share, lock)); err != nil {
		os.Remove(file + ".lock") //nolint:errcheck // the error that counts is the other one
		return err
	}
	// From the rename on the lock file's name is free: what stands there then is the next writer's and must stay.
	return c.commitLock(u, file)
}

// writeLock fills the lock file with the new value, if the ref still has the old one.
func (c *clone) writeLock(u refUpdate, share sharing, lock *os.File) error {
	defer lock.Close() //nolint:errcheck // closed below where it counts
	if err := c.compare(u); err != nil {
		return err
	}
	_, err := fmt.Fprintf(lock, "%s\n", u.new)
	if err = errors.Join(err, lock.Sync(), lock.Close()); err != nil {
		return fmt.Errorf("move %s: %w", u.name, err)
	}
	if err := c.appendReflog(u, share); err != nil {
		return fmt.Errorf("move %s: write its reflog: %w", u.name, err)
	}
	return nil
}

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
			return nil, lockedBy(name, lock)
		case <-time.After(lockPause):
		}
	}
}

func (c *clone) compare(u refUpdate) error {
	cur, err := c.readRef(u.name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if cur.target != "" {
		return &RejectedError{Branch: u.name, Class: RejectOther, Reason: "it is a symbolic ref"}
	}
	if cur.hash != u.old {
		return &StaleError{Branch: strings.TrimPrefix(u.name, headsPrefix), Base: u.old, Tip: cur.hash}
	}
	if u.old.IsZero() {
		return c.nameClash(u, nil)
	}
	return nil
}

// nameClash refuses refs/heads/a/b beside refs/heads/a, and turns the file system's word for it into ours.
func (c *clone) nameClash(u refUpdate, err error) error {
	other := ""
	perr := c.packedRefs(func(n string, _ Hash) bool {
		if strings.HasPrefix(n, u.name+"/") || strings.HasPrefix(u.name, n+"/") {
			other = n
		}
		return other == ""
	})
	if err == nil && perr != nil {
		return perr
	}
	if other == "" && errors.Is(err, syscall.ENOTDIR) {
		other = "a shorter name"
	}
	if other != "" {
		return &RejectedError{Branch: u.name, Class: RejectConflict, Reason: other + " exists"}
	}
	return err
}

// commitLock renames the lock file over the ref. An empty folder of that name is what remains of a deleted branch.
func (c *clone) commitLock(u refUpdate, file string) error {
	err := os.Rename(file+".lock", file)
	if err != nil && isDir(file) && os.Remove(file) == nil {
		err = os.Rename(file+".lock", file)
	}
	if err == nil {
		return syncDir(filepath.Dir(file))
	}
	os.Remove(file + ".lock") //nolint:errcheck // ours still, since the rename failed; the error that counts follows
	if isDir(file) {
		return &RejectedError{Branch: u.name, Class: RejectConflict, Reason: "longer names below it exist"}
	}
	return fmt.Errorf("move %s: %w", u.name, err)
}

// syncDir makes a rename durable where the file system allows it.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) {
		err = nil
	}
	return errors.Join(err, d.Close())
}

// appendReflog adds a whole line or, where the disk is full, none.
func (c *clone) appendReflog(u refUpdate, share sharing) error {
	name := filepath.Join(c.common, "logs", filepath.FromSlash(u.name))
	flags := os.O_WRONLY | os.O_APPEND
	if u.logAll {
		flags |= os.O_CREATE
		if err := share.mkdirs(filepath.Dir(name)); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(name, flags, 0o666)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		if _, err = fmt.Fprintf(f, "%s %s %s\t%s\n", u.old, u.new, u.who.line(), oneLine(u.why)); err != nil {
			err = errors.Join(err, f.Truncate(info.Size()))
		}
	}
	return errors.Join(err, f.Close(), share.adjust(name))
}
