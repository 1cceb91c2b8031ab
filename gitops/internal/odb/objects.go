package odb

import (
	"context"
	"fmt"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/modelops/modelops/gitops/giterr"
)

// Hash is the SHA-1 id of an object. Its zero value stands for "no such object".
type Hash = plumbing.Hash

// Source reads Git objects by id. It is the seam between what a repository holds and where it lives: a clone on disk,
// new objects in memory, and a remote without a clone are implementations of it.
type Source interface {
	// Object returns the type and content of an object, or *giterr.MissingError. The content is shared: it must not be changed.
	Object(ctx context.Context, h Hash) (plumbing.ObjectType, []byte, error)
}

// Read reads an object and insists on its type. Errors: *giterr.MissingError, and those of an object that cannot be read.
func Read(ctx context.Context, o Source, h Hash, want plumbing.ObjectType) ([]byte, error) {
	t, data, err := o.Object(ctx, h)
	if err != nil {
		return nil, err
	}
	if t != want {
		return nil, fmt.Errorf("read object %s: it is a %s, not a %s", h, t, want)
	}
	return data, nil
}

// Object is the type and content of one object. The content is shared: it must not be changed.
type Object struct {
	Kind plumbing.ObjectType
	Data []byte
	was  Hash // the object that it takes the place of, zero for none
}

// Nothing is a source without objects.
type Nothing struct{}

// Object implements Source: the error is always a *giterr.MissingError.
func (Nothing) Object(_ context.Context, h Hash) (plumbing.ObjectType, []byte, error) {
	return plumbing.InvalidObject, nil, &giterr.MissingError{Hash: h}
}

// Overlay holds new objects in memory above another source, so that nothing is written before a branch moves.
type Overlay struct {
	// Below is read for everything that is not new.
	Below Source
	mu    sync.RWMutex
	fresh map[Hash]Object
}

// NewOverlay holds nothing yet.
func NewOverlay(below Source) *Overlay { return &Overlay{Below: below, fresh: map[Hash]Object{}} }

// Object implements Source.
func (o *Overlay) Object(ctx context.Context, h Hash) (plumbing.ObjectType, []byte, error) {
	o.mu.RLock()
	obj, ok := o.fresh[h]
	o.mu.RUnlock()
	if ok {
		return obj.Kind, obj.Data, nil
	}
	return o.Below.Object(ctx, h)
}

// Put adds a new object and returns its id.
func (o *Overlay) Put(kind plumbing.ObjectType, data []byte) Hash {
	return o.Replace(kind, data, Hash{})
}

// Replace adds a new object that takes the place of another, which a push may send as the difference between them.
func (o *Overlay) Replace(kind plumbing.ObjectType, data []byte, was Hash) Hash {
	h := plumbing.ComputeHash(kind, data)
	o.mu.Lock()
	o.fresh[h] = Object{kind, data, was}
	o.mu.Unlock()
	return h
}

// Get returns an object that is in memory.
func (o *Overlay) Get(h Hash) (Object, bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	obj, ok := o.fresh[h]
	return obj, ok
}

// Drop forgets objects that have been written to the source below.
func (o *Overlay) Drop(hs []Hash) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, h := range hs {
		delete(o.fresh, h)
	}
}

// Reachable lists the new objects that commit h needs and that the source below does not have, commits first.
func (o *Overlay) Reachable(h Hash) ([]Hash, error) {
	var out []Hash
	seen := map[Hash]bool{}
	queue := []Hash{h}
	for len(queue) > 0 {
		h, queue = queue[0], queue[1:]
		obj, ok := o.Get(h)
		if !ok || seen[h] {
			continue
		}
		seen[h] = true
		out = append(out, h)
		next, err := references(h, obj)
		if err != nil {
			return nil, err
		}
		queue = append(queue, next...)
	}
	return out, nil
}

// references lists the ids that an object names.
func references(h Hash, obj Object) ([]Hash, error) {
	switch obj.Kind {
	case plumbing.CommitObject:
		c, err := parseLink(h, obj.Data)
		return append([]Hash{c.Tree}, c.Parents...), err
	case plumbing.TreeObject:
		entries, err := parseTree(h, obj.Data)
		if err != nil {
			return nil, err
		}
		out := make([]Hash, 0, len(entries))
		for _, e := range entries {
			if e.Mode != modeSubmodule {
				out = append(out, e.Hash)
			}
		}
		return out, nil
	}
	return nil, nil
}
