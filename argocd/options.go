package argocd

import (
	"fmt"
	"time"
)

// Options say how to reach an Argo CD API server. [Resolve] fills them the way the argocd command line does.
type Options struct {
	// Server is host or host:port, without a scheme; the port is 443 where it is left out.
	Server string
	// AuthToken is the bearer token. It is never part of a message.
	AuthToken string
	// ConfigPath is the argocd configuration file that Resolve reads; empty means the usual place.
	ConfigPath string
	// Context names an entry of the configuration file; empty means its current one.
	Context string
	// PlainText speaks without TLS.
	PlainText bool
	// Insecure accepts any server certificate.
	Insecure bool
	// GRPCWeb speaks gRPC over HTTP/1.1, for proxies that do not pass HTTP/2.
	GRPCWeb bool
	// GRPCWebRootPath is the path under which such a proxy serves Argo CD; it implies GRPCWeb.
	GRPCWebRootPath string
	// CAFile is a PEM file of certificates to trust beside the system's; CAData is the same in memory.
	CAFile string
	CAData []byte
	// ClientCert and ClientKey are the PEM of a client certificate, both or none.
	ClientCert, ClientKey []byte
	// Headers are sent with every call, each as "Name: value".
	Headers []string
	// UserAgent names the program to the server.
	UserAgent string
	// Now is the clock, for durations and time limits only: moments of the server are never compared with it.
	Now func() time.Time
	// CallTimeout bounds one answer of the server; zero means 20 seconds. A refresh may take three times as long.
	CallTimeout time.Duration
}

// String names the server and how it is spoken to, never the token.
func (o Options) String() string {
	how := "grpc"
	if o.web() {
		how = "grpc-web"
	}
	if o.PlainText {
		how += ", plaintext"
	}
	return fmt.Sprintf("%s (%s)", o.Server, how)
}

// GoString keeps the token out of %#v as well.
func (o Options) GoString() string { return "argocd.Options{" + o.String() + "}" }

func (o Options) web() bool { return o.GRPCWeb || o.GRPCWebRootPath != "" }
