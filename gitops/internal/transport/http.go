package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/modelops/modelops/gitops/giterr"
	"github.com/modelops/modelops/gitops/internal/git"
)

// HTTP speaks the "smart" protocol over HTTP.
type HTTP struct {
	base   *url.URL // without user and password
	client *http.Client
	proxy  string        // the proxy in between, for people; "" for none
	Idle   time.Duration // how long a server may be silent
	keys   *keyring
	mu     sync.Mutex
	at     *url.URL    // the repository's URL, user and password included, after redirects to another server
	cred   *credential // the one that worked last, nil before
}

// NewHTTP follows git's settings for the URL, the remote's own included. A nil client makes one with the proxy and the TLS
// that these ask for. Errors: *giterr.NotRepoError for a URL that cannot be read, *giterr.TransportError.
func NewHTTP(raw string, cfg git.Config, g git.Program, client *http.Client, m *Meter) (*HTTP, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return nil, &giterr.NotRepoError{Path: giterr.Redact(raw), Reason: "the remote's URL cannot be read"}
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	w := &HTTP{base: withoutUser(u), at: u, Idle: idleLimit, keys: &keyring{git: g, cfg: cfg}}
	if client == nil {
		if client, err = w.newClient(cfg, g, u); err != nil {
			return nil, &giterr.TransportError{Op: "reach", URL: w.URL(), Err: err}
		}
	}
	w.client = m.client(followGETs(client, redirects(cfg, u)))
	return w, nil
}

const dialLimit = 15 * time.Second

// newClient follows git's settings for proxy and TLS, then those of the environment.
func (w *HTTP) newClient(cfg git.Config, g git.Program, u *url.URL) (*http.Client, error) {
	proxy, err := proxyFor(cfg, g, u)
	if err != nil {
		return nil, err
	}
	secure, err := tlsFor(cfg, g, u)
	if err != nil {
		return nil, err
	}
	if proxy != nil {
		w.proxy = giterr.Redact(proxy.String())
	}
	return &http.Client{Transport: &http.Transport{
		Proxy:               http.ProxyURL(proxy),
		TLSClientConfig:     secure,
		DialContext:         (&net.Dialer{Timeout: dialLimit}).DialContext,
		TLSHandshakeTimeout: dialLimit,
		ForceAttemptHTTP2:   true,
		IdleConnTimeout:     time.Minute,
	}}, nil
}

// redirects is http.followRedirects: git follows them at the beginning unless it is told not to.
func redirects(c git.Config, u *url.URL) bool {
	v, ok := c.LastForURL(u, "followredirects")
	return !ok || v == "initial" || git.Truth(v)
}

const maxRedirects = 5

// followGETs lets only reads be redirected: a redirected POST would lose its body or its method. Another server gets no
// credential along.
func followGETs(c *http.Client, follow bool) *http.Client {
	own := *c
	own.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if !follow || via[0].Method != http.MethodGet || len(via) > maxRedirects {
			return http.ErrUseLastResponse
		}
		if !sameOrigin(req.URL, via[0].URL) {
			req.Header = http.Header{"User-Agent": {Agent}, "Git-Protocol": req.Header["Git-Protocol"]}
		}
		return nil
	}
	return &own
}

func withoutUser(u *url.URL) *url.URL {
	bare := *u
	bare.User, bare.RawQuery, bare.Fragment = nil, "", ""
	return &bare
}

// URL implements Wire.
func (w *HTTP) URL() string { return giterr.Redact(w.base.String()) }

