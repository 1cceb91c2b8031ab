package argocd

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/sirupsen/logrus"
	"google.golang.org/grpc/codes"
)

// Client speaks to one Argo CD API server. It is safe for concurrent use.
type Client struct {
	caller
	fellBack bool
}

// dialOutage is how long an unreachable server is tried by single calls; a wait has its own patience.
const dialOutage = 5 * time.Second

// Dial checks that the server answers and takes the token, and gives a client for it. Where the server cannot be spoken
// to over HTTP/2, gRPC-web is tried as the argocd command line does. Errors: *UnavailableError, *AuthError,
// *NotConfiguredError, and others for certificates that cannot be read.
func Dial(ctx context.Context, opts Options) (*Client, error) {
	if opts.Server == "" {
		return nil, &NotConfiguredError{opts.ConfigPath, "no server is named"}
	}
	if opts.Now == nil {
		return nil, errors.New("argo cd client: no clock was given")
	}
	if opts.CallTimeout <= 0 {
		opts.CallTimeout = 20 * time.Second
	}
	// Argo CD's packages log through logrus, to stderr; what matters there comes back as errors.
	logrus.SetOutput(io.Discard)
	client, err := dial(ctx, opts)
	if err == nil || opts.web() || ctx.Err() != nil || !maybeWeb(err) {
		return client, err
	}
	opts.GRPCWeb = true
	web, webErr := dial(ctx, opts)
	if webErr != nil && !asType[*AuthError](webErr) {
		return nil, err
	}
	if web != nil {
		web.fellBack = true
	}
	return web, webErr
}

func dial(ctx context.Context, opts Options) (*Client, error) {
	conn, err := open(opts)
	if err != nil {
		return nil, err
	}
	c := &Client{caller: caller{conn: conn, opts: opts, outage: dialOutage}}
	if err := c.checkSignedIn(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return c, nil
}

// checkSignedIn makes sure that the token is taken.
func (c *Client) checkSignedIn(ctx context.Context) error {
	info, err := c.userInfo(ctx)
	if err != nil || info.LoggedIn {
		return err
	}
	// A server with authentication turned off signs nobody in, yet answers.
	if _, err := c.canI(ctx, "applications", "get", "*/*"); err != nil {
		return err
	}
	return nil
}

// maybeWeb reports whether the failure looks like a proxy that does not pass HTTP/2.
func maybeWeb(err error) bool {
	var server *ServerError
	if errors.As(err, &server) {
		return server.Code == codes.Unknown.String() || server.Code == codes.Internal.String() || server.Code == codes.Unimplemented.String()
	}
	return asType[*UnavailableError](err)
}

func asType[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}

// Close ends the connection.
func (c *Client) Close() error { return c.conn.Close() }

// Server says which server it is and how it is spoken to.
func (c *Client) Server() string { return c.opts.String() }

// FellBackToWeb reports whether gRPC-web is used because HTTP/2 did not get through.
func (c *Client) FellBackToWeb() bool { return c.fellBack }
