package gitops_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/gitops/gittest"
)

// faults are what goes wrong on the way, or at the server.
var faults = map[string]gittest.Fault{
	"401":            {Status: 401, Header: http.Header{"Www-Authenticate": {`Basic realm="git"`}}, Body: "no"},
	"403":            {Status: 403, Body: "no"},
	"404":            {Status: 404, Body: "no"},
	"429":            {Status: 429, Header: http.Header{"Retry-After": {"1"}}, Body: "slow down"},
	"500":            {Status: 500, Body: "oh"},
	"503":            {Status: 503, Header: http.Header{"Retry-After": {"1"}}, Body: "later"},
	"login page":     {Status: 200, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html>sign in"},
	"empty":          {Cut: true, CutAt: 0},
	"cut early":      {Cut: true, CutAt: 3},
	"cut later":      {Cut: true, CutAt: 60},
	"wrong bytes":    {Answer: []byte("this is no packet")},
	"no pack":        {Answer: []byte("0008NAK\n0000")},
	"server died":    {Answer: []byte("000dpackfile\n001d\x03aborting: out of memory\x00")},
	"server's error": {Answer: []byte("0011ERR no such\n")},
}

// TestFaultsWithoutAClone breaks every request of a change in every way. The branch is where it was unless the change
// arrived, the error is one that callers know, and it tells no secret.
func TestFaultsWithoutAClone(t *testing.T) {
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.strict()
			url := w.serve(gittest.Options{User: "bot", Password: "s3cret"})
			url = strings.Replace(url, "http://", "http://bot:s3cret@", 1)
			for broken := int32(0); ; broken++ {
				if !breakRequest(w, url, broken, fault) {
					if broken < 8 {
						t.Errorf("only %d requests were broken", broken)
					}
					return
				}
			}
		})
	}
}

// TestComesBackWhenAsked meets a server that is busy at every request, once, and one that stays so.
func TestComesBackWhenAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.strict()
	url := w.serve(gittest.Options{})
	busy := &gittest.Fault{Status: 429, Header: http.Header{"Retry-After": {"1"}}, Body: "slow down"}
	asked := map[string]int{}
	w.http.SetFault(func(r *http.Request) *gittest.Fault {
		if key := r.Method + r.URL.RequestURI(); r.URL.Query().Get("service") != "git-receive-pack" && !strings.HasSuffix(key, "git-receive-pack") {
			if asked[key]++; asked[key] == 1 {
				return busy
			}
		}
		return nil
	})
	w.ok(changeWithout(w, url, "late\n"))
	equal(t, "content", w.git(w.server, "show", "main:models/vision/resnet/prod/release.yaml"), "late")

	n := 0
	w.http.SetFault(func(*http.Request) *gittest.Fault { n++; return busy })
	var trouble *gitops.TransportError
	if err := changeWithout(w, url, "never\n"); !errors.As(err, &trouble) || trouble.Status != 429 || n != 4 {
		t.Errorf("after %d requests: %v", n, err)
	}
}

// breakRequest makes a change with one request broken; it returns false when the change has fewer.
func breakRequest(w *world, url string, broken int32, fault gittest.Fault) bool {
	w.t.Helper()
	var n atomic.Int32
	w.http.SetFault(func(*http.Request) *gittest.Fault {
		if n.Add(1)-1 == broken {
			return &fault
		}
		return nil
	})
	before := w.git(w.server, "rev-parse", "main")
	err := changeWithout(w, url, fmt.Sprintf("%d\n", time.Now().UnixNano()))
	w.http.SetFault(nil)
	after := w.git(w.server, "rev-parse", "main")
	if (err == nil) != (before != after) {
		w.t.Errorf("request %d: error %v, and the branch moved: %v", broken, err, before != after)
	}
	if err != nil && !known(err) {
		w.t.Errorf("request %d: not an error that callers know: %v (%T)", broken, err, err)
	}
	if err != nil && strings.Contains(err.Error(), "s3cret") {
		w.t.Errorf("request %d: the error tells the password: %v", broken, err)
	}
	w.fsck(w.server)
	return n.Load() > broken
}

func changeWithout(w *world, url, content string) error {
	ctx, cancel := context.WithTimeout(w.ctx, 20*time.Second)
	defer cancel()
	r, err := gitops.Open(ctx, gitops.Options{Path: url, Env: gitops.Env{Environ: w.server.Env, Git: w.server.Git, Dir: w.dir}})
	if err != nil {
		return err
	}
	defer r.Close()
	tip, err := r.Tip(ctx)
	if err != nil {
		return err
	}
	if err := tip.Load(ctx, "models/vision/resnet/**"); err != nil {
		return err
	}
	id, err := r.Identity(ctx)
	if err != nil {
		return err
	}
	c := write(release, content)
	c.Message.Subject = "change"
	next, err := r.Commit(ctx, tip, c, id)
	if err != nil {
		return err
	}
	return r.Push(ctx, tip, next)
}

func known(err error) bool {
	var t *gitops.TransportError
	var a *gitops.AuthError
	var r *gitops.RejectedError
	var s *gitops.StaleError
	return errors.As(err, &t) || errors.As(err, &a) || errors.As(err, &r) || errors.As(err, &s) || errors.Is(err, context.DeadlineExceeded)
}

// TestAServerThatStalls is bounded by the context, whatever it stalls in.
func TestAServerThatStalls(t *testing.T) {
	for broken := range int32(8) {
		t.Run(fmt.Sprint(broken), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.strict()
			hold := make(chan struct{})
			defer close(hold)
			url := w.serve(gittest.Options{})
			var n atomic.Int32
			w.http.SetFault(func(q *http.Request) *gittest.Fault {
				if n.Add(1)-1 == broken {
					return &gittest.Fault{Hold: hold, Status: http.StatusServiceUnavailable}
				}
				return nil
			})
			ctx, cancel := context.WithTimeout(w.ctx, time.Second)
			defer cancel()
			bounded := *w
			bounded.ctx = ctx
			if err := changeWithout(&bounded, url, "x\n"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("want the deadline, got %v", err)
			}
		})
	}
}