// Open asks for the advertisement. Where a redirect leads to another server, that one is asked with its own credential.
func (w *HTTP) Open(ctx context.Context, service string) (s Session, err error) {
	ask := func(cred credential) error {
		s, err = w.get(ctx, service, cred)
		return err
	}
	for range maxRedirects {
		at := w.place()
		err = w.signIn(ctx, at, ask)
		if !refused(err) || w.place() == at {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (w *HTTP) place() *url.URL {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

// signIn tries one credential after the other until the server takes one, and those of git's helpers last. It tells them
// how it went. The error is that of the first one that was refused.
func (w *HTTP) signIn(ctx context.Context, at *url.URL, try func(credential) error) error {
	var refusal error
	sent := false
	for _, cred := range w.offers(at) {
		err := try(cred)
		if !refused(err) {
			return w.keep(cred, at, err)
		}
		sent = sent || cred.set()
		if refusal == nil {
			refusal = err
		}
		if w.place() != at {
			return refusal
		}
	}
	var auth *giterr.AuthError
	if errors.As(refusal, &auth) && auth.Status == http.StatusForbidden && sent {
		return refusal
	}
	cred, trouble, err := w.keys.ask(ctx, at)
	switch {
	case err != nil:
		return err
	case !cred.set():
		if errors.As(refusal, &auth) && !sent {
			auth.Next = w.keys.signInHints(at)
		}
		if trouble != "" && auth != nil {
			auth.Message = strings.TrimPrefix(auth.Message+"\n"+giterr.Indent("git credential fill: "+trouble), "\n")
		}
		return refusal
	}
	err = try(cred)
	w.keys.tell(ctx, cred, err)
	return w.keep(cred, at, err)
}

// refused says that another credential may help.
func refused(err error) bool {
	var auth *giterr.AuthError
	return errors.As(err, &auth)
}

// offers is what is tried without asking anybody: what worked last, else all that is known.
func (w *HTTP) offers(at *url.URL) []credential {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cred != nil {
		return append([]credential{*w.cred}, w.keys.known(at)...)
	}
	return w.keys.known(at)
}

// keep notes what worked, unless a redirect led to another server.
func (w *HTTP) keep(cred credential, at *url.URL, err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil && w.at == at {
		w.cred = &cred
	}
	return err
}

func (w *HTTP) get(ctx context.Context, service string, cred credential) (Session, error) {
	ctx, watch := watchIdle(ctx, w.Idle)
	defer watch.stop()
	at := withoutUser(w.place())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String()+"/info/refs?service="+service, nil)
	if err != nil {
		return nil, &giterr.TransportError{Op: opOf(service), URL: w.URL(), Err: err}
	}
	if service == UploadPack {
		req.Header.Set("Git-Protocol", "version=2")
	}
	resp, err := w.do(req, cred, opOf(service))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // reading only
	if got := resp.Header.Get("Content-Type"); got != "application/x-"+service+"-advertisement" {
		return nil, &giterr.TransportError{Op: opOf(service), URL: w.URL(), Status: resp.StatusCode, Err: notGit(got)}
	}
	a, err := ReadAdvert(watch.reader(resp.Body))
	if err != nil {
		return nil, &giterr.TransportError{Op: opOf(service), URL: w.URL(), Status: resp.StatusCode, Err: plainCause(ctx, err)}
	}
	return &httpSession{wire: w, refs: a, service: service, cred: cred, base: landed(resp.Request.URL, at)}, nil
}

func notGit(contentType string) error {
	if strings.HasPrefix(contentType, "text/html") {
		return errors.New("it answered with a web page, not as a Git server (single sign-on in between, or not a repository's URL?)")
	}
	return fmt.Errorf("it did not answer as a Git server (content type %q)", giterr.Sanitize(contentType))
}

// landed is the repository's URL after redirects.
func landed(final, at *url.URL) *url.URL {
	path, ok := strings.CutSuffix(final.Path, "/info/refs")
	if !ok {
		return at
	}
	there := withoutUser(final)
	there.Path, there.RawPath = path, ""
	return there
}

type httpSession struct {
	wire    *HTTP
	refs    *Advert
	service string
	cred    credential
	base    *url.URL
}

func (s *httpSession) Advert() *Advert { return s.refs }
func (s *httpSession) Close() error    { return nil }

func (s *httpSession) op() string { return opOf(s.service) }

// opOf is what a service is asked for, in messages.
func opOf(service string) string {
	if service == ReceivePack {
		return "push to"
	}
	return "read"
}

// Exchange posts a request. Anything but a plain refusal may come after the server has done its work. A server that let
// the advertisement be read by everybody may ask for a credential only now, and one that worked may have run out.
func (s *httpSession) Exchange(ctx context.Context, request []byte) (io.ReadCloser, error) {
	answer, err := s.post(ctx, request, s.cred)
	var auth *giterr.AuthError
	if !errors.As(err, &auth) || auth.Status == http.StatusForbidden && auth.Sent {
		return answer, maybeLost(err)
	}
	err = s.wire.signIn(ctx, s.wire.place(), func(cred credential) error {
		answer, err = s.post(ctx, request, cred)
		if err == nil {
			s.cred = cred
		}
		return err
	})
	return answer, maybeLost(err)
}

func (s *httpSession) post(ctx context.Context, request []byte, cred credential) (io.ReadCloser, error) {
	ctx, watch := watchIdle(ctx, s.wire.Idle)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base.String()+"/"+s.service, bytes.NewReader(request))
	if err != nil {
		watch.stop()
		return nil, &giterr.TransportError{Op: s.op(), URL: s.wire.URL(), Err: err}
	}
	if s.refs.version == 2 {
		req.Header.Set("Git-Protocol", "version=2")
	}
	req.Header.Set("Content-Type", "application/x-"+s.service+"-request")
	req.Header.Set("Accept", "application/x-"+s.service+"-result")
	resp, err := s.wire.do(req, cred, s.op())
	if err != nil {
		watch.stop()
		return nil, err
	}
	body := &watchedBody{Reader: watch.reader(resp.Body), body: resp.Body, watch: watch}
	if got := resp.Header.Get("Content-Type"); got != "application/x-"+s.service+"-result" {
		body.Close() //nolint:errcheck // not what was asked for
		return nil, &giterr.TransportError{Op: s.op(), URL: s.wire.URL(), Err: notGit(got)}
	}
	return body, nil
}

// maybeLost marks what leaves the outcome of a request open: a cut or a time-out, and answers of gateways.
func maybeLost(err error) error {
	var t *giterr.TransportError
	if errors.As(err, &t) && (t.Status == 0 || t.Status >= 500) {
		return &LostReply{Err: err}
	}
	return err
}

// do sends a request with a credential and turns everything but a 200 into an error. A credential goes to the server that
// it is for only.
func (w *HTTP) do(req *http.Request, cred credential, op string) (*http.Response, error) {
	req.Header.Set("User-Agent", Agent)
	if sameOrigin(req.URL, w.place()) {
		cred.apply(req)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return nil, &giterr.TransportError{Op: op, URL: w.URL(), Err: w.explain(req, err)}
	}
	w.follow(resp.Request.URL)
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()                                 //nolint:errcheck // reading only
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10)) // best effort: words for the message
	return nil, w.refusal(op, resp, cred, cred.hide(pageText(resp, body)))
}

