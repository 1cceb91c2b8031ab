package gitops

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/modelops/modelops/gitops/internal/odb"
	"github.com/modelops/modelops/gitops/internal/transport"
)

// far reads the objects of a remote without a clone. It fetches what is asked for by id and keeps it in memory; who
// knows what will be needed asks for it together, since each fetch is a round trip.
type far struct {
	remote *wireRemote
	mu     sync.Mutex   // one fetch at a time; held while fetching
	have   *odb.Overlay // what came
	whole  map[Hash]bool
	tip    Hash // the newest commit whose folders were read
}

func newFar(w *wireRemote) *far {
	return &far{remote: w, have: odb.NewOverlay(odb.Nothing{}), whole: map[Hash]bool{}}
}

// What a fetch leaves out (git-rev-list(1), --filter): everything below the objects that are named, or the content of
// files alone.
const (
	oneByOne = "tree:0"
	noBlobs  = "blob:none"
)

// TipCommits is how many commits of history come with the tip of a remote without a clone: their messages cost little
// beside the round trip.
const TipCommits = 8

// maxWants is how many objects are asked for at once: half a megabyte of a request, where git http-backend takes ten
// (http.maxRequestBuffer).
const maxWants = 10_000

// Object implements objects.
func (f *far) Object(ctx context.Context, h Hash) (plumbing.ObjectType, []byte, error) {
	if o, ok := f.here(h); ok {
		return o.Kind, o.Data, nil
	}
	if err := f.bring(ctx, []Hash{h}, nil); err != nil {
		return 0, nil, err
	}
	return f.have.Object(ctx, h)
}

// bring fetches single objects, and folders with everything below them, where they are not here yet.
func (f *far) bring(ctx context.Context, single, deep []Hash) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	deep = slices.DeleteFunc(deep, func(h Hash) bool { return f.whole[h] || f.isBlob(h) })
	single = slices.DeleteFunc(single, func(h Hash) bool { _, ok := f.here(h); return ok })
	for part := range slices.Chunk(single, maxWants) {
		if err := f.fetch(ctx, transport.Want{Objects: part, Filter: oneByOne, Depth: 1}); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(deep, maxWants) {
		if err := f.fetch(ctx, transport.Want{Objects: part}); err != nil {
			return err
		}
		for _, h := range part {
			f.whole[h] = true
		}
	}
	return nil
}

func (f *far) isBlob(h Hash) bool {
	o, ok := f.here(h)
	return ok && o.Kind == plumbing.BlobObject
}

// here returns an object that came already.
func (f *far) here(h Hash) (odb.Object, bool) { return f.have.Get(h) }

// history brings the commits behind one, up to a number of generations.
func (f *far) history(ctx context.Context, from Hash, depth int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fetch(ctx, transport.Want{Objects: []Hash{from}, Filter: oneByOne, Depth: depth})
}

// advance brings a newer tip. What changed between it and the last one comes along, folders without their files, so
// that making a plan again costs one round trip.
func (f *far) advance(ctx context.Context, tip Hash) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.here(tip); ok {
		f.tip = tip
		return nil
	}
	q := transport.Want{Objects: []Hash{tip}, Filter: oneByOne, Depth: TipCommits}
	if !f.tip.IsZero() {
		q = transport.Want{Objects: []Hash{tip}, Filter: noBlobs, Have: []Hash{f.tip}}
	}
	err := f.fetch(ctx, q)
	if err == nil {
		f.tip = tip
	}
	return err
}

// reaches says whether a commit is an ancestor of another. Where the commits between them are not here, it asks the
// server: told that we have the younger one, it has nothing to send of the elder where that lies below it. The answer is
// exact and costs one round trip at any distance.
func (f *far) reaches(ctx context.Context, elder, younger Hash) (bool, error) {
	if f.have.Descends(younger, elder) {
		return true, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.fetched(ctx, transport.Want{Objects: []Hash{elder}, Filter: oneByOne, Have: []Hash{younger}})
	var missing *MissingError
	if errors.As(err, &missing) {
		return false, nil
	}
	return err == nil && n == 0, err
}

func (f *far) fetch(ctx context.Context, q transport.Want) error {
	_, err := f.fetched(ctx, q)
	return err
}

// fetched is fetch that counts the objects which come.
func (f *far) fetched(ctx context.Context, q transport.Want) (n int, err error) {
	err = f.remote.Fetch(ctx, q, func(pack []byte) error {
		n, err = odb.Unpack(pack, f.have)
		return err
	})
	return n, absent(err, q.Objects[0])
}

// absent tells a server's word that it has no such object from its other refusals.
func absent(err error, h Hash) error {
	var refused *transport.ServerError
	if !errors.As(err, &refused) {
		return err
	}
	_, id, ours := strings.Cut(refused.Text, "not our ref ")
	if !ours {
		return err
	}
	if id = strings.TrimSpace(id); plumbing.IsHash(id) {
		h = plumbing.NewHash(id)
	}
	return &MissingError{Hash: h}
}
