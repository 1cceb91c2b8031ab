package gitops

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
)

// disk reads the object folders of a clone, those it borrows from included. Several goroutines may read at once.
type disk struct {
	mu     sync.RWMutex // held for writing while packs are opened anew
	shared cache.Object
	stores []*diskStore

	noGraph   bool // the user's configuration says that commit-graphs are not to be read
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

// openDisk follows objects/info/alternates itself: go-git neither resolves relative lines nor chains.
func openDisk(common string) (*disk, error) {
	d := &disk{shared: cache.NewObjectLRUDefault()}
	return d, d.add(filepath.Join(common, "objects"), 0)
}

const maxAlternates = 5 // nesting, as git

func (d *disk) add(dir string, depth int) error {
	for _, s := range d.stores {
		if s.dir == dir {
			return nil
		}
	}
	if filepath.Base(dir) != "objects" {
		return &NotRepoError{dir, "objects are borrowed from a folder of an unusual name"}
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

// Object implements objects. A miss is only believed after looking again at packs that came meanwhile.
func (d *disk) Object(ctx context.Context, h Hash) (plumbing.ObjectType, []byte, error) {
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
		return &MissingError{Hash: h}
	}
	if err != nil {
		return fmt.Errorf("read object %s: %w", h, err)
	}
	return nil
}

// refresh reopens the stores whose packs changed, and all of them after an error that is not a plain miss.
func (d *disk) refresh(err error) bool {
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

func (d *disk) read(h Hash) (plumbing.ObjectType, []byte, error) {
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

// prefix lists the ids that begin with some hexadecimal digits, two at most.
func (d *disk) prefix(digits string) ([]Hash, error) {
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

func (d *disk) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var errs []error
	for _, s := range d.stores {
		s.quick.close()
		errs = append(errs, s.store.Close())
	}
	return errors.Join(errs...)
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
