package gitops

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/modelops/modelops/gitops/internal/transport"
)

// fetch brings a commit of the remote's branch into the clone where it is missing.
func (r *Repo) fetch(ctx context.Context, h Hash) error {
	if r.far != nil {
		return r.far.advance(ctx, h)
	}
	var missing *MissingError
	if _, _, err := r.objs.Object(ctx, h); !errors.As(err, &missing) {
		return err
	}
	switch {
	case r.git.Path != "":
		if err := r.gitFetch(ctx); err != nil {
			return err
		}
		r.fetched.Store(&h)
	default:
		if err := r.ownFetch(ctx, h); err != nil {
			return err
		}
	}
	_, _, err := r.objs.Object(ctx, h)
	if errors.As(err, &missing) {
		return &TransportError{Op: "fetch from", URL: r.remote.URL(), Err: fmt.Errorf("%s did not come", short(h))}
	}
	return err
}

// gitFetch lets git fetch the one branch: it knows credentials, shallow and partial clones. Nothing else of the clone
// changes: no tags, no FETCH_HEAD, no pruning, no garbage collection.
func (r *Repo) gitFetch(ctx context.Context) error {
	g, from := r.signedIn(r.fetchFrom)
	args := []string{"-c", "fetch.prune=false", "-c", "gc.auto=0", "-c", "maintenance.auto=false", "fetch", "--quiet", "--no-tags",
		"--no-write-fetch-head", "--no-recurse-submodules"}
	if last := r.fetched.Load(); last != nil {
		args = append(args, "--negotiation-tip="+last.String()) // else all that came since the clone's own refs comes again
	}
	_, err := g.Run(ctx, append(args, "--", from, r.fetchSpec())...)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &TransportError{Op: "fetch from", URL: r.remote.URL(), Err: err}
}

func (r *Repo) fetchSpec() string {
	spec := headsPrefix + r.branch
	if t := r.tracking(); t != "" {
		spec = "+" + spec + ":" + t
	}
	return spec
}

// tracking is the ref that follows the remote's branch, "" where the clone keeps none (a bare clone does not).
func (r *Repo) tracking() string {
	for _, spec := range r.cfg.All("remote." + r.remoteName + ".fetch") {
		src, dst, ok := strings.Cut(strings.TrimPrefix(spec, "+"), ":")
		if !ok || strings.HasPrefix(spec, "^") {
			continue
		}
		if src == headsPrefix+r.branch {
			return dst
		}
		before, after, glob := strings.Cut(src, "*")
		name, match := strings.CutPrefix(headsPrefix+r.branch, before)
		name, end := strings.CutSuffix(name, after)
		if glob && match && end {
			return strings.Replace(dst, "*", name, 1)
		}
	}
	return ""
}

// ownFetch works without git. A repository on this machine is read where it lies; over HTTP the pack goes into the
// clone's store.
func (r *Repo) ownFetch(ctx context.Context, h Hash) error {
	switch rem := r.remote.(type) {
	case *fileRemote:
		r.borrowed.Store(true)
		return r.disk.Borrow(rem.at.Common)
	case *wireRemote:
		err := rem.Fetch(ctx, r.wantOne(h), r.disk.StorePack)
		if !errors.Is(err, transport.ErrNoV2) {
			return err
		}
	}
	return &TransportError{Op: "fetch from", URL: r.remote.URL(), Err: errors.New("git is needed for this kind of remote")}
}

const maxHaves = 64

// wantOne asks for one commit with what the clone has as a base.
func (r *Repo) wantOne(h Hash) transport.Want {
	return transport.Want{Objects: []Hash{h}, Shallow: slices.Collect(maps.Keys(r.shallow())), Have: r.haves()}
}

// haves are the newest commits that the clone is known to have.
func (r *Repo) haves() []Hash {
	seen := map[Hash]bool{}
	var out []Hash
	add := func(h Hash, err error) {
		if err == nil && !h.IsZero() && !seen[h] && len(out) < maxHaves {
			seen[h] = true
			out = append(out, h)
		}
	}
	add(r.clone.Resolve(r.tracking()))
	add(r.clone.Resolve(headsPrefix + r.branch))
	add(r.clone.Resolve("HEAD"))
	return out
}

// localBranch is the ref of the clone's own branch of that name, with its value; fs.ErrNotExist where there is none.
func (r *Repo) localBranch() (string, Hash, error) {
	name := headsPrefix + r.branch
	h, err := r.clone.Resolve(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("read %s: %w", name, err)
	}
	return name, h, err
}
