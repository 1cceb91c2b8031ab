package odb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/filesystem/dotgit"

	"github.com/modelops/modelops/gitops/giterr"
)

// Disk reads the object folders of a clone, those it borrows from included. Several goroutines may read at once.
type Disk struct {
	mu     sync.RWMutex // held for writing while packs are opened anew
	shared cache.Object
	stores []*diskStore

	// NoGraph leaves commit-graphs unread, as the user's configuration may ask for. It is set before the first read.
	NoGraph   bool
	graphOnce sync.Once
	graphs    commitGraphs
}

// diskStore is one object folder.
type diskStore struct {
	dir   string
	quick *packs    // what is in packs; the store has the loose objects, and packs of older forms
	packs time.Time // when the pack folder changed last, as far as store knows

	mu    sync.Mutex // the store serves one at a time
	store *filesystem.ObjectStorage
}

// OpenDisk opens the objects of a clone by the folder that its work trees share. It follows objects/info/alternates
// itself: go-git neither resolves relative lines nor chains. Error: *giterr.NotRepoError.
func OpenDisk(common string) (*Disk, error) {
	d := &Disk{shared: cache.NewObjectLRUDefault()}
	return d, d.add(filepath.Join(common, "objects"), 0)
}

const maxAlternates = 5 // nesting, as git

func (d *Disk) add(dir string, depth int) error {
	for _, s := range d.stores {
		if s.dir == dir {
			return nil
		}
	}
	if filepath.Base(dir) != "objects" {
		return &giterr.NotRepoError{Path: dir, Reason: "objects are borrowed from a folder of an unusual name"}
	}
	s := &diskStore{dir: dir}
	s.reopen(d.shared)
	d.stores = append(d.stores, s)
	if depth == maxAlternates {
		return nil
	}
	data, err := os.ReadFile(filepath.Join(dir, "info", "alternates"))
	if err != nil {
		return nil // the normal case: none
	}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if !filepath.IsAbs(line) {
			line = filepath.Join(dir, line)
		}
		if err := d.add(filepath.Clean(line), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// Borrow adds the objects of another repository, which are read where they lie. Error: *giterr.NotRepoError.
func (d *Disk) Borrow(common string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.add(filepath.Join(common, "objects"), 0)
}

func (s *diskStore) packTime() time.Time {
	info, err := os.Stat(filepath.Join(s.dir, "pack"))
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// reopen starts with fresh pack lists. Descriptors are kept, so that a repack beside us cannot take a pack away.
func (s *diskStore) reopen(c cache.Object) {
	if s.store != nil {
		s.store.Close() //nolint:errcheck // only descriptors for reading
		s.quick.close()
	}
	s.packs = s.packTime()
	s.quick = openPacks(s.dir)
	root := noAlternates{osfs.New(filepath.Dir(s.dir))}
	s.store = filesystem.NewObjectStorageWithOptions(dotgit.New(root), c, filesystem.Options{KeepDescriptors: true})
}

// Object implements Source. A miss is only believed after looking again at packs that came meanwhile.
func (d *Disk) Object(ctx context.Context, h Hash) (plumbing.ObjectType, []byte, error) {
	if err := ctx.Err(); err != nil {
		return 0, nil, err
	}
	d.mu.RLock()
	kind, data, err := d.read(h)
	d.mu.RUnlock()
	if err == nil || !d.refresh(err) {
		return kind, data, notFound(h, err)
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	kind, data, err = d.read(h)
	return kind, data, notFound(h, err)
}

func notFound(h Hash, err error) error {
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return &giterr.MissingError{Hash: h}
	}
	if err != nil {
		return fmt.Errorf("read object %s: %w", h, err)
	}
	return nil
}

// refresh reopens the stores whose packs changed, and all of them after an error that is not a plain miss.
func (d *Disk) refresh(err error) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	fresh := false
	for _, s := range d.stores {
		if !errors.Is(err, plumbing.ErrObjectNotFound) || !s.packTime().Equal(s.packs) {
			s.reopen(d.shared)
			fresh = true
		}
	}
	return fresh
}

func (d *Disk) read(h Hash) (plumbing.ObjectType, []byte, error) {
	var bad error
	for _, s := range d.stores {
		kind, data, err := s.object(h)
		if err == nil {
			return kind, data, nil
		}
		if !errors.Is(err, plumbing.ErrObjectNotFound) && bad == nil {
			bad = err
		}
	}
	if bad == nil {
		bad = plumbing.ErrObjectNotFound
	}
	return 0, nil, bad
}

// object looks into the packs first. What cannot be read there may be read by go-git, which then says what is wrong.
func (s *diskStore) object(h Hash) (plumbing.ObjectType, []byte, error) {
	if kind, data, err := s.quick.get(h); err == nil {
		return kind, data, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	obj, err := s.store.EncodedObject(plumbing.AnyObject, h)
	if err != nil {
		return 0, nil, err
	}
	return load(obj)
}

func load(obj plumbing.EncodedObject) (plumbing.ObjectType, []byte, error) {
	r, err := obj.Reader()
	if err != nil {
		return 0, nil, err
	}
	defer r.Close() //nolint:errcheck // reading only
	data := make([]byte, obj.Size())
	_, err = io.ReadFull(r, data)
	return obj.Type(), data, err
}

// Prefix lists the ids that begin with some hexadecimal digits, two at most.
func (d *Disk) Prefix(digits string) ([]Hash, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	raw := plumbing.NewHash(digits + strings.Repeat("0", 40-len(digits)))
	var out []Hash
	for _, s := range d.stores {
		list, err := s.store.HashesWithPrefix(raw[:len(digits)/2])
		if err != nil {
			return nil, err
		}
		for _, h := range list {
			if strings.HasPrefix(h.String(), digits) {
				out = append(out, h)
			}
		}
	}
	return out, nil
}

// Close releases open files.
func (d *Disk) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var errs []error
	for _, s := range d.stores {
		s.quick.close()
		errs = append(errs, s.store.Close())
	}
	return errors.Join(errs...)
}

// StorePack puts a pack into the clone's store, with its index.
func (d *Disk) StorePack(pack []byte) (err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	w, err := d.stores[0].store.PackfileWriter()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	_, err = w.Write(pack)
	return err
}

// noAlternates hides objects/info/alternates from go-git.
type noAlternates struct{ billy.Filesystem }

func (n noAlternates) hidden(name string) bool {
	return strings.HasSuffix(filepath.ToSlash(name), "objects/info/alternates")
}

func (n noAlternates) Open(name string) (billy.File, error) {
	if n.hidden(name) {
		return nil, &os.PathError{Op: "open", Path: name, Err: os.ErrNotExist}
	}
	return n.Filesystem.Open(name)
}

func (n noAlternates) Stat(name string) (os.FileInfo, error) {
	if n.hidden(name) {
		return nil, &os.PathError{Op: "stat", Path: name, Err: os.ErrNotExist}
	}
	return n.Filesystem.Stat(name)
}
