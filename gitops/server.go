package gitops

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"

	"github.com/modelops/modelops/gitops/internal/git"
	"github.com/modelops/modelops/gitops/internal/odb"
	"github.com/modelops/modelops/gitops/internal/transport"
)

// wireRemote is a remote that speaks Git's protocol.
type wireRemote struct {
	*transport.Client
	progress io.Writer
}

func (r *Repo) speak(w transport.Wire) *wireRemote {
	return &wireRemote{transport.NewClient(w, &r.meter), r.progress}
}

// signedIn returns git as it is to be run on the remote, and what it is told in place of the remote's name or URL.
func (r *Repo) signedIn(remote string) (git.Program, string) {
	if far, ok := r.remote.(*wireRemote); ok {
		if w, ok := far.Wire.(*transport.HTTP); ok {
			return w.SignedIn(r.git, remote)
		}
	}
	return r.git, remote
}

// Push implements remote.
func (w *wireRemote) Push(ctx context.Context, u push) (err error) {
	s, err := w.BeginPush(ctx)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // the report is what counts
	a := s.Advert()
	switch cur := a.Refs[headsPrefix+u.branch]; {
	case cur == u.new:
		return nil // an earlier try of ours arrived
	case cur != u.old:
		return &StaleError{Branch: u.branch, Base: u.old, Tip: cur}
	}
	if _, ok := a.Caps["report-status"]; !ok {
		return &RejectedError{Branch: u.branch, Class: RejectUnreadable, Reason: "the server does not report what it did"}
	}
	req, err := pushRequest(u, a)
	if err != nil {
		return err
	}
	answer, err := s.Exchange(ctx, req)
	if err != nil {
		return err
	}
	defer answer.Close() //nolint:errcheck // reading only
	_, banded := a.Caps["side-band-64k"]
	rep, err := transport.ReadReport(answer, banded, w.progress)
	return judge(u, rep, err)
}

// pushRequest is one command, then a pack of exactly the new objects. The old value is the commit that the change was
// checked on, which makes the server's own check under its lock our compare-and-swap.
func pushRequest(u push, a *transport.Advert) ([]byte, error) {
	caps := "report-status agent=" + transport.Agent
	if _, ok := a.Caps["side-band-64k"]; ok {
		caps += " side-band-64k"
	}
	if _, ok := a.Caps["object-format"]; ok {
		caps += " object-format=sha1"
	}
	var b bytes.Buffer
	e := pktline.NewEncoder(&b)
	line := fmt.Sprintf("%s %s %s%s\x00%s", u.old, u.new, headsPrefix, u.branch, caps)
	if err := errors.Join(e.EncodeString(line), e.Flush()); err != nil {
		return nil, fmt.Errorf("push to %s: %w", u.branch, err)
	}
	_, whole := a.Caps["no-thin"]
	err := odb.WritePack(&b, u.objects, u.basesUnless(whole))
	return b.Bytes(), err
}
