package odb

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
)

// Sink takes the objects of a pack. It computes their ids itself, so that nothing can pass for another object.
type Sink interface {
	Put(kind plumbing.ObjectType, data []byte) Hash
	Get(h Hash) (Object, bool)
}

const (
	packHeader  = 12        // "PACK", version, number of objects (gitformat-pack(5))
	packTrailer = 20        // a SHA-1 of the rest
	leastInPack = 9         // bytes: one of header, eight of an empty zlib stream
	maxUnpacked = 512 << 20 // bytes of all objects of one pack together
)

// Unpack reads a pack that lies in memory. go-git's parser allocates what a pack's header asks for; this one bounds all
// that it takes from bytes which somebody else wrote. It returns how many objects came.
func Unpack(pack []byte, into Sink) (int, error) {
	if len(pack) < packHeader+packTrailer || string(pack[:4]) != "PACK" {
		return 0, errBadPack
	}
	count := int(binary.BigEndian.Uint32(pack[8:]))
	if count > len(pack)/leastInPack {
		return 0, errBadPack
	}
	u := unpacker{pack: pack[:len(pack)-packTrailer], at: packHeader, into: into, known: make(map[int]Object, count)}
	for range count {
		if err := u.object(); err != nil {
			return 0, err
		}
	}
	return count, nil
}

var errBadPack = errors.New("its pack cannot be read")

type unpacker struct {
	pack  []byte
	at    int
	into  Sink
	known map[int]Object // by offset: the bases of later deltas
	total int
}

// object reads the object at the current place.
func (u *unpacker) object() error {
	start := u.at
	kind, size, err := u.header()
	if err != nil {
		return err
	}
	var base Object
	delta := kind == plumbing.OFSDeltaObject || kind == plumbing.REFDeltaObject
	if delta {
		if base, err = u.base(kind, start); err != nil {
			return err
		}
	}
	data, err := u.inflate(size)
	if err != nil {
		return err
	}
	o := Object{Kind: kind, Data: data}
	if delta {
		if o.Data, err = u.patch(base.Data, data); err != nil {
			return err
		}
		o.Kind = base.Kind
	}
	if o.Kind < plumbing.CommitObject || o.Kind > plumbing.TagObject {
		return errBadPack
	}
	u.known[start] = o
	u.into.Put(o.Kind, o.Data)
	return nil
}

// header reads type and size: three bits of type, then the size in sevens, the lowest first.
func (u *unpacker) header() (plumbing.ObjectType, int, error) {
	c, err := u.byte()
	if err != nil {
		return 0, 0, err
	}
	kind, size, shift := plumbing.ObjectType(c>>4&7), int(c&15), 4
	for c&0x80 != 0 {
		if c, err = u.byte(); err != nil || shift > 31 {
			return 0, 0, errBadPack
		}
		size |= int(c&0x7f) << shift
		shift += 7
	}
	return kind, size, nil
}

func (u *unpacker) byte() (byte, error) {
	if u.at >= len(u.pack) {
		return 0, errBadPack
	}
	u.at++
	return u.pack[u.at-1], nil
}

// base finds what a delta is against: an object before it in the pack, or any other by its id.
func (u *unpacker) base(kind plumbing.ObjectType, start int) (Object, error) {
	if kind == plumbing.REFDeltaObject {
		if len(u.pack)-u.at < len(Hash{}) {
			return Object{}, errBadPack
		}
		h := Hash(u.pack[u.at : u.at+len(Hash{})])
		u.at += len(h)
		o, ok := u.into.Get(h)
		if !ok {
			return Object{}, fmt.Errorf("%w: a delta is against %s, which is not in it", errBadPack, h.String()[:10])
		}
		return o, nil
	}
	back := 0
	for {
		c, err := u.byte()
		if err != nil || back > len(u.pack) {
			return Object{}, errBadPack
		}
		back = back<<7 | int(c&0x7f)
		if c&0x80 == 0 {
			break
		}
		back++
	}
	o, ok := u.known[start-back]
	if !ok {
		return Object{}, errBadPack
	}
	return o, nil
}

func (u *unpacker) inflate(size int) ([]byte, error) {
	if u.total += size; u.total > maxUnpacked {
		return nil, fmt.Errorf("its pack unpacks to more than %d MB: use a clone", maxUnpacked>>20)
	}
	in := bytes.NewReader(u.pack[u.at:])
	z, err := zlib.NewReader(in)
	if err != nil {
		return nil, errBadPack
	}
	var out bytes.Buffer
	if n, err := io.Copy(&out, io.LimitReader(z, int64(size)+1)); err != nil || n != int64(size) {
		return nil, errBadPack
	}
	u.at = len(u.pack) - in.Len()
	return out.Bytes(), nil
}

// patch applies a delta, whose second number is the size of the result.
func (u *unpacker) patch(base, delta []byte) ([]byte, error) {
	_, n := binary.Uvarint(delta)
	if n <= 0 {
		return nil, errBadPack
	}
	size, n := binary.Uvarint(delta[n:])
	if n <= 0 || size > maxUnpacked {
		return nil, errBadPack
	}
	if u.total += int(size); u.total > maxUnpacked {
		return nil, fmt.Errorf("its pack unpacks to more than %d MB: use a clone", maxUnpacked>>20)
	}
	out, err := packfile.PatchDelta(base, delta)
	if err != nil || len(out) != int(size) {
		return nil, errBadPack
	}
	return out, nil
}
