package argocd_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/modelops/modelops/argocd"
	"github.com/modelops/modelops/argocd/argotest"
)

// rawCodec passes messages on as they are.
type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error)      { return *v.(*[]byte), nil }
func (rawCodec) Unmarshal(data []byte, v any) error { *v.(*[]byte) = bytes.Clone(data); return nil }
func (rawCodec) Name() string                       { return "raw" }

// webProxy passes gRPC-web on to a gRPC server, as Argo CD's own server and proxies in front of it do.
func webProxy(t *testing.T, backend string) http.Handler {
	conn, err := grpc.NewClient(backend, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.ForceCodec(rawCodec{})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Content-Type") != "application/grpc-web+proto" {
			http.Error(w, "not gRPC-web", http.StatusUnsupportedMediaType)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || len(body) < 5 {
			http.Error(w, "no frame", http.StatusBadRequest)
			return
		}
		ctx := metadata.AppendToOutgoingContext(r.Context(), "token", r.Header.Get("token"))
		answer(ctx, w, conn, methodOf(r.URL.Path), body[5:])
	})
}

// methodOf gives the last two parts of a path, which may have a prefix.
func methodOf(path string) string {
	parts := strings.Split(path, "/")
	return "/" + strings.Join(parts[len(parts)-2:], "/")
}

func answer(ctx context.Context, w http.ResponseWriter, conn *grpc.ClientConn, method string, message []byte) {
	w.Header().Set("Content-Type", "application/grpc-web+proto")
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, method)
	if err == nil {
		err = stream.SendMsg(&message)
	}
	if err == nil {
		err = stream.CloseSend()
	}
	for err == nil {
		var part []byte
		if err = stream.RecvMsg(&part); err == nil {
			writeFrame(w, 0, part)
		}
	}
	s := status.Convert(err)
	if errors.Is(err, io.EOF) {
		s = nil
	}
	writeFrame(w, 0x80, fmt.Appendf(nil, "grpc-status: %d\r\ngrpc-message: %s\r\n", s.Code(), url.PathEscape(s.Message())))
}

func writeFrame(w io.Writer, flag byte, data []byte) {
	header := make([]byte, 5)
	header[0] = flag
	binary.BigEndian.PutUint32(header[1:], uint32(len(data)))
	_, _ = w.Write(append(header, data...)) // a client that is gone sees nothing
}

func dialWeb(t *testing.T, o argocd.Options) (*argocd.Client, error) {
	t.Helper()
	o.Now, o.UserAgent = time.Now, "test"
	client, err := argocd.Dial(t.Context(), o)
	if err == nil {
		t.Cleanup(func() { _ = client.Close() })
	}
	return client, err
}

func TestGRPCWeb(t *testing.T) {
	w := newSecureWorld(t, argotest.App{})
	w.start()
	front := httptest.NewServer(webProxy(t, w.server.Addr()))
	defer front.Close()
	address := strings.TrimPrefix(front.URL, "http://")
	for name, o := range map[string]argocd.Options{
		"asked for":        {Server: address, PlainText: true, AuthToken: "admin", GRPCWeb: true},
		"below a path":     {Server: address, PlainText: true, AuthToken: "admin", GRPCWebRootPath: "/argo/cd/"},
		"because it helps": {Server: address, PlainText: true, AuthToken: "admin"},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := dialWeb(t, o)
			if err != nil {
				t.Fatal(err)
			}
			if got := client.FellBackToWeb(); got != (name == "because it helps") {
				t.Errorf("fell back: %v", got)
			}
			web := *w
			web.client = client
			web.mustRun(web.push(argotest.Deployment{Image: image("b" + fmt.Sprint(len(name)))}))
			out, err := web.deploy(web.push(argotest.Deployment{Image: image("crash")}))
			var failed *argocd.FailedError
			if !errors.As(err, &failed) || len(out.Diagnosis.Logs) != 2 {
				t.Errorf("streamed logs: %v %+v", err, out.Diagnosis)
			}
			web.mustRun(web.push(argotest.Deployment{Image: image("a1")}))
		})
	}
	_, err := dialWeb(t, argocd.Options{Server: address, PlainText: true, AuthToken: "garbage", GRPCWeb: true})
	var auth *argocd.AuthError
	if !errors.As(err, &auth) {
		t.Errorf("garbage token: %v", err)
	}
}

