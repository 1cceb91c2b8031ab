package gitops

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"
)

// fetch brings a commit of the remote's branch into the clone where it is missing.
func (r *Repo) fetch(ctx context.Context, h Hash) error {
	var missing *MissingError
	if _, _, err := r.objs.Object(ctx, h); !errors.As(err, &missing) {
		return err
	}
	switch {
	case r.git.path != "":
		if err := r.gitFetch(ctx); err != nil {
			return err
		}
	default:
		if err := r.ownFetch(ctx, h); err != nil {
			return err
		}
	}
	_, _, err := r.objs.Object(ctx, h)
	if errors.As(err, &missing) {
		return &TransportError{Op: "fetch from", URL: r.remote.url(), Err: fmt.Errorf("%s did not come", short(h))}
	}
	return err
}

// gitFetch lets git fetch the one branch: it knows credentials, shallow and partial clones. Nothing else of the clone
// changes: no tags, no FETCH_HEAD, no pruning, no garbage collection.
func (r *Repo) gitFetch(ctx context.Context) error {
	args := []string{"-c", "fetch.prune=false", "-c", "gc.auto=0", "-c", "maintenance.auto=false", "fetch", "--quiet", "--no-tags",
		"--no-write-fetch-head", "--no-recurse-submodules", "--", r.fetchFrom, r.fetchSpec()}
	_, err := r.git.run(ctx, args...)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &TransportError{Op: "fetch from", URL: r.remote.url(), Err: err}
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
	for _, spec := range r.cfg.all("remote." + r.remoteName + ".fetch") {
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
		r.disk.mu.Lock()
		defer r.disk.mu.Unlock()
		return r.disk.add(filepath.Join(rem.at.common, "objects"), 0)
	case *wireRemote:
		s, err := rem.open(ctx, uploadPack)
		if err != nil {
			return err
		}
		defer s.close() //nolint:errcheck // the pack is what counts
		return r.receive(ctx, s, h)
	}
	return &TransportError{Op: "fetch from", URL: r.remote.url(), Err: errors.New("git is needed for this kind of remote")}
}

const maxHaves = 64

// receive asks for one commit with what the clone has as a base, and stores the pack.
func (r *Repo) receive(ctx context.Context, s session, want Hash) error {
	var req bytes.Buffer
	e := pktline.NewEncoder(&req)
	err := e.Encodef("want %s ofs-delta side-band-64k no-progress agent=%s\n", want, agent)
	for edge := range r.shallow() {
		err = errors.Join(err, e.Encodef("shallow %s\n", edge))
	}
	err = errors.Join(err, e.Flush())
	for _, h := range r.haves() {
		err = errors.Join(err, e.Encodef("have %s\n", h))
	}
	if err = errors.Join(err, e.EncodeString("done\n")); err != nil {
		return err
	}
	answer, err := s.exchange(ctx, req.Bytes())
	if err != nil {
		return err
	}
	defer answer.Close() //nolint:errcheck // reading only
	if err := r.disk.receivePack(answer); err != nil {
		return &TransportError{Op: "fetch from", URL: r.remote.url(), Err: err}
	}
	return nil
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
	add(r.clone.resolve(r.tracking()))
	add(r.clone.resolve(headsPrefix + r.branch))
	add(r.clone.resolve("HEAD"))
	return out
}

// receivePack reads the acknowledgement, then the pack out of the side band.
func (d *disk) receivePack(answer io.Reader) (err error) {
	lines := pktline.NewScanner(answer)
	if !lines.Scan() {
		return errors.Join(io.ErrUnexpectedEOF, lines.Err())
	}
	if l := string(lines.Bytes()); !strings.HasPrefix(l, "NAK") && !strings.HasPrefix(l, "ACK") {
		return fmt.Errorf("the answer cannot be read: %q", Sanitize(l))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	w, err := d.stores[0].store.PackfileWriter()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	for lines.Scan() {
		p := lines.Bytes()
		switch {
		case len(p) == 0:
			return nil
		case p[0] == 1:
			if _, err := w.Write(p[1:]); err != nil {
				return err
			}
		case p[0] == 3:
			return fmt.Errorf("the server gave up: %s", Sanitize(string(p[1:])))
		}
	}
	return errors.Join(io.ErrUnexpectedEOF, lines.Err())
}

// localBranch is the ref of the clone's own branch of that name, with its value; fs.ErrNotExist where there is none.
func (r *Repo) localBranch() (string, Hash, error) {
	name := headsPrefix + r.branch
	h, err := r.clone.resolve(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("read %s: %w", name, err)
	}
	return name, h, err
}
