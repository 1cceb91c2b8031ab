package argocd

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// notFoundError is an answer that the thing does not exist: callers turn it into what that means for them.
type notFoundError struct{ detail string }

func (e *notFoundError) Error() string { return e.detail }

// caller makes calls, and makes them again while the server cannot be reached.
type caller struct {
	conn    transport
	opts    Options
	outage  time.Duration
	onRetry func(error)
}

// call names one request for messages and says which right it needs.
type call struct {
	name, right string
	slow        bool
}

// do runs fn until it gives an answer. An answer that was lost on the way is asked for again with growing, jittered
// pauses, until the outage has lasted as long as the caller allows.
func (c caller) do(ctx context.Context, what call, fn func(context.Context) error) error {
	start := c.opts.Now()
	for pause := 100 * time.Millisecond; ; pause = min(pause*2, 5*time.Second) {
		err := c.once(ctx, what, fn)
		if ctx.Err() != nil {
			return fmt.Errorf("argo cd: %s: %w", what.name, context.Cause(ctx))
		}
		if !transient(err) {
			return c.typed(what, err)
		}
		if tried := c.opts.Now().Sub(start); tried+pause > c.outage {
			return &UnavailableError{Server: c.opts.Server, After: tried, Err: plain(err)}
		}
		if c.onRetry != nil {
			c.onRetry(plain(err))
		}
		if err := sleep(ctx, pause/2+rand.N(pause)); err != nil {
			return fmt.Errorf("argo cd: %s: %w", what.name, err)
		}
	}
}

func (c caller) once(ctx context.Context, what call, fn func(context.Context) error) error {
	limit := c.opts.CallTimeout
	if what.slow {
		limit *= 3
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return fn(ctx)
}

// transient reports whether the answer got lost, as against being no.
func transient(err error) bool {
	s, ok := status.FromError(err)
	if err == nil || !ok {
		return false
	}
	switch s.Code() {
	case codes.Unavailable, codes.DeadlineExceeded:
		return true
	case codes.Internal, codes.Unknown:
		// HTTP/2 stream errors and proxies that end a connection carry no better code.
		for _, sign := range []string{"stream terminated", "RST_STREAM", "unexpected EOF", "connection reset", "unexpected HTTP status code"} {
			if strings.Contains(s.Message(), sign) {
				return true
			}
		}
	}
	return false
}

// typed gives an answer of the server the type that callers branch on.
func (c caller) typed(what call, err error) error {
	if err == nil {
		return nil
	}
	s, ok := status.FromError(err)
	if !ok {
		return fmt.Errorf("argo cd: %s: %w", what.name, err)
	}
	switch s.Code() {
	case codes.Unauthenticated:
		return &AuthError{Server: c.opts.Server, Detail: s.Message()}
	case codes.PermissionDenied:
		return &PermissionError{Right: deniedRight(s.Message(), what.right), Detail: s.Message()}
	case codes.NotFound:
		return &notFoundError{s.Message()}
	}
	return &ServerError{Call: what.name, Code: s.Code().String(), Detail: s.Message()}
}

// deniedRight reads the right from a denial, which names it only to callers who may get the Application.
func deniedRight(message, fallback string) string {
	_, rest, ok := strings.Cut(message, "permission denied: ")
	if !ok {
		return fallback
	}
	right, _, _ := strings.Cut(rest, ", sub: ")
	return right
}

// plain drops the wording that gRPC puts around a message.
func plain(err error) error {
	if s, ok := status.FromError(err); ok {
		return errors.New(s.Message())
	}
	return err
}

// sleep waits, or gives the reason why ctx ended.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
