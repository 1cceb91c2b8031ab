package gitops_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/gitops/gittest"
)

// Kinds of request of a promote.
const (
	readList  = "GET git-upload-pack"
	readRefs  = "POST git-upload-pack"
	pushList  = "GET git-receive-pack"
	pushItems = "POST git-receive-pack"
)

func kindOf(q *http.Request) string {
	if service := q.URL.Query().Get("service"); service != "" {
		return q.Method + " " + service
	}
	return q.Method + " " + q.URL.Path[strings.LastIndexByte(q.URL.Path, '/')+1:]
}

// contentType is what a client takes an answer of this kind for.
func contentType(kind string) http.Header {
	method, service, _ := strings.Cut(kind, " ")
	if method == http.MethodGet {
		return http.Header{"Content-Type": {"application/x-" + service + "-advertisement"}}
	}
	return http.Header{"Content-Type": {"application/x-" + service + "-result"}}
}

// TestFaults breaks each request of a promote in each way. It has to end as an error of transport or signing in, with
// the clone as it was and the server's branch where it was, unless the server had done its work: then as a success. No
// error and no progress shows the password, not even where the server repeats it.
func TestFaults(t *testing.T) {
	t.Parallel()
	plain := http.Header{"Content-Type": {"text/plain"}, "Retry-After": {"7"}}
	later := http.Header{"Retry-After": {time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)}}
	page := http.Header{"Content-Type": {"text/html"}}
	echo := "no: Basic Ym90OnMzY3JldA== of bot, s3cret at https://bot:s3cret@127.0.0.1/"
	faults := []struct {
		name  string
		fault gittest.Fault
		auth  bool // *AuthError, else *TransportError
		after int  // seconds, about
		done  bool // the server does its work before it breaks
		want  string
	}{
		{name: "reset", fault: gittest.Fault{Reset: true}, want: "reset"},
		{name: "cut at once", fault: gittest.Fault{Cut: true}, done: true},
		{name: "cut in mid-answer", fault: gittest.Fault{Cut: true, CutAt: 25}, done: true},
		{name: "stalled", fault: gittest.Fault{Hold: make(chan struct{})}, want: "it sent nothing for 1s"},
		{name: "stalled in mid-answer", fault: gittest.Fault{Cut: true, CutAt: 25, Stall: true}, done: true, want: "it sent nothing for 1s"},
		{name: "wrong bytes", fault: gittest.Fault{Status: 200, Body: "zzzz\x00\xff\x1b[31m" + echo}},
		{name: "wrong length", fault: gittest.Fault{Status: 200, Body: "fff0abc"}},
		{name: "zero bytes", fault: gittest.Fault{Status: 200}},
		{name: "401", fault: gittest.Fault{Status: 401, Header: plain, Body: echo}, auth: true, want: "authentication failed (HTTP 401)"},
		{name: "403", fault: gittest.Fault{Status: 403, Header: http.Header{"Content-Type": {"text/plain"}}, Body: echo}, auth: true, want: "not allowed (HTTP 403)"},
		{name: "403 for now", fault: gittest.Fault{Status: 403, Header: plain, Body: echo}, after: 7, want: "HTTP 403: no: Basic ***"},
		{name: "403 with nothing remaining", fault: gittest.Fault{Status: 403, Header: http.Header{"X-RateLimit-Remaining": {"0"}, "Content-Type": {"application/json"}}, Body: "{}"}, want: "HTTP 403"},
		{name: "404", fault: gittest.Fault{Status: 404, Header: plain, Body: echo}, after: 7, want: "no such repository"},
		{name: "429", fault: gittest.Fault{Status: 429, Header: plain, Body: echo}, after: 7, want: "HTTP 429: no: Basic ***"},
		{name: "429 until a date", fault: gittest.Fault{Status: 429, Header: later}, after: 3600, want: "HTTP 429"},
		{name: "500", fault: gittest.Fault{Status: 500, Header: http.Header{"Content-Type": {"text/plain"}}, Body: echo}, want: "HTTP 500"},
		{name: "503", fault: gittest.Fault{Status: 503, Header: plain}, after: 7, want: "HTTP 503"},
		{name: "login page", fault: gittest.Fault{Status: 200, Header: page, Body: "<html>" + echo}, want: "web page"},
		{name: "redirect to a login page", fault: gittest.Fault{Status: 302, Header: http.Header{"Location": {"/login?token=s3cret"}}}},
		{name: "redirected for ever", fault: gittest.Fault{Status: 302, Header: http.Header{"Location": {"?service=git-upload-pack"}}}},
	}
	for _, kind := range []string{readList, readRefs, pushList, pushItems} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			url := w.serve(gittest.Options{User: "bot", Password: "s3cret"})
			var progress strings.Builder
			c := w.bareRemote("c", strings.Replace(url, "http://", "http://bot:s3cret@", 1))
			for _, tc := range faults {
				t.Run(tc.name, func(t *testing.T) {
					w := *w
					w.t, w.ctx = t, t.Context()
					r := w.open(c, onMain, func(o *gitops.Options) { o.Progress = &progress })
					base := w.tip(r)
					next := w.commit(r, base, write(release, kind+tc.name))
					before, clone := w.git(w.server, "rev-parse", "main"), files(t, c.Dir)
					if kind == readList {
						r = w.open(c, onMain) // which has no conversation yet
					}
					if strings.HasPrefix(tc.name, "stalled") {
						r.SetIdleLimit(time.Second)
					}
					w.http.SetFault(breaking(kind, tc.fault))
					defer w.http.SetFault(nil)
					var err error
					if kind == readList || kind == readRefs {
						err = errorOf(r.Tip(w.ctx))
					} else {
						err = r.Push(w.ctx, base, next)
					}
					equal(t, "clone", files(t, c.Dir), clone)
					equal(t, "status", w.git(c, "status", "--porcelain"), "")
					if kind == pushItems && tc.done {
						w.ok(err)
						before = next.Commit().String()
					} else {
						checkFault(t, err, tc.auth, tc.after, tc.want)
						noSecret(t, err.Error()+progress.String()+hints(err))
					}
					equal(t, "branch", w.git(w.server, "rev-parse", "main"), before)
				})
			}
		})
	}
}

