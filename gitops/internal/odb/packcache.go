package odb

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
)

// windows reads a file in large pieces and keeps the latest: what is read next in a pack mostly lies near.
// A mapping of the file would read as fast, but a pack that is cut off meanwhile would end the process.
type windows struct {
	f    *os.File
	kept [windowSlots]atomic.Pointer[window]
}

// Windows overlap by so much that most objects which begin in one end in it.
const (
	windowSize    = 64 << 10
	windowOverlap = 8 << 10
	windowStep    = windowSize - windowOverlap
	windowSlots   = 64
)

type window struct {
	number int64
	data   []byte
}

// at returns the bytes from an offset on: windowOverlap at least, or up to the end of the file. They must not be changed.
func (w *windows) at(offset int64) ([]byte, error) {
	number := offset / windowStep
	slot := &w.kept[number%windowSlots]
	one := slot.Load()
	if one == nil || one.number != number {
		data, err := w.read(number*windowStep, windowSize)
		if err != nil {
			return nil, err
		}
		one = &window{number, data}
		slot.Store(one)
	}
	start := offset - number*windowStep
	if start >= int64(len(one.data)) {
		return nil, io.ErrUnexpectedEOF
	}
	return one.data[start:], nil
}

// read returns up to size bytes from an offset on; fewer at the end of the file.
func (w *windows) read(offset int64, size int) ([]byte, error) {
	data := make([]byte, size)
	n, err := w.f.ReadAt(data, offset)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return data[:n], err
}

// baseCache keeps objects that others are made from by deltas. It has two generations: what is used moves to the young
// one, and when that is full the old one is dropped.
type baseCache struct {
	mu         sync.Mutex
	young, old map[baseKey]Object
	size       int // of young, in bytes
}

type baseKey struct {
	pack *pack
	at   int64
}

// Two generations of this many bytes. The trees of a chain of deltas, which a walk needs again at once, take far less.
// Larger objects than the limit are no trees that a walk reads.
const (
	baseGeneration = 8 << 20
	baseLargest    = 1 << 20
)

func (c *baseCache) get(k baseKey) (Object, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if o, ok := c.young[k]; ok {
		return o, true
	}
	o, ok := c.old[k]
	if ok {
		c.add(k, o)
	}
	return o, ok
}

func (c *baseCache) put(k baseKey, o Object) {
	if len(o.Data) > baseLargest {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.young[k]; !ok {
		c.add(k, o)
	}
}

func (c *baseCache) add(k baseKey, o Object) {
	if c.young == nil || c.size > baseGeneration {
		c.old, c.young, c.size = c.young, map[baseKey]Object{}, 0
	}
	c.young[k] = o
	c.size += len(o.Data) + 128 // and what the map takes
}