func TestWebServersThatAreNoArgoCD(t *testing.T) {
	trailers := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/grpc-web+proto")
			writeFrame(w, 0x80, []byte(text))
		}
	}
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		text    string
	}{
		"page":      {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, "not a gRPC-web server"},
		"not found": {http.NotFound, "404"},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://sso.example.com", http.StatusFound)
		}, "302"},
		"forbidden":  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, "permission denied"},
		"no message": {trailers("grpc-status: 0\r\n"), "answer without a message"},
		"bad status": {trailers("grpc-status: x\r\ngrpc-message: a%20b\r\n"), "a b"},
		"no trailer": {trailers("\x00\xff"), "malformed trailers"},
		"lying length": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/grpc-web+proto")
			_, _ = w.Write([]byte{0, 0x0b, 0xff, 0xff, 0xff, 1, 2, 3})
		}, "not reachable"},
		"huge length": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/grpc-web+proto")
			_, _ = w.Write([]byte{0, 0xff, 0xff, 0xff, 0xff})
		}, "not reachable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(test.handler)
			defer server.Close()
			_, err := dialWeb(t, argocd.Options{Server: strings.TrimPrefix(server.URL, "http://"), PlainText: true, GRPCWeb: true})
			if err == nil || !strings.Contains(err.Error(), test.text) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TLS is checked against the authority that was given, and a server that does not name HTTP/2 in its handshake is
// spoken to nevertheless, as load balancers in front of Argo CD may be.
func TestTLS(t *testing.T) {
	w := newWorld(t, argotest.App{})
	front := httptest.NewUnstartedServer(webProxy(t, w.server.Addr()))
	front.Config.ErrorLog = log.New(io.Discard, "", 0) // a client that refuses the certificate is the point
	front.StartTLS()
	defer front.Close()
	address := strings.TrimPrefix(front.URL, "https://")
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw})
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, authority, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]argocd.Options{"data": {CAData: authority}, "file": {CAFile: file}, "insecure": {Insecure: true}} {
		o.Server, o.GRPCWeb = address, true
		if _, err := dialWeb(t, o); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := dialWeb(t, argocd.Options{Server: address, GRPCWeb: true, CallTimeout: time.Second}); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("unknown authority: %v", err)
	}
	for name, o := range map[string]argocd.Options{
		"no PEM": {CAData: []byte("x")}, "no file": {CAFile: file + "x"}, "no key": {ClientCert: authority}, "header": {Headers: []string{"secret"}},
	} {
		o.Server = address
		if _, err := dialWeb(t, o); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}

	tunnel := tlsTunnel(t, front.TLS.Certificates[0], w.server.Addr())
	client, err := dialWeb(t, argocd.Options{Server: tunnel, CAData: authority})
	if err != nil || client.FellBackToWeb() {
		t.Fatalf("gRPC over TLS that does not name HTTP/2: %v", err)
	}
	if _, err := client.Check(t.Context(), project); err != nil {
		t.Error(err)
	}
}

// tlsTunnel ends TLS, without naming a protocol, and passes bytes on.
func tlsTunnel(t *testing.T, certificate tls.Certificate, backend string) string {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			go pipe(in, backend)
		}
	}()
	return listener.Addr().String()
}

func pipe(in net.Conn, backend string) {
	defer func() { _ = in.Close() }()
	out, err := net.Dial("tcp", backend)
	if err != nil {
		return
	}
	defer func() { _ = out.Close() }()
	go func() { _, _ = io.Copy(out, in) }()
	_, _ = io.Copy(in, out)
}