// breaking lets a fault hit all requests of one kind.
func breaking(kind string, f gittest.Fault) func(*http.Request) *gittest.Fault {
	if f.Status == 200 && f.Header == nil {
		f.Header = contentType(kind)
	}
	return func(q *http.Request) *gittest.Fault {
		switch {
		case q.URL.Path == "/login":
			return &gittest.Fault{Status: 200, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html>"}
		case kindOf(q) != kind:
			return nil
		}
		return &f
	}
}

// checkFault: the type that decides the exit code, and when the server wants to be asked again.
func checkFault(t *testing.T, err error, auth bool, after int, want string) {
	t.Helper()
	var a *gitops.AuthError
	var tr *gitops.TransportError
	var rejected *gitops.RejectedError // an answer that says nothing of our branch
	switch {
	case auth && !errors.As(err, &a), !auth && !errors.As(err, &tr) && !errors.As(err, &rejected):
		t.Fatalf("unexpected kind: %T %v", err, err)
	case !strings.Contains(err.Error(), want):
		t.Errorf("want %q in %v", want, err)
	case after > 0 && (tr.After > after || tr.After < after/2):
		t.Errorf("retry after %d s, want %d", tr.After, after)
	}
}

// TestNothingListens: a refused connection, and a host that does not exist.
func TestNothingListens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, host := range []string{"127.0.0.1:1", "nowhere.invalid"} {
		c := w.bareRemote(host, "http://bot:s3cret@"+host+"/deploy.git")
		before := files(t, c.Dir)
		_, err := w.try(c)
		checkFault(t, err, false, 0, "")
		noSecret(t, err.Error())
		equal(t, host, files(t, c.Dir), before)
	}
}
