package transport

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/modelops/modelops/gitops/giterr"
	"github.com/modelops/modelops/gitops/internal/git"
)

// TestDialTimeoutIsNoDeadline: a limit of the network's own must not look like the end of the caller's time, which has
// another exit code.
func TestDialTimeoutIsNoDeadline(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client := &http.Client{Transport: &http.Transport{DialContext: (&net.Dialer{Timeout: time.Nanosecond}).DialContext}}
	w, err := NewHTTP("http://"+l.Addr().String()+"/r.git", nil, git.Program{}, client, &Meter{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Open(context.Background(), UploadPack)
	var tr *giterr.TransportError
	if !errors.As(err, &tr) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("want a *TransportError that is no deadline, got %v", err)
	}
	ctx, cancel := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
	defer cancel()
	if _, err = w.Open(ctx, UploadPack); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("want the caller's deadline, got %v", err)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for v, want := range map[string]int{"7": 7, "0": 0, "-3": 0, "": 0, "soon": 0, "Thu, 01 Jan 2026 00:01:30 GMT": 90, "Wed, 31 Dec 2025 00:00:00 GMT": 0} {
		if got := retryAfter(http.Header{"Retry-After": {v}}, now); got != want {
			t.Errorf("%q: got %d, want %d", v, got, want)
		}
	}
}
