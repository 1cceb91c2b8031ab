package workspace

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// Op is what a write does to one file.
type Op string

// The operations.
const (
	Add    Op = "add"
	Update Op = "update"
	Delete Op = "delete"
)

// Written is one file that a write changes.
type Written struct {
	Path string
	Op   Op
}

// Plan lists what Write would change, sorted by path; files that are the same already are left out.
func (d *Disk) Plan(files map[string][]byte) ([]Written, error) {
	var out []Written
	for _, p := range slices.Sorted(maps.Keys(files)) {
		old, err := d.readPlain(p)
		switch {
		case err != nil:
			return nil, err
		case files[p] == nil && old != nil:
			out = append(out, Written{p, Delete})
		case files[p] != nil && old == nil:
			out = append(out, Written{p, Add})
		case files[p] != nil && !bytes.Equal(old, files[p]):
			out = append(out, Written{p, Update})
		}
	}
	return out, nil
}

// Write makes the files have this content; nil deletes one, and then the folders that it leaves empty. Every new file is
// complete under a temporary name before the first one takes its place, so that a full disk leaves all as it was.
// Errors: *UnsafeError for what is not a plain file in plain folders, and the file system's.
func (d *Disk) Write(files map[string][]byte) ([]Written, error) {
	plan, err := d.Plan(files)
	if err != nil {
		return nil, err
	}
	staged := map[string]string{}
	defer func() {
		for _, temp := range staged {
			_ = d.root.Remove(temp)
		}
	}()
	for _, w := range plan {
		if w.Op == Delete {
			continue
		}
		if staged[w.Path], err = d.stage(w.Path, files[w.Path]); err != nil {
			return nil, err
		}
	}
	return plan, d.replace(plan, staged)
}

// readPlain is a file's content, nil where there is none.
func (d *Disk) readPlain(p string) ([]byte, error) {
	if !fs.ValidPath(p) || p == "." {
		return nil, &UnsafeError{p, "it is not a path inside the repository"}
	}
	for at := path.Dir(p); at != "."; at = path.Dir(at) {
		info, err := d.root.Lstat(at)
		if err == nil && !info.IsDir() {
			return nil, &UnsafeError{p, at + " is not a plain folder"}
		}
		if err != nil && !absent(err) {
			return nil, err
		}
	}
	info, err := d.root.Lstat(p)
	switch {
	case absent(err):
		return nil, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &UnsafeError{p, "something that is not a plain file stands there"}
	}
	data, err := d.root.ReadFile(p)
	if data == nil {
		data = []byte{}
	}
	return data, err
}

func absent(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) }

// stage writes a file completely, under a name beside its own.
func (d *Disk) stage(p string, data []byte) (string, error) {
	if err := d.root.MkdirAll(path.Dir(p), 0o777); err != nil {
		return "", err
	}
	for n := 0; ; n++ {
		temp := path.Join(path.Dir(p), "."+path.Base(p)+".tmp"+strconv.Itoa(n))
		f, err := d.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, fs.ErrExist) && n < 100 {
			continue
		}
		if err != nil {
			return "", err
		}
		if err := finish(f, data); err != nil {
			_ = d.root.Remove(temp)
			return "", err
		}
		return temp, nil
	}
}

func finish(f *os.File, data []byte) error {
	_, err := f.Write(data)
	return errors.Join(err, f.Close())
}

func (d *Disk) replace(plan []Written, staged map[string]string) error {
	for _, w := range plan {
		if w.Op == Delete {
			continue
		}
		if err := d.root.Rename(staged[w.Path], w.Path); err != nil {
			return err
		}
		delete(staged, w.Path)
	}
	for _, w := range plan {
		if w.Op != Delete {
			continue
		}
		if err := d.root.Remove(w.Path); err != nil {
			return err
		}
		d.prune(path.Dir(w.Path))
	}
	return nil
}

// prune removes folders that became empty; Git does not know empty folders.
func (d *Disk) prune(dir string) {
	for dir != "." && strings.Contains(dir, "/") {
		if d.root.Remove(dir) != nil {
			return
		}
		dir = path.Dir(dir)
	}
}
