package transport

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/modelops/modelops/gitops/giterr"
)

// Kinds of packets (gitprotocol-common(5), gitprotocol-v2(5)). go-git reads the first two only.
type pktKind int

const (
	pktData  pktKind = iota
	pktFlush         // 0000 ends a message
	pktDelim         // 0001 parts the sections of a message
	pktEnd           // 0002 ends an answer over stateless connections
)

const maxPkt = 65520 // bytes, its length of four digits included

var errPkt = errors.New("it is not in Git's packet format")

// pktReader splits a stream into packets.
type pktReader struct {
	r   io.Reader
	buf [maxPkt]byte
}

func newPktReader(r io.Reader) *pktReader { return &pktReader{r: r} }

// next returns the next packet. Its data is valid until the next call. The stream's end between two packets is io.EOF.
func (p *pktReader) next() (pktKind, []byte, error) {
	if _, err := io.ReadFull(p.r, p.buf[:4]); err != nil {
		return 0, nil, err
	}
	n, err := strconv.ParseUint(string(p.buf[:4]), 16, 16)
	switch {
	case err != nil || n == 3 || n > maxPkt:
		return 0, nil, fmt.Errorf("%w: %q", errPkt, giterr.Sanitize(string(p.buf[:4])))
	case n < 3:
		return [...]pktKind{pktFlush, pktDelim, pktEnd}[n], nil, nil
	}
	if _, err := io.ReadFull(p.r, p.buf[:n-4]); err != nil {
		return 0, nil, noEOF(err)
	}
	return pktData, p.buf[:n-4], nil
}

// line returns the next packet as text without its line end. A server's own error ends the conversation.
func (p *pktReader) line() (pktKind, string, error) {
	kind, data, err := p.next()
	if err != nil {
		return 0, "", noEOF(err)
	}
	if msg, ok := bytes.CutPrefix(data, []byte("ERR ")); ok {
		return 0, "", &ServerError{giterr.Sanitize(giterr.RedactText(string(bytes.TrimSpace(msg))))}
	}
	return kind, string(bytes.TrimSuffix(data, []byte("\n"))), nil
}

// ServerError is a server's own word that it does not do what was asked.
type ServerError struct{ Text string }

// Error says that the words are the server's.
func (e *ServerError) Error() string { return "the server refused: " + e.Text }

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// pktWriter builds a message of packets.
type pktWriter struct{ bytes.Buffer }

func (w *pktWriter) linef(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	fmt.Fprintf(w, "%04x%s\n", len(s)+5, s)
}

func (w *pktWriter) flush() { w.WriteString("0000") }
func (w *pktWriter) delim() { w.WriteString("0001") }
