package gitops_test

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/gitops/gittest"
)

// proxy is an HTTP and SOCKS5 proxy that sends everything to one server, whatever name is asked for, and notes what was.
type proxy struct {
	l    net.Listener
	to   string
	mu   sync.Mutex
	seen []string
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{l: l, to: to}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go p.talk(conn)
		}
	}()
	return p
}

func (p *proxy) addr() string { return p.l.Addr().String() }

func (p *proxy) note(s string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, s)
}

// last is the newest note, and forgets all.
func (p *proxy) last() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := ""
	if len(p.seen) > 0 {
		out = p.seen[len(p.seen)-1]
	}
	p.seen = nil
	return out
}

func (p *proxy) talk(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	if b, err := in.Peek(1); err == nil && b[0] == 5 {
		p.socks(conn, in)
		return
	}
	for {
		q, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		login := strings.TrimPrefix(q.Header.Get("Proxy-Authorization"), "Basic ")
		plain, _ := base64.StdEncoding.DecodeString(login)
		p.note(strings.TrimSpace("http " + q.Host + " " + string(plain)))
		if q.Host == "locked.test" {
			io.WriteString(conn, "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n")
			return
		}
		q.URL.Scheme, q.URL.Host, q.RequestURI = "http", p.to, ""
		q.Header.Del("Proxy-Authorization")
		resp, err := http.DefaultTransport.RoundTrip(q)
		if err != nil {
			return
		}
		resp.Write(conn)
		resp.Body.Close()
	}
}

// socks speaks as much of RFC 1928 as a client without a password needs.
func (p *proxy) socks(conn net.Conn, in *bufio.Reader) {
	head := make([]byte, 2)
	io.ReadFull(in, head)
	io.CopyN(io.Discard, in, int64(head[1]))
	conn.Write([]byte{5, 0})
	ask := make([]byte, 5)
	io.ReadFull(in, ask)
	name := make([]byte, int(ask[4])+2)
	io.ReadFull(in, name)
	p.note("socks " + string(name[:ask[4]]))
	far, err := net.Dial("tcp", p.to)
	if err != nil {
		return
	}
	defer far.Close()
	conn.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	go io.Copy(far, in)
	io.Copy(conn, far)
}

// TestProxy reaches a host that only the proxy can find, by every source of a proxy, with git beside it.
func TestProxy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	direct := strings.TrimSuffix(strings.TrimPrefix(w.serve(gittest.Options{}), "http://"), "/deploy.git")
	p := newProxy(t, direct)
	at := "http://" + p.addr()
	const far = "http://git.test/deploy.git"
	rows := []struct {
		name    string
		url     string // far where it is ""
		config  []string
		env     []string
		through string // what the proxy saw, "" where it was not asked
		fails   string
		ours    bool
	}{
		{name: "http.proxy", config: []string{"http.proxy=" + at}, through: "http git.test"},
		{name: "without a scheme", config: []string{"http.proxy=" + p.addr()}, through: "http git.test"},
		{name: "of the host", config: []string{"http.proxy=http://127.0.0.1:1", "http.http://git.test/.proxy=" + at}, through: "http git.test"},
		{name: "of the remote", config: []string{"http.proxy=http://127.0.0.1:1", "remote.origin.proxy=" + at}, through: "http git.test"},
		{name: "of another remote", config: []string{"http.proxy=" + at, "remote.other.proxy=http://127.0.0.1:1"}, through: "http git.test"},
		{name: "http_proxy", env: []string{"http_proxy=" + at}, through: "http git.test"},
		{name: "HTTP_PROXY", env: []string{"HTTP_PROXY=" + at}, through: "http git.test", ours: true},
		{name: "all_proxy", env: []string{"all_proxy=" + at}, through: "http git.test"},
		{name: "ALL_PROXY", env: []string{"ALL_PROXY=" + at}, through: "http git.test"},
		{name: "https_proxy is for https", env: []string{"https_proxy=http://127.0.0.1:1", "http_proxy=" + at}, through: "http git.test"},
		{name: "configuration before environment", config: []string{"http.proxy=" + at}, env: []string{"http_proxy=http://127.0.0.1:1"}, through: "http git.test"},
		{name: "socks5", config: []string{"http.proxy=socks5h://" + p.addr()}, through: "socks git.test"},
		{name: "socks4", config: []string{"http.proxy=socks4://" + p.addr()}, fails: "the proxy socks4://" + p.addr() + ": socks4 is not supported", ours: true},
		{name: "password", config: []string{"http.proxy=http://ana:s3cret@" + p.addr()}, through: "http git.test ana:s3cret"},
		{name: "wants a password", url: "http://locked.test/deploy.git", config: []string{"http.proxy=" + at}, through: "http locked.test", fails: "the proxy " + at + " wants a user name and password"},
		{name: "no_proxy", url: "http://" + direct + "/deploy.git", env: []string{"http_proxy=http://127.0.0.1:1", "no_proxy=127.0.0.1"}},
		{name: "NO_PROXY and http.proxy", url: "http://" + direct + "/deploy.git", config: []string{"http.proxy=http://127.0.0.1:1"}, env: []string{"NO_PROXY=git.test,127.0.0.1"}},
		{name: "NO_PROXY of another", config: []string{"http.proxy=" + at}, env: []string{"NO_PROXY=example.com"}, through: "http git.test"},
		{name: "none by an empty setting", url: "http://" + direct + "/deploy.git", config: []string{"http.proxy="}, env: []string{"http_proxy=http://127.0.0.1:1"}},
		{name: "refuses", config: []string{"http.proxy=http://ana:s3cret@127.0.0.1:1"}, fails: "through the proxy http://127.0.0.1:1: "},
		{name: "cannot be read", config: []string{"http.proxy=http://ana:s3cret@%zz/"}, fails: "the proxy's URL cannot be read"},
	}
	c := w.bareRemote("c", far)
	for _, tc := range rows {
		t.Run(tc.name, func(t *testing.T) {
			w := *w
			w.t, w.ctx = t, t.Context()
			url := tc.url
			if url == "" {
				url = far
			}
			w.git(c, "remote", "set-url", "origin", url)
			w.ok(os.WriteFile(filepath.Join(w.home, ".gitconfig"), nil, 0o600))
			for _, kv := range tc.config {
				k, v, _ := strings.Cut(kv, "=")
				w.git(c, "config", "--global", k, v)
			}
			own := *c
			own.Env = append(c.Env, tc.env...)
			for _, opts := range [][]func(*gitops.Options){nil, {withoutGit}} {
				p.last()
				r, err := gitops.Open(w.ctx, options(&own, append(opts, onMain)...))
				if err == nil {
					_, err = r.Tip(w.ctx)
					r.Close()
				}
				equal(t, "through", p.last(), tc.through)
				if err == nil && tc.fails == "" {
					continue
				}
				var tr *gitops.TransportError
				if !errors.As(err, &tr) || tc.fails == "" || !strings.Contains(err.Error(), tc.fails) {
					t.Errorf("want %q, got %v", tc.fails, err)
				}
				noSecret(t, fmt.Sprint(err))
			}
			if !tc.ours {
				_, err := own.Run(t.Context(), "ls-remote", "origin")
				equal(t, "git failed", err != nil, tc.fails != "")
				equal(t, "git's way", strings.Split(p.last()+" ", " ")[0], strings.Split(tc.through+" ", " ")[0])
			}
		})
	}
}

