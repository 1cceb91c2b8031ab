package gitops

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// httpWire speaks the "smart" protocol over HTTP.
type httpWire struct {
	base   *url.URL // without user and password
	client *http.Client
	keys   *keyring
	mu     sync.Mutex
	cred   credential // the one that worked last
}

func newHTTPWire(raw string, cfg config, g git, client *http.Client) (*httpWire, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return nil, &NotRepoError{Redact(raw), "the remote's URL cannot be read"}
	}
	if client == nil {
		if client, err = newHTTPClient(cfg, g, u); err != nil {
			return nil, err
		}
	}
	k := &keyring{git: g, url: u}
	w := &httpWire{client: followGETs(client), keys: k, cred: k.known(cfg)}
	bare := *u
	bare.User = nil
	bare.Path = strings.TrimSuffix(bare.Path, "/")
	w.base = &bare
	return w, nil
}

// followGETs lets only reads be redirected: a redirected POST would lose its body or its method.
func followGETs(c *http.Client) *http.Client {
	own := *c
	own.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if via[0].Method != http.MethodGet || len(via) > 5 {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return &own
}

func (w *httpWire) url() string { return Redact(w.base.String()) }

// open asks for the advertisement. When that is refused it looks for a credential once and tells git's helpers how it
// went.
func (w *httpWire) open(ctx context.Context, service string) (session, error) {
	w.mu.Lock()
	cred := w.cred
	w.mu.Unlock()
	s, err := w.get(ctx, service, cred)
	var auth *AuthError
	if !errors.As(err, &auth) || auth.Status == http.StatusForbidden && cred.set() {
		return s, err
	}
	next, ferr := w.keys.ask(ctx)
	if ferr != nil || !next.set() {
		return nil, errors.Join(err, ferr)
	}
	s, err = w.get(ctx, service, next)
	w.keys.tell(ctx, next, err)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.cred = next
	w.mu.Unlock()
	return s, nil
}

func (w *httpWire) get(ctx context.Context, service string, cred credential) (session, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.base.String()+"/info/refs?service="+service, nil)
	if err != nil {
		return nil, &TransportError{Op: "read", URL: w.url(), Err: err}
	}
	if service == uploadPack {
		req.Header.Set("Git-Protocol", "version=2")
	}
	resp, err := w.do(req, cred, "read")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // reading only
	if got := resp.Header.Get("Content-Type"); got != "application/x-"+service+"-advertisement" {
		return nil, &TransportError{Op: "read", URL: w.url(), Status: resp.StatusCode, Err: notGit(got)}
	}
	a, err := readAdvert(idle(resp.Body, cancel))
	if err != nil {
		return nil, &TransportError{Op: "read", URL: w.url(), Status: resp.StatusCode, Err: err}
	}
	return &httpSession{wire: w, refs: a, service: service, cred: cred, base: w.landed(resp.Request.URL)}, nil
}

func notGit(contentType string) error {
	if strings.HasPrefix(contentType, "text/html") {
		return errors.New("it answered with a web page, not as a Git server (single sign-on in between, or not a repository's URL?)")
	}
	return fmt.Errorf("it did not answer as a Git server (content type %q)", Sanitize(contentType))
}

// landed is the repository's URL after redirects.
func (w *httpWire) landed(final *url.URL) *url.URL {
	at := *final
	at.RawQuery, at.User = "", nil
	path, ok := strings.CutSuffix(at.Path, "/info/refs")
	if !ok {
		return w.base
	}
	at.Path = path
	return &at
}

type httpSession struct {
	wire    *httpWire
	refs    *advert
	service string
	cred    credential
	base    *url.URL
}

func (s *httpSession) advert() *advert { return s.refs }
func (s *httpSession) close() error    { return nil }

func (s *httpSession) op() string {
	if s.service == receivePack {
		return "push to"
	}
	return "read"
}

