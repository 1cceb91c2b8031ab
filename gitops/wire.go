package gitops

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"

	"github.com/modelops/modelops/gitops/internal/odb"
)

const (
	uploadPack  = "git-upload-pack"
	receivePack = "git-receive-pack"
	agent       = "git/modelops"
)

// wire opens sessions of Git's protocol with a server; how bytes get there is all that its implementations differ in.
type wire interface {
	url() string
	// open begins a conversation with a service. Of uploadPack it asks for version 2, which not every server speaks.
	open(ctx context.Context, service string) (session, error)
}

// session is one conversation: the server's advertisement, then requests: any number in version 2, else at most one.
type session interface {
	advert() *advert
	// exchange sends a request and returns the answer. An error of it may hide a request that was carried out.
	exchange(ctx context.Context, request []byte) (io.ReadCloser, error)
	close() error
}

// advert is what a server says of its refs and itself.
type advert struct {
	version int // 2, else 0, which stands for the older ones
	refs    map[string]Hash
	caps    map[string]string
	head    string // the branch that HEAD is on
}

const maxAdvert = 64 << 20 // bytes; 100,000 refs take 7 MB

// readAdvert parses a version 0 advertisement, behind the "# service" line that HTTP puts before it.
func readAdvert(r io.Reader) (*advert, error) {
	a := &advert{refs: map[string]Hash{}, caps: map[string]string{}}
	lines := pktline.NewScanner(io.LimitReader(r, maxAdvert))
	for first := true; lines.Scan(); {
		line := strings.TrimSuffix(string(lines.Bytes()), "\n")
		switch {
		case line == "" && first || strings.HasPrefix(line, "# service="):
			continue
		case line == "":
			return a, nil
		case line == "version 2" && first:
			a.version, first = 2, false
			continue
		case a.version == 2:
			key, value, _ := strings.Cut(line, "=")
			a.caps[key] = value
			continue
		case strings.HasPrefix(line, "ERR "):
			return nil, errors.New(Sanitize(line[4:]))
		}
		ref, caps, ok := strings.Cut(line, "\x00")
		if ok && first {
			a.capabilities(caps)
		}
		first = false
		hex, name, ok := strings.Cut(ref, " ")
		if !ok || !plumbing.IsHash(hex) && hex != "shallow" {
			return nil, fmt.Errorf("its list of refs cannot be read: %q", Sanitize(ref))
		}
		if hex != "shallow" && name != "capabilities^{}" {
			a.refs[name] = plumbing.NewHash(hex)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("its list of refs cannot be read: %w", err)
	}
	return nil, errors.New("its list of refs ends early")
}

func (a *advert) capabilities(s string) {
	for _, c := range strings.Fields(s) {
		key, value, _ := strings.Cut(c, "=")
		if target, ok := strings.CutPrefix(value, "HEAD:"+headsPrefix); ok && key == "symref" {
			a.head = target
		}
		a.caps[key] = value
	}
}

// wireRemote is a remote that speaks Git's protocol.
type wireRemote struct {
	wire
	progress io.Writer
	meter    *meter
	mu       sync.Mutex // held while a command of version 2 runs
	reading  session    // the conversation of version 2, nil while there is none
	pushing  session    // one that a push is to go through, nil while there is none
}

func (w *wireRemote) tip(ctx context.Context, branch string) (string, Hash, error) {
	prefixes := []string{"HEAD"}
	if branch != "" {
		prefixes = append(prefixes, headsPrefix+branch)
	}
	refs, err := w.lsRefs(ctx, prefixes...)
	if errors.Is(err, errNoV2) {
		return w.oldTip(ctx, branch)
	}
	for _, r := range refs {
		if r.name == "HEAD" && branch == "" {
			branch = strings.TrimPrefix(r.target, headsPrefix)
		}
	}
	for _, r := range refs {
		if r.name == headsPrefix+branch || r.name == "HEAD" && r.target == headsPrefix+branch {
			return branch, r.hash, nil
		}
	}
	return branch, Hash{}, err
}

// oldTip finds a branch in the list of all refs, which is how older servers begin.
func (w *wireRemote) oldTip(ctx context.Context, branch string) (string, Hash, error) {
	s, err := w.open(ctx, uploadPack)
	if err != nil {
		return "", Hash{}, err
	}
	a := s.advert()
	if branch == "" {
		branch = a.head
	}
	h := a.refs[headsPrefix+branch]
	return branch, h, s.close()
}

// tipToPush reads where a branch is from the greeting that a push begins with, and keeps that conversation for the push.
func (w *wireRemote) tipToPush(ctx context.Context, branch string) (Hash, error) {
	s, err := w.beginPush(ctx)
	if err != nil {
		return Hash{}, err
	}
	w.mu.Lock()
	w.pushing = s
	w.mu.Unlock()
	return s.advert().refs[headsPrefix+branch], nil
}

// beginPush opens the conversation of a push, unless one was kept for it.
func (w *wireRemote) beginPush(ctx context.Context) (session, error) {
	w.mu.Lock()
	kept := w.pushing
	w.pushing = nil
	w.mu.Unlock()
	if kept != nil {
		return kept, nil
	}
	before := w.meter.received.Load()
	s, err := w.open(ctx, receivePack)
	if err != nil {
		return nil, err
	}
	w.meter.refs.Add(w.meter.received.Load() - before)
	return s, nil
}

// close ends the conversations that are kept.
func (w *wireRemote) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var errs []error
	for _, s := range []session{w.reading, w.pushing} {
		if s != nil {
			errs = append(errs, s.close())
		}
	}
	w.reading, w.pushing = nil, nil
	return errors.Join(errs...)
}

func (w *wireRemote) push(ctx context.Context, u push) (err error) {
	s, err := w.beginPush(ctx)
	if err != nil {
		return err
	}
	defer s.close() //nolint:errcheck // the report is what counts
	a := s.advert()
	switch cur := a.refs[headsPrefix+u.branch]; {
	case cur == u.new:
		return nil // an earlier try of ours arrived
	case cur != u.old:
		return &StaleError{Branch: u.branch, Base: u.old, Tip: cur}
	}
	if _, ok := a.caps["report-status"]; !ok {
		return &RejectedError{Branch: u.branch, Class: RejectUnreadable, Reason: "the server does not report what it did"}
	}
	req, err := pushRequest(u, a)
	if err != nil {
		return err
	}
	answer, err := s.exchange(ctx, req)
	if err != nil {
		return err
	}
	defer answer.Close() //nolint:errcheck // reading only
	_, banded := a.caps["side-band-64k"]
	rep, err := readReport(answer, banded, w.progress)
	return judge(u, rep, err)
}

// pushRequest is one command, then a pack of exactly the new objects. The old value is the commit that the change was
// checked on, which makes the server's own check under its lock our compare-and-swap.
func pushRequest(u push, a *advert) ([]byte, error) {
	caps := "report-status agent=" + agent
	if _, ok := a.caps["side-band-64k"]; ok {
		caps += " side-band-64k"
	}
	if _, ok := a.caps["object-format"]; ok {
		caps += " object-format=sha1"
	}
	var b bytes.Buffer
	e := pktline.NewEncoder(&b)
	line := fmt.Sprintf("%s %s %s%s\x00%s", u.old, u.new, headsPrefix, u.branch, caps)
	if err := errors.Join(e.EncodeString(line), e.Flush()); err != nil {
		return nil, fmt.Errorf("push to %s: %w", u.branch, err)
	}
	_, whole := a.caps["no-thin"]
	err := odb.WritePack(&b, u.objects, u.basesUnless(whole))
	return b.Bytes(), err
}
