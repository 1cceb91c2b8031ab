package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/modelops/modelops/gitops/giterr"
)

// Version 2 of Git's protocol (gitprotocol-v2(5)): refs by prefix instead of all of them, and objects by id.

// command sends one command of version 2 and reads its answer, and comes back where the server asks for that. Error:
// ErrNoV2 when the server speaks an older version only.
func (w *Client) command(ctx context.Context, name string, args func(*pktWriter), read func(*pktReader) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return patiently(ctx, func() error { return w.askTwice(ctx, name, args, read) })
}

// askTwice keeps the conversation for the next command; one that was kept and has died meanwhile is begun anew once.
func (w *Client) askTwice(ctx context.Context, name string, args func(*pktWriter), read func(*pktReader) error) error {
	kept := w.reading != nil
	err := w.ask(ctx, name, args, read)
	if kept && w.reading == nil && ctx.Err() == nil && !final(err) {
		err = w.ask(ctx, name, args, read)
	}
	return err
}

// ErrNoV2 says that there is no asking for objects by id, or for refs by name.
var ErrNoV2 = errors.New("the server does not speak version 2 of Git's protocol")

func final(err error) bool {
	var refused *ServerError
	var auth *giterr.AuthError
	return err == nil || errors.As(err, &refused) || errors.As(err, &auth)
}

// ask holds the conversation, which it gives up after any error.
func (w *Client) ask(ctx context.Context, name string, args func(*pktWriter), read func(*pktReader) error) (err error) {
	if w.reading == nil {
		if w.reading, err = w.Open(ctx, UploadPack); err != nil {
			w.reading = nil
			return err
		}
	}
	s := w.reading
	defer func() {
		if err != nil {
			s.Close() //nolint:errcheck // over anyway
			w.reading = nil
		}
	}()
	if s.Advert().version != 2 {
		return ErrNoV2
	}
	var req pktWriter
	req.linef("command=%s", name)
	req.linef("agent=%s", Agent)
	if _, ok := s.Advert().Caps["object-format"]; ok {
		req.linef("object-format=sha1")
	}
	req.delim()
	args(&req)
	req.flush()
	answer, err := s.Exchange(ctx, req.Bytes())
	if err != nil {
		return err
	}
	return w.placed(ctx, errors.Join(read(newPktReader(answer)), answer.Close()))
}

// placed says of an error in an answer where it came from.
func (w *Client) placed(ctx context.Context, err error) error {
	var refused *ServerError
	switch {
	case err == nil || errors.As(err, &refused):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return &giterr.TransportError{Op: "read", URL: w.URL(), Err: err}
}

// Ref is one line of ls-refs.
type Ref struct {
	Name           string
	Hash           Hash // zero for a branch without a commit
	target, Peeled string
}

// ListRefs lists the refs whose names begin with one of the prefixes.
func (w *Client) ListRefs(ctx context.Context, prefixes ...string) ([]Ref, error) {
	var out []Ref
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

func parseRef(line string) (Ref, error) {
	f := strings.Fields(line)
	if len(f) < 2 || !plumbing.IsHash(f[0]) && f[0] != "unborn" {
		return Ref{}, fmt.Errorf("its list of refs cannot be read: %q", giterr.Sanitize(line))
	}
	out := Ref{Name: f[1]}
	if f[0] != "unborn" {
		out.Hash = plumbing.NewHash(f[0])
	}
	for _, attr := range f[2:] {
		if v, ok := strings.CutPrefix(attr, "symref-target:"); ok {
			out.target = v
		}
		if v, ok := strings.CutPrefix(attr, "peeled:"); ok {
			out.Peeled = v
		}
	}
	return out, nil
}

// Want is one fetch of version 2.
type Want struct {
	Objects []Hash
	Filter  string // "" asks for everything below the objects
	Depth   int    // commits of history, 0 for all of it
	Have    []Hash // commits whose objects are not to be sent
	Shallow []Hash // commits behind which there is nothing here
}

// maxPack bounds what one fetch may bring: it is held in memory.
const maxPack = 256 << 20 // bytes

// Fetch asks for objects by their ids, and hands the pack on that comes. What use says of it ends the conversation.
func (w *Client) Fetch(ctx context.Context, q Want, use func(pack []byte) error) error {
	return w.command(ctx, "fetch", q.lines, func(r *pktReader) error {
		pack, err := readPack(r)
		if err != nil {
			return err
		}
		return use(pack)
	})
}

func (q Want) lines(req *pktWriter) {
	req.linef("no-progress")
	req.linef("ofs-delta")
	if q.Filter != "" {
		req.linef("filter %s", q.Filter)
	}
	if q.Depth > 0 {
		req.linef("deepen %d", q.Depth)
	}
	for _, h := range q.Objects {
		req.linef("want %s", h)
	}
	for _, h := range q.Shallow {
		req.linef("shallow %s", h)
	}
	for _, h := range q.Have {
		req.linef("have %s", h)
	}
	req.linef("done")
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
			// It refuses before it begins to send. What ends it here is trouble of its own, which may be gone next time.
			return nil, fmt.Errorf("the server gave up: %s", giterr.Sanitize(giterr.RedactText(strings.Trim(string(p[1:]), "\x00 \r\n"))))
		case pack.Len()+len(p) > maxPack:
			return nil, fmt.Errorf("it sends more than %d MB: use a clone", maxPack>>20)
		default:
			return nil, errPkt
		}
	}
}
