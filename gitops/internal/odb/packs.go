package odb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
)

// packs reads objects from the packs of one object folder. go-git reads an index whole and makes a map of it, which for
// a hundred thousand objects takes longer than all the rest of a promote, and it finds the base of a delta by walking
// that map, which makes a history of a hundred thousand commits take minutes. Several goroutines may read at once.
type packs struct {
	list  []*pack
	bases *baseCache
}

// openPacks opens what it understands; a pack that it does not is left to go-git.
func openPacks(dir string) *packs {
	p := &packs{bases: &baseCache{}}
	names, err := filepath.Glob(filepath.Join(dir, "pack", "*.idx"))
	if err != nil {
		return p
	}
	for _, name := range names {
		if one, err := openPack(name, p.bases); err == nil {
			p.list = append(p.list, one)
		}
	}
	return p
}

// get returns an object that is in one of the packs, or plumbing.ErrObjectNotFound. Its content is shared: it must not
// be changed.
func (p *packs) get(h Hash) (plumbing.ObjectType, []byte, error) {
	for _, one := range p.list {
		at, err := one.idx.find(h)
		if err == nil {
			o, err := one.object(at, 0)
			return o.Kind, o.Data, err
		}
		if !errors.Is(err, plumbing.ErrObjectNotFound) {
			return 0, nil, err
		}
	}
	return 0, nil, plumbing.ErrObjectNotFound
}

func (p *packs) close() {
	for _, one := range p.list {
		one.idx.f.Close()  //nolint:errcheck // reading only
		one.data.f.Close() //nolint:errcheck // reading only
	}
}

// pack is one pack file of version 2 with its index (gitformat-pack(5)).
type pack struct {
	idx   *packIndex
	data  *windows
	bases *baseCache
}

func openPack(name string, bases *baseCache) (*pack, error) {
	idx, err := openPackIndex(name)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(strings.TrimSuffix(name, ".idx") + ".pack")
	if err != nil {
		return nil, errors.Join(err, idx.f.Close())
	}
	return &pack{idx: idx, data: &windows{f: f}, bases: bases}, nil
}

// The ways in which a pack holds an object beside whole.
const (
	ofsDelta = 6
	refDelta = 7
)

// maxDelta is the longest chain of deltas that is followed. Git makes none above 4095.
const maxDelta = 4096

// object reads the object at an offset, and through its chain of deltas what it is made from.
func (p *pack) object(at int64, depth int) (Object, error) {
	key := baseKey{p, at}
	if o, ok := p.bases.get(key); ok {
		return o, nil
	}
	e, err := p.entry(at)
	if err != nil {
		return Object{}, err
	}
	if e.kind < ofsDelta {
		o := Object{Kind: e.kind, Data: make([]byte, e.size)}
		err := p.inflate(e, o.Data)
		if err == nil && e.kind == plumbing.TreeObject {
			p.bases.put(key, o) // what lies near to what was read shares the folders above it
		}
		return o, err
	}
	if depth == maxDelta {
		return Object{}, p.corrupt(at, "its chain of deltas has no end")
	}
	base, err := p.object(e.base, depth+1)
	if err != nil {
		return Object{}, err
	}
	p.bases.put(baseKey{p, e.base}, base)
	data, err := p.applied(e, base.Data)
	if err != nil {
		return Object{}, err
	}
	o := Object{Kind: base.Kind, Data: data}
	p.bases.put(key, o)
	return o, nil
}

// deltas are buffers for deltas, which are done with as soon as they are applied.
var deltas = sync.Pool{New: func() any { return new([]byte) }}

// applied is the object that an entry's delta makes of its base.
func (p *pack) applied(e packEntry, base []byte) ([]byte, error) {
	buffer := deltas.Get().(*[]byte)
	defer deltas.Put(buffer)
	delta := slices.Grow((*buffer)[:0], e.size)[:e.size]
	*buffer = delta
	if err := p.inflate(e, delta); err != nil {
		return nil, err
	}
	data, ok := applyDelta(base, delta)
	if !ok {
		return nil, p.corrupt(e.at, "its delta does not fit its base")
	}
	return data, nil
}

