package transport

import (
	"context"
	"errors"
	"strings"
	"sync"
)

// Client speaks Git's protocol with a server.
type Client struct {
	Wire
	meter   *Meter
	mu      sync.Mutex // held while a command of version 2 runs
	reading Session    // the conversation of version 2, nil while there is none
	pushing Session    // one that a push is to go through, nil while there is none
}

// NewClient speaks through a wire, and counts what it takes.
func NewClient(w Wire, m *Meter) *Client { return &Client{Wire: w, meter: m} }

// Tip reads where a branch is, the default branch when branch is ""; a zero Hash when it does not exist.
func (w *Client) Tip(ctx context.Context, branch string) (string, Hash, error) {
	prefixes := []string{"HEAD"}
	if branch != "" {
		prefixes = append(prefixes, headsPrefix+branch)
	}
	refs, err := w.ListRefs(ctx, prefixes...)
	if errors.Is(err, ErrNoV2) {
		return w.oldTip(ctx, branch)
	}
	for _, r := range refs {
		if r.Name == "HEAD" && branch == "" {
			branch = strings.TrimPrefix(r.target, headsPrefix)
		}
	}
	for _, r := range refs {
		if r.Name == headsPrefix+branch || r.Name == "HEAD" && r.target == headsPrefix+branch {
			return branch, r.Hash, nil
		}
	}
	return branch, Hash{}, err
}

// oldTip finds a branch in the list of all refs, which is how older servers begin.
func (w *Client) oldTip(ctx context.Context, branch string) (string, Hash, error) {
	s, err := w.Open(ctx, UploadPack)
	if err != nil {
		return "", Hash{}, err
	}
	a := s.Advert()
	if branch == "" {
		branch = a.head
	}
	h := a.Refs[headsPrefix+branch]
	return branch, h, s.Close()
}

// TipToPush reads where a branch is from the greeting that a push begins with, and keeps that conversation for the push.
func (w *Client) TipToPush(ctx context.Context, branch string) (Hash, error) {
	s, err := w.BeginPush(ctx)
	if err != nil {
		return Hash{}, err
	}
	w.mu.Lock()
	w.pushing = s
	w.mu.Unlock()
	return s.Advert().Refs[headsPrefix+branch], nil
}

// BeginPush opens the conversation of a push, unless one was kept for it.
func (w *Client) BeginPush(ctx context.Context) (Session, error) {
	w.mu.Lock()
	kept := w.pushing
	w.pushing = nil
	w.mu.Unlock()
	if kept != nil {
		return kept, nil
	}
	before := w.meter.Received.Load()
	s, err := w.Open(ctx, ReceivePack)
	if err != nil {
		return nil, err
	}
	w.meter.Refs.Add(w.meter.Received.Load() - before)
	return s, nil
}

// Close ends the conversations that are kept.
func (w *Client) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var errs []error
	for _, s := range []Session{w.reading, w.pushing} {
		if s != nil {
			errs = append(errs, s.Close())
		}
	}
	w.reading, w.pushing = nil, nil
	return errors.Join(errs...)
}

// CannotServe says why a server cannot be worked on object by object.
type CannotServe struct{ Why string }

// Error is what the server does or lacks.
func (e *CannotServe) Error() string { return e.Why }

// ServesByID looks for what reading single objects takes: version 2, in which any object can be asked for by its id,
// and filters, without which a folder comes with all that is below it. Error: *CannotServe.
func (w *Client) ServesByID(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var s Session
	err := patiently(ctx, func() (err error) {
		s, err = w.Open(ctx, UploadPack)
		return err
	})
	if err != nil {
		return err
	}
	if s.Advert().version != 2 {
		return errors.Join(&CannotServe{"speaks an old version of Git's protocol"}, s.Close())
	}
	w.reading = s
	if !strings.Contains(" "+s.Advert().Caps["fetch"]+" ", " filter ") {
		return &CannotServe{"offers no partial fetch"}
	}
	return nil
}