// follow notes that a redirect led to another server, which is asked directly from now on.
func (w *HTTP) follow(final *url.URL) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !sameOrigin(final, w.at) {
		w.at, w.cred = landed(final, w.at), nil
	}
}

// explain names the proxy, and what to set where a certificate is the trouble.
func (w *HTTP) explain(req *http.Request, err error) error {
	err = explainTLS(plainCause(req.Context(), err), req.URL)
	if w.proxy != "" {
		return fmt.Errorf("through the proxy %s: %w", w.proxy, err)
	}
	return err
}

func (w *HTTP) refusal(op string, resp *http.Response, cred credential, text string) error {
	code := resp.StatusCode
	if (code == http.StatusUnauthorized || code == http.StatusForbidden) && !limited(resp, text) {
		return &giterr.AuthError{Op: op, URL: w.URL(), User: cred.user, Status: code, Message: text, Sent: cred.set()}
	}
	cause := fmt.Errorf("HTTP %d", code)
	switch {
	case code == http.StatusNotFound:
		cause = errors.New("no such repository, or no right to see it (HTTP 404)")
	case code == http.StatusProxyAuthRequired:
		cause = fmt.Errorf("the proxy %s wants a user name and password (HTTP 407)", w.proxy)
	case code >= 300 && code < 400:
		cause = fmt.Errorf("redirected to %s (HTTP %d): use that URL", destination(resp), code)
	case text != "":
		cause = fmt.Errorf("HTTP %d: %s", code, text)
	}
	return &giterr.TransportError{Op: op, URL: w.URL(), Status: code, After: retryAfter(resp.Header, time.Now()), Err: cause}
}

