package odb

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/klauspost/compress/zlib"
)

// inflateBound is how many compressed bytes may be needed for so many plain ones: deflate stores what it cannot make
// smaller, with five bytes for each 16 KiB at worst, between a head and a checksum.
func inflateBound(size int) int { return size + size>>10 + 64 }

var inflaters = sync.Pool{New: func() any { return &inflater{} }}

type inflater struct {
	in bytes.Reader
	z  io.ReadCloser
}

// inflate fills out from a zlib stream, which may have more bytes behind it, and checks that nothing is left over.
func inflate(out, in []byte) error {
	i := inflaters.Get().(*inflater)
	defer inflaters.Put(i)
	i.in.Reset(in)
	var err error
	if i.z == nil {
		i.z, err = zlib.NewReader(&i.in)
	} else {
		err = i.z.(zlib.Resetter).Reset(&i.in, nil)
	}
	if err != nil {
		return err
	}
	if _, err := io.ReadFull(i.z, out); err != nil {
		return err
	}
	var over [1]byte
	if n, err := i.z.Read(over[:]); n != 0 || !errors.Is(err, io.EOF) {
		return errors.New("it is longer than its head says")
	}
	return nil
}
