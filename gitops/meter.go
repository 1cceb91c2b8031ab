package gitops

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync/atomic"
)

// Traffic is what a repository exchanged with its remote so far.
type Traffic struct {
	// Requests counts HTTP requests, or messages to a server program, its greeting included.
	Requests int
	// Sent and Received are bytes, of HTTP with its headers and of TLS with its own.
	Sent, Received int64
	// Refs is the part of Received that is the server's own list of refs, which a push begins with.
	Refs int64
}

// meter counts traffic.
type meter struct {
	requests             atomic.Int32
	sent, received, refs atomic.Int64
}

func (m *meter) traffic() Traffic {
	return Traffic{Requests: int(m.requests.Load()), Sent: m.sent.Load(), Received: m.received.Load(), Refs: m.refs.Load()}
}

func (m *meter) request() { m.requests.Add(1) }

// reader counts what comes out of a program.
func (m *meter) reader(r io.Reader) io.Reader { return &countingReader{r, &m.received} }

type countingReader struct {
	io.Reader
	n *atomic.Int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// client returns the client with its connections and requests counted. Only a plain transport can be looked into.
func (m *meter) client(c *http.Client) *http.Client {
	plain, ok := c.Transport.(*http.Transport)
	if c.Transport == nil {
		plain, ok = http.DefaultTransport.(*http.Transport)
	}
	if !ok {
		return c
	}
	t := plain.Clone()
	dial := t.DialContext
	if dial == nil {
		dial = (&net.Dialer{Timeout: dialLimit}).DialContext
	}
	t.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &countingConn{conn, m}, nil
	}
	own := *c
	own.Transport = countingTrip{t, m}
	return &own
}

type countingTrip struct {
	http.RoundTripper
	m *meter
}

func (c countingTrip) RoundTrip(req *http.Request) (*http.Response, error) {
	c.m.request()
	return c.RoundTripper.RoundTrip(req)
}

type countingConn struct {
	net.Conn
	m *meter
}

func (c *countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.m.received.Add(int64(n))
	return n, err
}

func (c *countingConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.m.sent.Add(int64(n))
	return n, err
}