// exchange posts a request. Anything but a plain refusal may come after the server has done its work.
func (s *httpSession) exchange(ctx context.Context, request []byte) (io.ReadCloser, error) {
	ctx, cancel := context.WithCancel(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base.String()+"/"+s.service, bytes.NewReader(request))
	if err != nil {
		cancel()
		return nil, &TransportError{Op: s.op(), URL: s.wire.url(), Err: err}
	}
	if s.refs.version == 2 {
		req.Header.Set("Git-Protocol", "version=2")
	}
	req.Header.Set("Content-Type", "application/x-"+s.service+"-request")
	req.Header.Set("Accept", "application/x-"+s.service+"-result")
	resp, err := s.wire.do(req, s.cred, s.op())
	if err != nil {
		cancel()
		return nil, maybeLost(err)
	}
	if got := resp.Header.Get("Content-Type"); got != "application/x-"+s.service+"-result" {
		cancel()
		return nil, &lostReply{&TransportError{Op: s.op(), URL: s.wire.url(), Err: notGit(got)}}
	}
	return &cancelBody{Reader: idle(resp.Body, cancel), body: resp.Body, cancel: cancel}, nil
}

// maybeLost marks what leaves the outcome of a request open: a cut or a time-out, and answers of gateways.
func maybeLost(err error) error {
	var t *TransportError
	if errors.As(err, &t) && (t.Status == 0 || t.Status >= 500) {
		return &lostReply{err}
	}
	return err
}

type cancelBody struct {
	io.Reader
	body   io.Closer
	cancel context.CancelFunc
}

func (c *cancelBody) Close() error {
	defer c.cancel()
	return c.body.Close()
}

// do sends a request with a credential and turns everything but a 200 into an error.
func (w *httpWire) do(req *http.Request, cred credential, op string) (*http.Response, error) {
	req.Header.Set("User-Agent", agent)
	if sameOrigin(req.URL, w.base) {
		cred.apply(req)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return nil, &TransportError{Op: op, URL: w.url(), Err: plainCause(err)}
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()                                 //nolint:errcheck // reading only
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10)) // best effort: words for the message
	return nil, w.refusal(op, resp, cred, pageText(resp, body))
}

func (w *httpWire) refusal(op string, resp *http.Response, cred credential, text string) error {
	code := resp.StatusCode
	limited := code == http.StatusForbidden && strings.Contains(strings.ToLower(text), "rate limit")
	if (code == http.StatusUnauthorized || code == http.StatusForbidden) && !limited {
		return &AuthError{Op: op, URL: w.url(), User: cred.user, Status: code, Message: text}
	}
	cause := fmt.Errorf("HTTP %d", code)
	switch {
	case code == http.StatusNotFound:
		cause = errors.New("no such repository, or no right to see it (HTTP 404)")
	case text != "":
		cause = fmt.Errorf("HTTP %d: %s", code, text)
	}
	after, _ := strconv.Atoi(resp.Header.Get("Retry-After")) // a date is rare, and then no hint is given
	return &TransportError{Op: op, URL: w.url(), Status: code, After: max(after, 0), Err: cause}
}

// pageText keeps an error body when it is text for people.
func pageText(resp *http.Response, body []byte) string {
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain") {
		return ""
	}
	return strings.TrimSpace(Sanitize(redactText(string(body))))
}

// plainCause drops the wrapper that repeats method and URL, credentials included.
func plainCause(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func sameOrigin(a, b *url.URL) bool { return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host) }

// idleLimit is how long a server may be silent in mid-answer. A git server sends keep-alives while its hooks run.
const idleLimit = 2 * time.Minute

// idle cancels a request whose answer stands still.
func idle(r io.Reader, cancel context.CancelFunc) io.Reader {
	return &idleReader{r: r, timer: time.AfterFunc(idleLimit, cancel)}
}

type idleReader struct {
	r     io.Reader
	timer *time.Timer
}

func (i *idleReader) Read(p []byte) (int, error) {
	n, err := i.r.Read(p)
	if err != nil {
		i.timer.Stop()
	} else {
		i.timer.Reset(idleLimit)
	}
	return n, err
}