func (p *pack) corrupt(at int64, why string) error {
	return fmt.Errorf("%s, object at %d: %s (git fsck tells more)", p.data.f.Name(), at, why)
}

// packEntry is the head of one object in a pack.
type packEntry struct {
	at   int64
	kind plumbing.ObjectType
	size int   // of what is inflated
	base int64 // offset of what a delta is applied to
	body int64 // offset of the compressed bytes
}

// maxObject is the largest object that is read into memory. Whatever this package needs is far smaller.
const maxObject = 1 << 30

func (p *pack) entry(at int64) (packEntry, error) {
	b, err := p.data.at(at)
	if err != nil {
		return packEntry{}, err
	}
	var size uint64
	n, shift := 0, 4
	for more := true; more; n++ {
		if n == len(b) || shift > 60 {
			return packEntry{}, p.corrupt(at, "its head is malformed")
		}
		if n == 0 {
			size = uint64(b[0] & 15)
		} else {
			size |= uint64(b[n]&127) << shift
			shift += 7
		}
		more = b[n]&128 != 0
	}
	e := packEntry{at: at, kind: plumbing.ObjectType(b[0] >> 4 & 7), size: int(size)}
	if size > maxObject {
		return e, p.corrupt(at, "it is larger than 1 GiB")
	}
	switch e.kind {
	case plumbing.CommitObject, plumbing.TreeObject, plumbing.BlobObject, plumbing.TagObject:
	case ofsDelta:
		back, used := deltaOffset(b[n:])
		if used == 0 || back <= 0 || back >= at {
			return e, p.corrupt(at, "its delta names no base")
		}
		e.base, n = at-back, n+used
	case refDelta:
		var h Hash
		n += copy(h[:], b[n:])
		if e.base, err = p.idx.find(h); err != nil {
			return e, p.corrupt(at, "the base of its delta is not in the pack")
		}
	default:
		return e, p.corrupt(at, "its type is unknown")
	}
	e.body = at + int64(n)
	return e, nil
}

// deltaOffset reads how far before a delta its base lies: seven bits a byte, each but the first counted from one.
func deltaOffset(b []byte) (back int64, used int) {
	for i, c := range b {
		if i == 9 {
			break
		}
		back = back<<7 | int64(c&127)
		if c&128 == 0 {
			return back, i + 1
		}
		back++
	}
	return 0, 0
}

// inflate fills out, which is of the entry's size.
func (p *pack) inflate(e packEntry, out []byte) error {
	b, err := p.data.at(e.body)
	if err != nil {
		return err
	}
	if len(b) < inflateBound(e.size) {
		b, err = p.data.read(e.body, inflateBound(e.size))
		if err != nil {
			return err
		}
	}
	if err := inflate(out, b); err != nil {
		return p.corrupt(e.at, err.Error())
	}
	return nil
}

// applyDelta makes an object from its base and a delta.
func applyDelta(base, delta []byte) ([]byte, bool) {
	from, n := binary.Uvarint(delta)
	if n <= 0 || from != uint64(len(base)) {
		return nil, false
	}
	delta = delta[n:]
	size, n := binary.Uvarint(delta)
	if n <= 0 || size > maxObject {
		return nil, false
	}
	delta = delta[n:]
	out := make([]byte, 0, size)
	for len(delta) > 0 {
		op := delta[0]
		delta = delta[1:]
		if op&128 == 0 {
			n := int(op)
			if n == 0 || n > len(delta) || n > cap(out)-len(out) {
				return nil, false
			}
			out = append(out, delta[:n]...)
			delta = delta[n:]
			continue
		}
		var at, n uint32
		for i := range 7 {
			if op>>i&1 == 0 {
				continue
			}
			if len(delta) == 0 {
				return nil, false
			}
			if i < 4 {
				at |= uint32(delta[0]) << (8 * i)
			} else {
				n |= uint32(delta[0]) << (8 * (i - 4))
			}
			delta = delta[1:]
		}
		if n == 0 {
			n = 0x10000
		}
		end := uint64(at) + uint64(n)
		if end > uint64(len(base)) || int(n) > cap(out)-len(out) {
			return nil, false
		}
		out = append(out, base[at:end]...)
	}
	return out, uint64(len(out)) == size
}
