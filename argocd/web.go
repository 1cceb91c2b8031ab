package argocd

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// webTransport speaks gRPC-web: each call is one POST whose body is one frame, answered by frames of which the last
// holds the trailers. Argo CD serves it beside gRPC for proxies that pass only HTTP/1.1.
type webTransport struct {
	base    string
	headers http.Header
	client  *http.Client
}

const (
	frameHeader  = 5
	trailerFlag  = 0x80
	webMediaType = "application/grpc-web+proto"
)

func newWebTransport(o Options, tlsConfig *tls.Config, headers http.Header) *webTransport {
	scheme := "https"
	if o.PlainText {
		scheme = "http"
	}
	base := scheme + "://" + o.Server
	if root := strings.Trim(o.GRPCWebRootPath, "/"); root != "" {
		base += "/" + root
	}
	headers = headers.Clone()
	headers.Set("Content-Type", webMediaType)
	if o.UserAgent != "" {
		headers.Set("User-Agent", o.UserAgent)
	}
	return &webTransport{
		base:    base,
		headers: headers,
		client: &http.Client{
			Transport: &http.Transport{TLSClientConfig: tlsConfig, Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 2},
			// A redirect goes to a sign-in page; following it would send the token elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Close drops idle connections.
func (t *webTransport) Close() error {
	t.client.CloseIdleConnections()
	return nil
}

// Invoke makes one call with one answer.
func (t *webTransport) Invoke(ctx context.Context, method string, args, reply any, _ ...grpc.CallOption) error {
	stream, err := t.NewStream(ctx, nil, method)
	if err != nil {
		return err
	}
	if err := stream.SendMsg(args); err != nil {
		return err
	}
	if err := stream.RecvMsg(reply); err != nil {
		if errors.Is(err, io.EOF) {
			return status.Error(codes.Internal, "answer without a message")
		}
		return err
	}
	// The status comes after the message.
	if err := stream.RecvMsg(nil); !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// NewStream begins a call of which SendMsg sends the only request.
func (t *webTransport) NewStream(ctx context.Context, _ *grpc.StreamDesc, method string, _ ...grpc.CallOption) (grpc.ClientStream, error) {
	ctx, cancel := context.WithCancel(ctx)
	return &webStream{ctx: ctx, cancel: cancel, transport: t, method: method}, nil
}

type webStream struct {
	ctx       context.Context
	cancel    context.CancelFunc
	transport *webTransport
	method    string
	body      io.ReadCloser
}

func (s *webStream) Header() (metadata.MD, error) { return nil, nil }
func (s *webStream) Trailer() metadata.MD         { return nil }
func (s *webStream) CloseSend() error             { return nil }
func (s *webStream) Context() context.Context     { return s.ctx }

func (s *webStream) SendMsg(m any) error {
	data, err := encoding.GetCodecV2("proto").Marshal(m)
	if err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	payload := data.Materialize()
	frame := make([]byte, frameHeader, frameHeader+len(payload))
	binary.BigEndian.PutUint32(frame[1:], uint32(len(payload)))
	req, err := http.NewRequestWithContext(s.ctx, http.MethodPost, s.transport.base+s.method, bytes.NewReader(append(frame, payload...)))
	if err != nil {
		return status.Error(codes.InvalidArgument, err.Error())
	}
	req.Header = s.transport.headers.Clone()
	resp, err := s.transport.client.Do(req)
	if err != nil {
		err = webError(s.ctx, err)
		s.cancel()
		return err
	}
	if err := checkWebResponse(resp); err != nil {
		_ = resp.Body.Close()
		s.cancel()
		return err
	}
	s.body = resp.Body
	return nil
}

// RecvMsg gives the next message, or io.EOF after a good end. With a nil m it expects the end.
func (s *webStream) RecvMsg(m any) error {
	flag, data, err := s.readFrame()
	if err == nil && flag&trailerFlag == 0 && m != nil {
		if err := encoding.GetCodecV2("proto").Unmarshal(mem.BufferSlice{mem.SliceBuffer(data)}, m); err != nil {
			return status.Error(codes.Internal, err.Error())
		}
		return nil
	}
	defer s.cancel()
	defer func() { _ = s.body.Close() }()
	switch {
	case errors.Is(err, io.EOF) && m == nil:
		return io.EOF // some proxies drop the trailers of an answer that is otherwise complete
	case err != nil:
		return webError(s.ctx, err)
	case flag&trailerFlag != 0:
		return trailerStatus(data)
	}
	return status.Error(codes.Internal, "more than one message where one was expected")
}

func (s *webStream) readFrame() (byte, []byte, error) {
	var header [frameHeader]byte
	if _, err := io.ReadFull(s.body, header[:]); err != nil {
		return 0, nil, err
	}
	size := binary.BigEndian.Uint32(header[1:])
	if size > maxMessage {
		return 0, nil, fmt.Errorf("message of %d bytes", size)
	}
	// Growing while reading keeps a lying length from taking memory that no bytes back.
	var data bytes.Buffer
	if n, err := io.CopyN(&data, s.body, int64(size)); err != nil {
		return 0, nil, fmt.Errorf("answer ends after %d of %d bytes: %w", n, size, io.ErrUnexpectedEOF)
	}
	return header[0], data.Bytes(), nil
}

// checkWebResponse turns what proxies and sign-in pages answer into codes that callers know.
func checkWebResponse(resp *http.Response) error {
	if text := resp.Header.Get("Grpc-Status"); text != "" && text != "0" {
		return grpcStatus(text, resp.Header.Get("Grpc-Message"))
	}
	switch code := resp.StatusCode; {
	case code == http.StatusOK:
	case code == http.StatusUnauthorized:
		return status.Error(codes.Unauthenticated, resp.Status)
	case code == http.StatusForbidden:
		return status.Error(codes.PermissionDenied, resp.Status)
	case code == http.StatusTooManyRequests, code >= 500:
		return status.Error(codes.Unavailable, resp.Status)
	default:
		return status.Error(codes.Unimplemented, "not a gRPC-web server: "+resp.Status)
	}
	if kind := resp.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/grpc-web") {
		return status.Errorf(codes.Unimplemented, "not a gRPC-web server: it answers with %q", kind)
	}
	return nil
}

func trailerStatus(data []byte) error {
	header, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(append(data, "\r\n"...)))).ReadMIMEHeader()
	if err != nil {
		return status.Error(codes.Internal, "malformed trailers")
	}
	code := header.Get("Grpc-Status")
	if code == "" || code == "0" {
		return io.EOF
	}
	return grpcStatus(code, header.Get("Grpc-Message"))
}

func grpcStatus(code, message string) error {
	n, err := strconv.ParseUint(code, 10, 32)
	if err != nil {
		n = uint64(codes.Unknown)
	}
	if plain, err := url.PathUnescape(message); err == nil {
		message = plain
	}
	return status.Error(codes.Code(n), message)
}

func webError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return status.FromContextError(ctx.Err()).Err()
	}
	if _, ok := status.FromError(err); ok {
		return err
	}
	return status.Error(codes.Unavailable, err.Error())
}