// TestURLsAgreeWithGit rewrites URLs as git does, for reading and for pushing.
func TestURLsAgreeWithGit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.clone("c", w.server.Dir)
	for _, kv := range [][2]string{
		{"url.https://a.example/.insteadOf", "short:"}, {"url.https://b.example/long/.insteadOf", "short:x/"}, {"url.https://a.example/.insteadOf", "two:"},
		{"url.https://push.example/.pushInsteadOf", "https://read.example/"}, {"url.https://only-push.example/.pushInsteadOf", "p:"},
		{"url.https://first.example/.insteadOf", "same:"}, {"url.https://second.example/.insteadOf", "same:"},
		{"url.https://late.example/.insteadOf", "other:"}, {"url.https://first.example/.insteadOf", "tie:"}, {"url.https://late.example/.insteadOf", "tie:"},
		{"url.https://late.example/.insteadOf", "order:"}, {"url.https://first.example/.insteadOf", "order:"},
		{"url.https://chain.example/.insteadOf", "https://a.example/"}, {"url.https://CASE.example/.insteadOf", "Case:"},
		{"url.https://tok:en@host.example/.insteadOf", "https://host.example/"}, {"url.ssh://git@host.example/.pushInsteadOf", "https://both.example/"},
		{"url.https://read-both.example/.insteadOf", "https://both.example/"},
	} {
		w.git(c, "config", "--global", "--add", kv[0], kv[1])
	}
	rows := map[string][]string{}
	for _, u := range []string{"short:team/repo", "short:x/repo", "two:r", "https://read.example/r", "https://other.example/r", "p:r", "same:r", "tie:r", "order:r", "https://a.example/r",
		"Case:r", "case:r", "https://host.example/r", "https://both.example/r", "https://only-push.example/r"} {
		rows[u] = []string{"url=" + u}
		rows[u+" pushed elsewhere"] = []string{"url=" + u, "pushurl=short:x/push"}
		rows["pushed to "+u] = []string{"url=https://other.example/r", "pushurl=" + u}
	}
	rows["two URLs"] = []string{"url=short:one", "url=short:two"}
	rows["two push URLs"] = []string{"url=short:one", "pushurl=two:a", "pushurl=two:b"}
	for name, set := range rows {
		w.git(c, "config", "--unset-all", "remote.origin.url")
		c.Run(w.ctx, "config", "--unset-all", "remote.origin.pushurl") //nolint:errcheck // there may be none
		for _, kv := range set {
			k, v, _ := strings.Cut(kv, "=")
			w.git(c, "config", "--add", "remote.origin."+k, v)
		}
		want := gitops.Redact(w.git(c, "remote", "get-url", "--push", "origin"))
		for _, opts := range [][]func(*gitops.Options){nil, {withoutGit}} {
			equal(t, name, w.open(c, append(opts, onMain)...).Remote(), want)
		}
	}
}
