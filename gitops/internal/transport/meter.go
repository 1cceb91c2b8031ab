package transport

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync/atomic"
)

// Meter counts traffic.
type Meter struct {
	Requests atomic.Int32
	// Sent and Received are bytes; Refs is the part of Received that is a server's list of refs at a push.
	Sent, Received, Refs atomic.Int64
}

func (m *Meter) count() { m.Requests.Add(1) }

// reader counts what comes out of a program.
func (m *Meter) reader(r io.Reader) io.Reader { return &countingReader{r, &m.Received} }

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
func (m *Meter) client(c *http.Client) *http.Client {
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
	m *Meter
}

func (c countingTrip) RoundTrip(req *http.Request) (*http.Response, error) {
	c.m.count()
	return c.RoundTripper.RoundTrip(req)
}

type countingConn struct {
	net.Conn
	m *Meter
}

func (c *countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.m.Received.Add(int64(n))
	return n, err
}

func (c *countingConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.m.Sent.Add(int64(n))
	return n, err
}
