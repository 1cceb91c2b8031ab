package gitops

import (
	"context"
	"errors"
	"strconv"
)

// Steps by which a shallow clone is deepened: most reverts go back a few releases.
const (
	firstDeepen = 64
	lastDeepen  = 1 << 20
)

// deepened reads a commit that may lie behind the end of a shallow clone: git fetches history until it is there, with
// what it needs to be proven an ancestor. Error: *MissingError.
func (r *Repo) deepened(ctx context.Context, h Hash) (*Snapshot, error) {
	s, err := r.At(ctx, h)
	var missing *MissingError
	for n := firstDeepen; errors.As(err, &missing) && r.canDeepen() && n < lastDeepen; n *= 8 {
		args := []string{"-c", "fetch.prune=false", "-c", "gc.auto=0", "-c", "maintenance.auto=false", "fetch", "--quiet", "--no-tags",
			"--no-write-fetch-head", "--no-recurse-submodules", "--deepen=" + strconv.Itoa(n), "--", r.fetchFrom, r.fetchSpec()}
		if _, ferr := r.git.Run(ctx, args...); ferr != nil {
			return nil, &TransportError{Op: "fetch history from", URL: r.remote.URL(), Err: ferr}
		}
		s, err = r.At(ctx, h)
	}
	return s, err
}

func (r *Repo) canDeepen() bool {
	return r.git.Path != "" && r.temp == "" && r.remote != nil && r.Shallow()
}

// Shallow says whether history goes on behind the end of this clone.
func (r *Repo) Shallow() bool { return r.clone != nil && len(r.shallow()) > 0 }
