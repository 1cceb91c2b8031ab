package clone

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

var errNotDir = syscall.ENOTDIR

// Update moves one ref from old to new; the zero Hash as old means that it must not exist.
type Update struct {
	Name     string
	Old, New Hash
	Who      string // name, address and time, as the reflog has them
	Why      string // for the reflog, one line
	LogAll   bool   // start a reflog where there is none
}

// MovedError says that a ref is not where it was to be moved from.
type MovedError struct {
	Name string
	Tip  Hash // where it is, zero where it is gone
}

// Error says where the ref is.
func (e *MovedError) Error() string { return fmt.Sprintf("move %s: it is at %s", e.Name, e.Tip) }

// RefusedError says that a ref cannot be moved, or cannot be made.
type RefusedError struct {
	Name, Reason string
	Clash        bool // another ref's name stands in the way
}

// Error gives the reason.
func (e *RefusedError) Error() string { return fmt.Sprintf("move %s: %s", e.Name, e.Reason) }

// Move is a compare-and-swap that a git running beside it respects: it takes git's lock file, reads the value again
// under it, loose before packed, and replaces the loose file as a whole. go-git's own does neither (it ignores the lock
// and rewrites in place). Errors: *MovedError, *RefusedError, *giterr.LockedError.
func (c *Folder) Move(ctx context.Context, u Update) error {
	file, share := c.refPath(u.Name), SharedBy(c.Config())
	if err := share.mkdirs(filepath.Dir(file)); err != nil {
		return c.nameClash(u, err)
	}
	lock, err := takeLock(ctx, u.Name, file+".lock")
	if err != nil {
		return err
	}
	if err := errors.Join(share.Adjust(file+".lock"), c.writeLock(u, share, lock)); err != nil {
		os.Remove(file + ".lock") //nolint:errcheck // the error that counts is the other one
		return err
	}
	// From the rename on the lock file's name is free: what stands there then is the next writer's and must stay.
	return c.commitLock(u, file)
}

// writeLock fills the lock file with the new value, if the ref still has the old one.
func (c *Folder) writeLock(u Update, share Sharing, lock *os.File) error {
	defer lock.Close() //nolint:errcheck // closed below where it counts
	if err := c.compare(u); err != nil {
		return err
	}
	_, err := fmt.Fprintf(lock, "%s\n", u.New)
	if err = errors.Join(err, lock.Sync(), lock.Close()); err != nil {
		return fmt.Errorf("move %s: %w", u.Name, err)
	}
	if err := c.appendReflog(u, share); err != nil {
		return fmt.Errorf("move %s: write its reflog: %w", u.Name, err)
	}
	return nil
}

func (c *Folder) compare(u Update) error {
	cur, err := c.readRef(u.Name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if cur.Target != "" {
		return &RefusedError{Name: u.Name, Reason: "it is a symbolic ref"}
	}
	if cur.Hash != u.Old {
		return &MovedError{Name: u.Name, Tip: cur.Hash}
	}
	if u.Old.IsZero() {
		return c.nameClash(u, nil)
	}
	return nil
}

// nameClash refuses refs/heads/a/b beside refs/heads/a, and turns the file system's word for it into ours.
func (c *Folder) nameClash(u Update, err error) error {
	other := ""
	perr := c.packedRefs(func(n string, _ Hash) bool {
		if strings.HasPrefix(n, u.Name+"/") || strings.HasPrefix(u.Name, n+"/") {
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
		return &RefusedError{Name: u.Name, Reason: other + " exists", Clash: true}
	}
	return err
}

// commitLock renames the lock file over the ref. An empty folder of that name is what remains of a deleted branch.
func (c *Folder) commitLock(u Update, file string) error {
	err := os.Rename(file+".lock", file)
	if err != nil && isDir(file) && os.Remove(file) == nil {
		err = os.Rename(file+".lock", file)
	}
	if err == nil {
		return syncDir(filepath.Dir(file))
	}
	os.Remove(file + ".lock") //nolint:errcheck // ours still, since the rename failed; the error that counts follows
	if isDir(file) {
		return &RefusedError{Name: u.Name, Reason: "longer names below it exist", Clash: true}
	}
	return fmt.Errorf("move %s: %w", u.Name, err)
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
func (c *Folder) appendReflog(u Update, share Sharing) error {
	name := filepath.Join(c.Common, "logs", filepath.FromSlash(u.Name))
	flags := os.O_WRONLY | os.O_APPEND
	if u.LogAll {
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
		if _, err = fmt.Fprintf(f, "%s %s %s\t%s\n", u.Old, u.New, u.Who, u.Why); err != nil {
			err = errors.Join(err, f.Truncate(info.Size()))
		}
	}
	return errors.Join(err, f.Close(), share.Adjust(name))
}
