package argocd

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

// maxMessage bounds one answer. Argo CD's own client takes as much: a list of many Applications is large.
const maxMessage = 200 << 20

// transport carries calls, as gRPC or as gRPC-web.
type transport interface {
	grpc.ClientConnInterface
	Close() error
}

// open makes a transport without talking to the server yet. Argo CD's own client constructor is not used: it connects
// at once without a context, and may end the process on a failure.
func open(o Options) (transport, error) {
	tlsConfig, err := tlsConfigFor(o)
	if err != nil {
		return nil, err
	}
	headers, err := parseHeaders(o.Headers)
	if err != nil {
		return nil, err
	}
	if o.AuthToken != "" {
		headers.Set("token", strings.TrimSpace(o.AuthToken))
	}
	if o.web() {
		return newWebTransport(o, tlsConfig, headers), nil
	}
	return openGRPC(o, tlsConfig, headers)
}

func openGRPC(o Options, tlsConfig *tls.Config, headers http.Header) (transport, error) {
	creds := insecure.NewCredentials()
	if !o.PlainText {
		creds = anyProtocolTLS{TransportCredentials: credentials.NewTLS(tlsConfig), config: tlsConfig}
	}
	conn, err := grpc.NewClient(withPort(o.Server, o.PlainText),
		grpc.WithTransportCredentials(creds),
		grpc.WithPerRPCCredentials(headerCredentials{headers}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)),
		grpc.WithUserAgent(o.UserAgent),
		// A dead connection is noticed while waiting; the server refuses pings more often than every ten seconds.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 25 * time.Second, Timeout: 10 * time.Second}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 200 * time.Millisecond, Multiplier: 1.6, Jitter: 0.3, MaxDelay: 3 * time.Second},
			MinConnectTimeout: 5 * time.Second,
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("argo cd server %s: %w", o.Server, err)
	}
	return conn, nil
}

// withPort adds the port that is usual where none is given.
func withPort(server string, plain bool) string {
	if _, _, err := net.SplitHostPort(server); err == nil {
		return server
	}
	port := "443"
	if plain {
		port = "80"
	}
	return net.JoinHostPort(strings.Trim(server, "[]"), port)
}

func tlsConfigFor(o Options) (*tls.Config, error) {
	// InsecureSkipVerify is the user's explicit choice, as with the argocd command line.
	config := &tls.Config{InsecureSkipVerify: o.Insecure, MinVersion: tls.VersionTLS12}
	pem := o.CAData
	if o.CAFile != "" {
		data, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("argo cd server certificate: %w", err)
		}
		pem = append(append(pem[:len(pem):len(pem)], '\n'), data...)
	}
	if len(pem) > 0 {
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("argo cd server certificate %s: holds no PEM certificate", o.CAFile)
		}
		config.RootCAs = pool
	}
	if len(o.ClientCert) > 0 || len(o.ClientKey) > 0 {
		pair, err := tls.X509KeyPair(o.ClientCert, o.ClientKey)
		if err != nil {
			return nil, fmt.Errorf("argo cd client certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

func parseHeaders(list []string) (http.Header, error) {
	headers := http.Header{}
	for _, line := range list {
		name, value, ok := strings.Cut(line, ":")
		if !ok || strings.TrimSpace(name) == "" {
			// The value may be a secret, so the line is not shown.
			return nil, fmt.Errorf("argo cd header: want \"Name: value\"")
		}
		headers.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	return headers, nil
}

// headerCredentials adds the token and the user's headers to every call.
type headerCredentials struct{ headers http.Header }

func (h headerCredentials) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	md := make(map[string]string, len(h.headers))
	for name, values := range h.headers {
		md[strings.ToLower(name)] = strings.Join(values, ",")
	}
	return md, nil
}

// RequireTransportSecurity is false: plaintext is the user's explicit choice.
func (headerCredentials) RequireTransportSecurity() bool { return false }

// anyProtocolTLS is TLS that does not insist on the server naming HTTP/2 in its handshake. gRPC does since 1.67, which
// breaks with load balancers in front of Argo CD that pass HTTP/2 without saying so.
type anyProtocolTLS struct {
	credentials.TransportCredentials
	config *tls.Config
}

func (c anyProtocolTLS) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	config := c.config.Clone()
	config.NextProtos = []string{"h2"}
	if config.ServerName == "" {
		host, _, err := net.SplitHostPort(authority)
		if err != nil {
			host = authority
		}
		config.ServerName = host
	}
	conn := tls.Client(raw, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, nil, err
	}
	return conn, credentials.TLSInfo{
		State:          conn.ConnectionState(),
		CommonAuthInfo: credentials.CommonAuthInfo{SecurityLevel: credentials.PrivacyAndIntegrity},
	}, nil
}

// Clone keeps the wrapper when gRPC copies credentials for a new connection.
func (c anyProtocolTLS) Clone() credentials.TransportCredentials {
	return anyProtocolTLS{TransportCredentials: c.TransportCredentials.Clone(), config: c.config.Clone()}
}