// limited tells a 403 that means "too often" from one that means "you may not": hosts say when to come back, or that
// nothing remains (docs.github.com, "Rate limits for the REST API"), or use the words.
func limited(resp *http.Response, text string) bool {
	return resp.StatusCode == http.StatusForbidden && (resp.Header.Get("Retry-After") != "" ||
		resp.Header.Get("X-Ratelimit-Remaining") == "0" || strings.Contains(strings.ToLower(text), "rate limit"))
}

func destination(resp *http.Response) string {
	to, err := resp.Location()
	if err != nil {
		return "nowhere"
	}
	return giterr.Redact(to.String())
}

// retryAfter reads the seconds that a server wants a client to wait: a number, or a date (RFC 9110, 10.2.3).
func retryAfter(h http.Header, now time.Time) int {
	v := h.Get("Retry-After")
	if n, err := strconv.Atoi(v); err == nil {
		return max(n, 0)
	}
	when, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	return max(int(math.Ceil(when.Sub(now).Seconds())), 0)
}

// pageText keeps an error body when it is text for people.
func pageText(resp *http.Response, body []byte) string {
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain") {
		return ""
	}
	return strings.TrimSpace(giterr.Sanitize(giterr.RedactText(string(body))))
}

// plainCause drops the wrapper that repeats method and URL, credentials included. A time-out of ours is not the caller's
// deadline, as which net's would count.
func plainCause(ctx context.Context, err error) error {
	var stalled *stalledError
	if errors.As(context.Cause(ctx), &stalled) {
		return stalled
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return errors.New(err.Error())
	}
	return err
}

func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && git.PortOf(a) == git.PortOf(b)
}

// idleLimit is how long a server may be silent. A git server sends keep-alives while its hooks run.
const idleLimit = 2 * time.Minute

// stalledError says that a server kept a connection open and sent nothing.
type stalledError struct{ limit time.Duration }

func (e *stalledError) Error() string { return fmt.Sprintf("it sent nothing for %v", e.limit) }

// idleWatch ends a request on which nothing moves.
type idleWatch struct {
	ctx    context.Context // the request's
	limit  time.Duration
	timer  *time.Timer
	cancel context.CancelCauseFunc
}

func watchIdle(ctx context.Context, limit time.Duration) (context.Context, *idleWatch) {
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, &idleWatch{ctx, limit, time.AfterFunc(limit, func() { cancel(&stalledError{limit}) }), cancel}
}

func (i *idleWatch) stop() {
	i.timer.Stop()
	i.cancel(nil)
}

// reader moves the limit on with everything that comes.
func (i *idleWatch) reader(r io.Reader) io.Reader { return &idleReader{r, i} }

type idleReader struct {
	r     io.Reader
	watch *idleWatch
}

func (i *idleReader) Read(p []byte) (int, error) {
	n, err := i.r.Read(p)
	if n > 0 {
		i.watch.timer.Reset(i.watch.limit)
	}
	if err != nil && err != io.EOF {
		err = plainCause(i.watch.ctx, err)
	}
	return n, err
}

// watchedBody is an answer that is read up to its end.
type watchedBody struct {
	io.Reader
	body  io.Closer
	watch *idleWatch
}

func (b *watchedBody) Close() error {
	defer b.watch.stop()
	return b.body.Close()
}
