package gitops

import (
	"context"
	"fmt"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
)

// objects reads Git objects by id. It is the seam between what a repository holds and where it lives: a clone on disk,
// new objects in memory, and a remote without a clone are implementations of it.
type objects interface {
	// Object returns the type and content of an object, or *MissingError. The content is shared: it must not be changed.
	Object(ctx context.Context, h Hash) (plumbing.ObjectType, []byte, error)
}

// readObject reads an object and insists on its type.
func readObject(ctx context.Context, o objects, h Hash, want plumbing.ObjectType) ([]byte, error) {
	t, data, err := o.Object(ctx, h)
	if err != nil {
		return nil, err
	}
	if t != want {
		return nil, fmt.Errorf("read object %s: it is a %s, not a %s", h, t, want)
	}
	return data, nil
}

// object is one new object on its way into a repository.
type object struct {
	kind plumbing.ObjectType
	data []byte
	was  Hash // the object that it takes the place of, zero for none
}

// overlay holds new objects in memory above another source, so that nothing is written before a branch moves.
type overlay struct {
	below objects
	mu    sync.RWMutex
	fresh map[Hash]object
}

func newOverlay(below objects) *overlay { return &overlay{below: below, fresh: map[Hash]object{}} }

// Object implements objects.
func (o *overlay) Object(ctx context.Context, h Hash) (plumbing.ObjectType, []byte, error) {
	o.mu.RLock()
	obj, ok := o.fresh[h]
	o.mu.RUnlock()
	if ok {
		return obj.kind, obj.data, nil
	}
	return o.below.Object(ctx, h)
}

// put adds a new object and returns its id.
func (o *overlay) put(kind plumbing.ObjectType, data []byte) Hash {
	return o.replace(kind, data, Hash{})
}

// replace adds a new object that takes the place of another, which a push may send as the difference between them.
func (o *overlay) replace(kind plumbing.ObjectType, data []byte, was Hash) Hash {
	h := plumbing.ComputeHash(kind, data)
	o.mu.Lock()
	o.fresh[h] = object{kind, data, was}
	o.mu.Unlock()
	return h
}

func (o *overlay) get(h Hash) (object, bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	obj, ok := o.fresh[h]
	return obj, ok
}

// drop forgets objects that have been written to the source below.
func (o *overlay) drop(hs []Hash) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, h := range hs {
		delete(o.fresh, h)
	}
}

// reachable lists the new objects that commit h needs and that the source below does not have, commits first.
func (o *overlay) reachable(h Hash) ([]Hash, error) {
	var out []Hash
	seen := map[Hash]bool{}
	queue := []Hash{h}
	for len(queue) > 0 {
		h, queue = queue[0], queue[1:]
		obj, ok := o.get(h)
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
func references(h Hash, obj object) ([]Hash, error) {
	switch obj.kind {
	case plumbing.CommitObject:
		c, err := parseCommit(h, obj.data)
		if err != nil {
			return nil, err
		}
		return append([]Hash{c.tree}, c.info.Parents...), nil
	case plumbing.TreeObject:
		entries, err := parseTree(h, obj.data)
		if err != nil {
			return nil, err
		}
		out := make([]Hash, 0, len(entries))
		for _, e := range entries {
			if e.mode != modeSubmodule {
				out = append(out, e.hash)
			}
		}
		return out, nil
	}
	return nil, nil
}
