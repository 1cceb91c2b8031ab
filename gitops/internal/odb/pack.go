package odb

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1" //nolint:gosec // the format's own checksum
	"encoding/binary"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
)

// WritePack encodes a pack of new objects (gitformat-pack(5)). One that takes the place of an object which the other
// side has goes as the difference to it, where that is shorter: a folder of a thousand entries changes in one.
func WritePack(w io.Writer, objects map[Hash]Object, base func(Hash) (Object, bool)) error {
	sum := sha1.New() //nolint:gosec // the format's own checksum
	p := packWriter{out: io.MultiWriter(w, sum), z: zlib.NewWriter(nil)}
	head := binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), uint32(len(objects))) //nolint:gosec // a handful
	if _, err := p.out.Write(head); err != nil {
		return err
	}
	for _, o := range objects {
		if err := p.object(o, base); err != nil {
			return err
		}
	}
	_, err := w.Write(sum.Sum(nil))
	return err
}

// packWriter writes entries of a pack. One deflater serves them all: it is by far the largest thing that they allocate.
type packWriter struct {
	out io.Writer
	z   *zlib.Writer
}

func (p packWriter) object(o Object, base func(Hash) (Object, bool)) error {
	whole, err := p.deflated(o.Data)
	if err != nil {
		return err
	}
	if base != nil && !o.was.IsZero() {
		if was, ok := base(o.was); ok && was.Kind == o.Kind {
			delta := packfile.DiffDelta(was.Data, o.Data)
			small, err := p.deflated(delta)
			if err != nil {
				return err
			}
			if len(small)+len(o.was) < len(whole) {
				return p.write(plumbing.REFDeltaObject, len(delta), o.was[:], small)
			}
		}
	}
	return p.write(o.Kind, len(o.Data), nil, whole)
}

// write puts type and size, the base of a delta, and the deflated content: see unpacker.header.
func (p packWriter) write(kind plumbing.ObjectType, size int, base, data []byte) error {
	c := byte(kind)<<4 | byte(size&15)
	var head []byte
	for size >>= 4; size > 0; size >>= 7 {
		head = append(head, c|0x80)
		c = byte(size & 0x7f)
	}
	for _, part := range [][]byte{append(head, c), base, data} {
		if _, err := p.out.Write(part); err != nil {
			return err
		}
	}
	return nil
}

func (p packWriter) deflated(data []byte) ([]byte, error) {
	var b bytes.Buffer
	p.z.Reset(&b)
	if _, err := p.z.Write(data); err != nil {
		return nil, err
	}
	err := p.z.Close()
	return b.Bytes(), err
}
