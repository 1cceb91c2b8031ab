package odb

import (
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// NewObject is an object on its way to the disk.
type NewObject struct {
	ID Hash
	Object
}

// writer stores objects loose. One deflater serves them all: it is by far the largest thing that a commit allocates.
type writer struct {
	Settings
	dir string
	z   *zlib.Writer
}

// Settings are how files of a repository are written.
type Settings struct {
	// Durable waits for the disk.
	Durable bool
	// Adjust gives a new file or folder the permissions that the repository's files have.
	Adjust func(name string) error
}

// batch is how many files are on their way to the disk at a time: enough for one flush of a journal to serve them all.
const batch = 64

// Write stores objects loose, in their order, so that an object never appears before one that it names. All of a batch
// are complete, and on the disk, before the first gets its name. They are compressed as little as git does for loose
// objects, whose time counts and whose size a later gc mends.
func (d *Disk) Write(list []NewObject, s Settings) error {
	z, err := zlib.NewWriterLevel(nil, zlib.BestSpeed)
	if err != nil {
		return err
	}
	w := &writer{Settings: s, dir: d.stores[0].dir, z: z}
	w.tidy(time.Now())
	for len(list) > 0 {
		n := min(batch, len(list))
		if err := w.writeBatch(list[:n]); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

func (w *writer) writeBatch(list []NewObject) (err error) {
	var files []looseFile
	defer func() {
		for _, f := range files {
			if f.tmp != "" {
				err = errors.Join(err, f.Close(), os.Remove(f.tmp))
			}
		}
	}()
	for _, o := range list {
		f, err := w.prepare(o)
		if f.File != nil {
			files = append(files, f)
		}
		if err != nil {
			return fmt.Errorf("write object %s: %w", o.ID, err)
		}
	}
	if err := w.settle(files); err != nil {
		return fmt.Errorf("write objects: %w", err)
	}
	for i := range files {
		if err := w.publish(&files[i]); err != nil {
			return fmt.Errorf("write objects: %w", err)
		}
	}
	return nil
}

// looseFile is a complete object under a temporary name, "" once it has its own.
type looseFile struct {
	*os.File
	tmp, name string
}

// tmpPrefix begins the names of our temporary files: git's gc takes tmp_obj_ away, and the rest tells ours from others'.
const tmpPrefix = "tmp_obj_modelops_"

// prepare writes an object under a temporary name; the result is empty where the object is there already.
func (w *writer) prepare(o NewObject) (looseFile, error) {
	hex := o.ID.String()
	f := looseFile{name: filepath.Join(w.dir, hex[:2], hex[2:])}
	if _, err := os.Stat(f.name); err == nil {
		return looseFile{}, nil
	}
	tmp := filepath.Join(w.dir, fmt.Sprintf("%s%016x", tmpPrefix, rand.Uint64()))
	var err error
	if f.File, err = os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o444); err != nil {
		return looseFile{}, err
	}
	f.tmp = tmp
	return f, w.deflate(f, o.Object)
}

// settle waits until all files are on the disk. They are sent there together, since the file system then writes its
// journal once for all of them.
func (w *writer) settle(files []looseFile) error {
	if !w.Durable {
		return nil
	}
	errs := make([]error, len(files))
	var wg sync.WaitGroup
	for i, f := range files {
		wg.Go(func() { errs[i] = f.Sync() })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// publish gives an object its name.
func (w *writer) publish(f *looseFile) error {
	if err := f.Close(); err != nil {
		return err
	}
	err := os.Rename(f.tmp, f.name)
	if errors.Is(err, fs.ErrNotExist) {
		dir := filepath.Dir(f.name)
		if err = os.Mkdir(dir, 0o777); err == nil || errors.Is(err, fs.ErrExist) {
			err = errors.Join(w.Adjust(dir), os.Rename(f.tmp, f.name))
		}
	}
	if err == nil {
		f.tmp = ""
		err = w.Adjust(f.name)
	}
	return err
}

func (w *writer) deflate(out io.Writer, obj Object) error {
	w.z.Reset(out)
	if _, err := fmt.Fprintf(w.z, "%s %d\x00", obj.Kind, len(obj.Data)); err != nil {
		return err
	}
	if _, err := w.z.Write(obj.Data); err != nil {
		return err
	}
	return w.z.Close()
}

// staleAfter is the age at which a temporary file of ours belongs to a run that was killed: none writes for that long.
const staleAfter = time.Hour

// tidy takes away what killed runs left. It only looks into the one folder where we put such files, and only at names
// that are ours; what cannot be removed does no harm.
func (w *writer) tidy(now time.Time) {
	list, err := os.ReadDir(w.dir)
	if err != nil {
		return
	}
	for _, e := range list {
		if !strings.HasPrefix(e.Name(), tmpPrefix) {
			continue
		}
		if info, err := e.Info(); err == nil && now.Sub(info.ModTime()) > staleAfter {
			os.Remove(filepath.Join(w.dir, e.Name())) //nolint:errcheck // see above
		}
	}
}
