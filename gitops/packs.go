package gitops

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/format/idxfile"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
)

// packs reads single objects from the packs of one object folder without loading their indexes: go-git reads an index
// whole and makes a map of it, which for a hundred thousand objects takes longer than all the rest of a promote.
type packs struct {
	list []*pack
}

type pack struct {
	idx  *packIndex
	file *packfile.Packfile
}

// openPacks opens what it understands; a pack that it does not is left to go-git.
func openPacks(dir string, c cache.Object) *packs {
	p := &packs{}
	names, err := filepath.Glob(filepath.Join(dir, "pack", "*.idx"))
	if err != nil {
		return p
	}
	for _, name := range names {
		if one, err := openPack(name, c); err == nil {
			p.list = append(p.list, one)
		}
	}
	return p
}

func openPack(name string, c cache.Object) (*pack, error) {
	idx, err := openPackIndex(name)
	if err != nil {
		return nil, err
	}
	fs := osfs.New(filepath.Dir(name))
	data, err := fs.Open(strings.TrimSuffix(filepath.Base(name), ".idx") + ".pack")
	if err != nil {
		return nil, errors.Join(err, idx.f.Close())
	}
	return &pack{idx, packfile.NewPackfileWithCache(idx, nil, data, c, 0)}, nil
}

// get returns an object that is in one of the packs.
func (p *packs) get(h Hash) (plumbing.EncodedObject, error) {
	for _, one := range p.list {
		obj, err := one.file.Get(h)
		if !errors.Is(err, plumbing.ErrObjectNotFound) {
			return obj, err
		}
	}
	return nil, plumbing.ErrObjectNotFound
}

func (p *packs) close() {
	for _, one := range p.list {
		one.idx.f.Close() //nolint:errcheck // reading only
		one.file.Close()  //nolint:errcheck // reading only
	}
}

// packIndex looks objects up in an index file of version 2 (gitformat-pack(5)) by binary search on the disk.
type packIndex struct {
	f       *os.File
	fanout  [256]uint32
	offsets []byte // the table of 32-bit offsets, read when an object is first looked for by its offset
}

const (
	idxHeader = 8 + 256*4
	idxLarge  = 1 << 31 // marks an offset that stands in the table of 64-bit ones
)

func openPackIndex(name string) (*packIndex, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	head := make([]byte, idxHeader)
	if _, err := f.ReadAt(head, 0); err != nil || !bytes.Equal(head[:8], []byte("\377tOc\x00\x00\x00\x02")) {
		return nil, errors.Join(fmt.Errorf("read %s: not an index of version 2", name), err, f.Close())
	}
	x := &packIndex{f: f}
	for i := range x.fanout {
		x.fanout[i] = binary.BigEndian.Uint32(head[8+4*i:])
	}
	return x, nil
}

func (x *packIndex) count() int64 { return int64(x.fanout[255]) }

func (x *packIndex) name(i int64) (h Hash, err error) {
	_, err = x.f.ReadAt(h[:], idxHeader+20*i)
	return h, err
}

// position finds an object's place in the sorted names.
func (x *packIndex) position(h Hash) (int64, error) {
	lo, hi := int64(0), int64(x.fanout[h[0]])
	if h[0] > 0 {
		lo = int64(x.fanout[h[0]-1])
	}
	var bad error
	at := lo + int64(sort.Search(int(hi-lo), func(i int) bool {
		n, err := x.name(lo + int64(i))
		bad = errors.Join(bad, err)
		return bytes.Compare(n[:], h[:]) >= 0
	}))
	if bad != nil {
		return 0, bad
	}
	if at < hi {
		if n, err := x.name(at); err != nil || n == h {
			return at, err
		}
	}
	return 0, plumbing.ErrObjectNotFound
}

func (x *packIndex) offset(i int64) (int64, error) {
	var b [8]byte
	if _, err := x.f.ReadAt(b[:4], idxHeader+24*x.count()+4*i); err != nil {
		return 0, err
	}
	small := binary.BigEndian.Uint32(b[:4])
	if small < idxLarge {
		return int64(small), nil
	}
	_, err := x.f.ReadAt(b[:], idxHeader+28*x.count()+8*int64(small-idxLarge))
	return int64(binary.BigEndian.Uint64(b[:])), err
}

// FindOffset implements idxfile.Index.
func (x *packIndex) FindOffset(h plumbing.Hash) (int64, error) {
	i, err := x.position(h)
	if err != nil {
		return 0, err
	}
	return x.offset(i)
}

// Contains implements idxfile.Index.
func (x *packIndex) Contains(h plumbing.Hash) (bool, error) {
	_, err := x.position(h)
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return false, nil
	}
	return err == nil, err
}

// FindHash implements idxfile.Index: the bases of deltas are known by their offset. The table is walked, since a chain
// of deltas has few steps.
func (x *packIndex) FindHash(o int64) (plumbing.Hash, error) {
	if x.offsets == nil {
		table := make([]byte, 4*x.count())
		if _, err := x.f.ReadAt(table, idxHeader+24*x.count()); err != nil {
			return Hash{}, err
		}
		x.offsets = table
	}
	for i := range x.count() {
		small := binary.BigEndian.Uint32(x.offsets[4*i:])
		if small < idxLarge && int64(small) != o {
			continue
		}
		if at, err := x.offset(i); err != nil || at == o {
			n, nerr := x.name(i)
			return n, errors.Join(err, nerr)
		}
	}
	return Hash{}, plumbing.ErrObjectNotFound
}

// FindCRC32 implements idxfile.Index; nothing that reads objects asks for it.
func (x *packIndex) FindCRC32(plumbing.Hash) (uint32, error) { return 0, errUnlisted }

// Count implements idxfile.Index.
func (x *packIndex) Count() (int64, error) { return x.count(), nil }

// Entries implements idxfile.Index; nothing that reads objects asks for it.
func (x *packIndex) Entries() (idxfile.EntryIter, error) { return nil, errUnlisted }

// EntriesByOffset implements idxfile.Index; nothing that reads objects asks for it.
func (x *packIndex) EntriesByOffset() (idxfile.EntryIter, error) { return nil, errUnlisted }

var errUnlisted = errors.New("this index only looks objects up")
