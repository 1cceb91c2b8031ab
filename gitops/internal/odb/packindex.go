package odb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sort"
	"sync"
	"sync/atomic"

	"github.com/go-git/go-git/v5/plumbing"
)

// packIndex looks objects up in an index file of version 2 (gitformat-pack(5)): by binary search on the disk, which is
// cheap for the few objects of a promote, and once many were asked for, in memory, a part of the index at a time.
type packIndex struct {
	f       *os.File
	fanout  [256]uint32
	lookups atomic.Int64
	mu      sync.Mutex
	held    int64 // bytes of parts
	parts   [256]atomic.Pointer[indexPart]
}

// indexPart is that part of an index whose names begin with one byte.
type indexPart struct{ names, offsets []byte }

const (
	idxHeader = 8 + 256*4
	idxLarge  = 1 << 31 // marks an offset that stands in the table of 64-bit ones

	// fewLookups go to the disk before parts are read, of which so many bytes are kept.
	fewLookups = 128
	maxParts   = 48 << 20
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
		x.fanout[i] = be32(head[8+4*i:])
		if i > 0 && x.fanout[i] < x.fanout[i-1] {
			return nil, errors.Join(fmt.Errorf("read %s: malformed", name), f.Close())
		}
	}
	return x, nil
}

func (x *packIndex) count() int64 { return int64(x.fanout[255]) }

// find returns an object's offset in the pack, or plumbing.ErrObjectNotFound.
func (x *packIndex) find(h Hash) (int64, error) {
	lo, hi := int64(0), int64(x.fanout[h[0]])
	if h[0] > 0 {
		lo = int64(x.fanout[h[0]-1])
	}
	if lo == hi {
		return 0, plumbing.ErrObjectNotFound
	}
	if p := x.part(h[0], lo, hi); p != nil {
		i := searchIDs(p.names, h)
		if i < 0 {
			return 0, plumbing.ErrObjectNotFound
		}
		return x.far(be32(p.offsets[4*i:]))
	}
	return x.probe(h, lo, hi)
}

// part returns a part of the index that is in memory, read now where many objects have been looked for; nil where the
// disk has to be asked.
func (x *packIndex) part(first byte, lo, hi int64) *indexPart {
	if p := x.parts[first].Load(); p != nil {
		return p
	}
	if x.lookups.Add(1) < fewLookups {
		return nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.held += 24 * (hi - lo); x.held > maxParts {
		return nil
	}
	p := &indexPart{make([]byte, hashSize*(hi-lo)), make([]byte, 4*(hi-lo))}
	_, err := x.f.ReadAt(p.names, idxHeader+hashSize*lo)
	if err == nil {
		_, err = x.f.ReadAt(p.offsets, idxHeader+24*x.count()+4*lo)
	}
	if err != nil {
		return nil // asking the disk for one object will tell
	}
	x.parts[first].Store(p)
	return p
}

// probe searches on the disk.
func (x *packIndex) probe(h Hash, lo, hi int64) (int64, error) {
	var bad error
	var name, offset [hashSize]byte
	read := func(i int) []byte {
		_, err := x.f.ReadAt(name[:], idxHeader+hashSize*(lo+int64(i)))
		bad = errors.Join(bad, err)
		return name[:]
	}
	n := int(hi - lo)
	i := sort.Search(n, func(i int) bool { return bytes.Compare(read(i), h[:]) >= 0 })
	found := i < n && bytes.Equal(read(i), h[:])
	switch {
	case bad != nil:
		return 0, bad
	case !found:
		return 0, plumbing.ErrObjectNotFound
	}
	if _, err := x.f.ReadAt(offset[:4], idxHeader+24*x.count()+4*(lo+int64(i))); err != nil {
		return 0, err
	}
	return x.far(be32(offset[:4]))
}

// searchIDs returns the place of an id among sorted ones, or -1. It compares the first eight bytes, which hardly ever
// are the same in two of them, as one number.
func searchIDs(ids []byte, h Hash) int {
	lo, hi := 0, len(ids)/hashSize
	want := binary.BigEndian.Uint64(h[:])
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if binary.BigEndian.Uint64(ids[mid*hashSize:]) < want {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	for ; lo < len(ids)/hashSize; lo++ {
		id := ids[lo*hashSize : (lo+1)*hashSize]
		if string(id) == string(h[:]) {
			return lo
		}
		if binary.BigEndian.Uint64(id) != want {
			break
		}
	}
	return -1
}

// far follows an offset to the table of 64-bit ones, where it is too large for the small table.
func (x *packIndex) far(small uint32) (int64, error) {
	if small < idxLarge {
		return int64(small), nil
	}
	var b [8]byte
	_, err := x.f.ReadAt(b[:], idxHeader+28*x.count()+8*int64(small-idxLarge))
	return int64(binary.BigEndian.Uint64(b[:]) &^ (1 << 63)), err
}
