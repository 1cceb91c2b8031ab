package gitops

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/modelops/modelops/gitops/giterr"
	"github.com/modelops/modelops/gitops/internal/odb"
)

// Version 2 of Git's protocol (gitprotocol-v2(5)): refs by prefix instead of all of them, and objects by id.

// command sends one command of version 2 and reads its answer. The conversation is kept for the next one; one that was
// kept and has died meanwhile is begun anew once. Error: errNoV2 when the server speaks an older version only.
func (w *wireRemote) command(ctx context.Context, name string, args func(*pktWriter), read func(*pktReader) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	kept := w.reading != nil
	err := w.ask(ctx, name, args, read)
	if kept && w.reading == nil && ctx.Err() == nil && !final(err) {
		err = w.ask(ctx, name, args, read)
	}
	return err
}

var errNoV2 = errors.New("the server does not speak version 2 of Git's protocol")

func final(err error) bool {
	var refused *serverError
	var auth *AuthError
	return err == nil || errors.As(err, &refused) || errors.As(err, &auth)
}

// ask holds the conversation, which it gives up after any error.
func (w *wireRemote) ask(ctx context.Context, name string, args func(*pktWriter), read func(*pktReader) error) (err error) {
	if w.reading == nil {
		if w.reading, err = w.open(ctx, uploadPack); err != nil {
			w.reading = nil
			return err
		}
	}
	s := w.reading
	defer func() {
		if err != nil {
			s.close() //nolint:errcheck // over anyway
			w.reading = nil
		}
	}()
	if s.advert().version != 2 {
		return errNoV2
	}
	var req pktWriter
	req.linef("command=%s", name)
	req.linef("agent=%s", agent)
	if _, ok := s.advert().caps["object-format"]; ok {
		req.linef("object-format=sha1")
	}
	req.delim()
	args(&req)
	req.flush()
	answer, err := s.exchange(ctx, req.Bytes())
	if err != nil {
		return err
	}
	return w.placed(ctx, errors.Join(read(newPktReader(answer)), answer.Close()))
}

// placed says of an error in an answer where it came from.
func (w *wireRemote) placed(ctx context.Context, err error) error {
	var refused *serverError
	switch {
	case err == nil || errors.As(err, &refused):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return &TransportError{Op: "read", URL: w.url(), Err: err}
}

// remoteRef is one line of ls-refs.
type remoteRef struct {
	name           string
	hash           Hash // zero for a branch without a commit
	target, peeled string
}

// lsRefs lists the refs whose names begin with one of the prefixes.
func (w *wireRemote) lsRefs(ctx context.Context, prefixes ...string) ([]remoteRef, error) {
	var out []remoteRef
	err := w.command(ctx, "ls-refs", func(req *pktWriter) {
		req.linef("symrefs")
		req.linef("peel")
		for _, p := range prefixes {
			req.linef("ref-prefix %s", p)
		}
	}, func(r *pktReader) error {
		out = nil
		for {
			kind, line, err := r.line()
			if err != nil || kind != pktData {
				return err
			}
			one, err := parseRef(line)
			if err != nil {
				return err
			}
			out = append(out, one)
		}
	})
	return out, err
}

func parseRef(line string) (remoteRef, error) {
	f := strings.Fields(line)
	if len(f) < 2 || !plumbing.IsHash(f[0]) && f[0] != "unborn" {
		return remoteRef{}, fmt.Errorf("its list of refs cannot be read: %q", Sanitize(line))
	}
	out := remoteRef{name: f[1]}
	if f[0] != "unborn" {
		out.hash = plumbing.NewHash(f[0])
	}
	for _, attr := range f[2:] {
		if v, ok := strings.CutPrefix(attr, "symref-target:"); ok {
			out.target = v
		}
		if v, ok := strings.CutPrefix(attr, "peeled:"); ok {
			out.peeled = v
		}
	}
	return out, nil
}

// want is one fetch of version 2.
type want struct {
	objects []Hash
	filter  string // "" asks for everything below the objects
	depth   int    // commits of history, 0 for all of it
	have    Hash   // a commit whose objects are not to be sent, zero for none
}

// maxPack bounds what one fetch may bring: it is held in memory.
const maxPack = 256 << 20 // bytes

// fetch asks for objects by their ids and hands on what comes. It returns the number of objects that came.
func (w *wireRemote) fetch(ctx context.Context, q want, into odb.Sink) (count int, err error) {
	err = w.command(ctx, "fetch", func(req *pktWriter) {
		req.linef("no-progress")
		req.linef("ofs-delta")
		if q.filter != "" {
			req.linef("filter %s", q.filter)
		}
		if q.depth > 0 {
			req.linef("deepen %d", q.depth)
		}
		for _, h := range q.objects {
			req.linef("want %s", h)
		}
		if !q.have.IsZero() {
			req.linef("have %s", q.have)
		}
		req.linef("done")
	}, func(r *pktReader) error {
		pack, err := readPack(r)
		if err != nil {
			return err
		}
		count, err = odb.Unpack(pack, into)
		return err
	})
	return count, err
}

// readPack skips the sections before the pack, and takes the pack out of the side band.
func readPack(r *pktReader) ([]byte, error) {
	for {
		kind, line, err := r.line()
		switch {
		case err != nil:
			return nil, err
		case kind == pktFlush:
			return nil, errors.New("its answer has no pack")
		case kind == pktData && line == "packfile":
			return unband(r)
		}
	}
}

func unband(r *pktReader) ([]byte, error) {
	var pack bytes.Buffer
	for {
		kind, p, err := r.next()
		switch {
		case err != nil:
			return nil, noEOF(err)
		case kind != pktData:
			return pack.Bytes(), nil
		case len(p) > 0 && p[0] == 1 && pack.Len()+len(p) <= maxPack:
			pack.Write(p[1:])
		case len(p) > 0 && p[0] == 2:
		case len(p) > 0 && p[0] == 3:
			return nil, &serverError{strings.TrimSpace(Sanitize(giterr.RedactText(string(p[1:]))))}
		case pack.Len()+len(p) > maxPack:
			return nil, fmt.Errorf("it sends more than %d MB: use a clone", maxPack>>20)
		default:
			return nil, errPkt
		}
	}
}
