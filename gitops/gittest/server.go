package gittest

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/cgi"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Fault says how the server treats one request.
type Fault struct {
	Status int           // answer with this status and Body instead of asking git
	Header http.Header   // goes with Status
	Body   string        // goes with Status
	Delay  time.Duration // wait before doing anything
	Hold   chan struct{} // wait until it is closed
	Cut    bool          // let git do its work, then break the connection after CutAt bytes of its answer
	CutAt  int
	Stall  bool   // with Cut: say nothing more instead of breaking the connection
	Reset  bool   // break the connection at once, so that the client's system reports it
	Answer []byte // send these bytes as git's answer, without asking git
}

// Options says how a server behaves.
type Options struct {
	Root     string // folder of bare repositories
	Home     string // git's home
	User     string // with Password: ask for them
	Password string
	// TLS makes it an https server.
	TLS *tls.Config
	// Fault is asked for every request; nil means none. It may be called by several goroutines.
	Fault func(*http.Request) *Fault
	// Log receives what git prints on its standard error; nil drops it.
	Log io.Writer
}

// Server serves bare repositories over HTTP on the loopback interface, through git http-backend.
type Server struct {
	URL     string // http://127.0.0.1:PORT, or https
	opts    Options
	backend cgi.Handler
	http    *http.Server
	fault   atomic.Pointer[func(*http.Request) *Fault]
	mu      sync.Mutex
	seen    []string
	sent    atomic.Int64
}

// Serve starts a server. Repositories must set http.receivepack (see AllowPush) to be pushed to without a user.
func Serve(o Options) (*Server, error) {
	git, err := Find()
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	scheme := "http://"
	if o.TLS != nil {
		l, scheme = tls.NewListener(l, o.TLS), "https://"
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	s := &Server{URL: scheme + l.Addr().String(), opts: o}
	env := append(Environ(o.Home), "GIT_PROJECT_ROOT="+o.Root, "GIT_HTTP_EXPORT_ALL=1")
	s.backend = cgi.Handler{Path: git, Args: []string{"http-backend"}, Env: env, Stderr: o.Log, Logger: log.New(o.Log, "", 0)}
	s.SetFault(o.Fault)
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	go s.http.Serve(l) //nolint:errcheck // ends with Close
	return s, nil
}

// AllowPush lets anonymous users push to a bare repository, and makes git check what it receives.
func AllowPush(ctx context.Context, r *Repo) error {
	_, a := r.Run(ctx, "config", "http.receivepack", "true")
	_, b := r.Run(ctx, "config", "receive.fsckObjects", "true")
	return errors.Join(a, b)
}

// AllowPartialFetch lets a bare repository filter by the two filters that the large hosts allow, and by no other: no
// files, or nothing but what is named.
func AllowPartialFetch(ctx context.Context, r *Repo) error {
	for _, kv := range [...][2]string{{"uploadpack.allowFilter", "true"}, {"uploadpackfilter.allow", "false"},
		{"uploadpackfilter.blob:none.allow", "true"}, {"uploadpackfilter.tree.allow", "true"}, {"uploadpackfilter.tree.maxDepth", "0"}} {
		if _, err := r.Run(ctx, "config", kv[0], kv[1]); err != nil {
			return err
		}
	}
	return nil
}

// Close stops the server and breaks its connections.
func (s *Server) Close() error { return s.http.Close() }

// SetFault changes how requests are treated from now on; nil means no faults.
func (s *Server) SetFault(f func(*http.Request) *Fault) {
	if f == nil {
		f = func(*http.Request) *Fault { return nil }
	}
	s.fault.Store(&f)
}

// Requests lists the requests so far as "METHOD path?query".
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.seen...)
}

// Sent is how many bytes of answers git has given so far.
func (s *Server) Sent() int64 { return s.sent.Load() }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	s.mu.Lock()
	s.seen = append(s.seen, req.Method+" "+req.URL.RequestURI())
	s.mu.Unlock()
	f := (*s.fault.Load())(req)
	if f == nil {
		f = &Fault{}
	}
	if !f.wait(req.Context()) {
		return
	}
	switch {
	case f.Reset:
		reset(w)
	case f.Status != 0:
		f.refuse(w)
	case !s.allowed(req):
		w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
		http.Error(w, "sign in", http.StatusUnauthorized)
	case f.Answer != nil:
		w.Header().Set("Content-Type", "application/x-"+req.URL.Path[strings.LastIndex(req.URL.Path, "/")+1:]+"-result")
		w.Write(f.Answer) //nolint:errcheck // the client may be gone
	default:
		s.git(w, req, f)
	}
}

// wait returns false when the client has gone.
func (f *Fault) wait(ctx context.Context) bool {
	if f.Hold != nil {
		select {
		case <-f.Hold:
		case <-ctx.Done():
			return false
		}
	}
	t := time.NewTimer(f.Delay)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// reset closes a connection in the way that a crashed server's is.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0) //nolint:errcheck // closed anyway
	}
	conn.Close() //nolint:errcheck // over
}

func (f *Fault) refuse(w http.ResponseWriter) {
	for k, v := range f.Header {
		w.Header()[k] = v
	}
	w.WriteHeader(f.Status)
	io.WriteString(w, f.Body) //nolint:errcheck // the client may be gone
}

func (s *Server) allowed(req *http.Request) bool {
	if s.opts.User == "" {
		return true
	}
	user, pw, ok := req.BasicAuth()
	return ok && user == s.opts.User && pw == s.opts.Password
}

// git runs http-backend. A CGI program cannot take a chunked body, so it is read first; the answer is kept back only
// where it has to be cut.
func (s *Server) git(w http.ResponseWriter, req *http.Request, f *Fault) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	gone := req.Context().Done()
	req = req.Clone(context.WithoutCancel(req.Context())) // git finishes what it began, as behind a real web server
	req.Body, req.ContentLength, req.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	h := s.backend
	h.Env = append([]string(nil), s.backend.Env...)
	if p := req.Header.Get("Git-Protocol"); p != "" {
		h.Env = append(h.Env, "GIT_PROTOCOL="+p)
	}
	if user, _, ok := req.BasicAuth(); ok {
		h.Env = append(h.Env, "REMOTE_USER="+user)
	}
	rec := &recorder{header: http.Header{}, code: http.StatusOK}
	h.ServeHTTP(rec, req)
	s.answer(w, rec, f, gone)
}

func (s *Server) answer(w http.ResponseWriter, rec *recorder, f *Fault, gone <-chan struct{}) {
	for k, v := range rec.header {
		w.Header()[k] = v
	}
	out := rec.body.Bytes()
	s.sent.Add(int64(len(out)))
	if f.Cut {
		w.WriteHeader(rec.code)
		w.Write(out[:min(f.CutAt, len(out))]) //nolint:errcheck // cut anyway
		if fl, ok := w.(http.Flusher); ok {
			fl.Flush()
		}
		if f.Stall {
			<-gone
		}
		panic(http.ErrAbortHandler) // how net/http is told to break a connection
	}
	w.WriteHeader(rec.code)
	w.Write(out) //nolint:errcheck // the client may be gone
}

// recorder keeps an answer back.
type recorder struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }
func (r *recorder) WriteHeader(code int)        { r.code = code }
