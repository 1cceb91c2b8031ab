package transport

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"

	"github.com/modelops/modelops/gitops/giterr"
)

// Report is a server's answer to a push.
type Report struct {
	Unpack string            // "ok" or what went wrong
	Refs   map[string]string // by ref: "" for ok, else the reason
	Text   string            // what the server and its hooks printed, escaped, redacted
}

const (
	maxServerText = 64 << 10
	maxReport     = 1 << 20
)

// ReadReport reads the report-status of a push, taken out of the side band where there is one. An error means that the
// answer broke off: the report then holds what came before.
func ReadReport(r io.Reader, banded bool, progress io.Writer) (Report, error) {
	rep := Report{Refs: map[string]string{}}
	if !banded {
		return rep, rep.lines(r)
	}
	text := &serverText{live: progress}
	status, err := demux(r, text)
	rep.Text = text.String()
	if err != nil && status.Len() == 0 {
		return rep, err
	}
	return rep, errors.Join(rep.lines(status), err)
}

// demux splits the side band: channel 1 is the report, 2 is text for people, 3 ends it with an error.
func demux(r io.Reader, text *serverText) (*bytes.Buffer, error) {
	var status bytes.Buffer
	packets := pktline.NewScanner(r)
	for packets.Scan() {
		p := packets.Bytes()
		switch {
		case len(p) == 0:
			return &status, nil
		case p[0] == 1 && status.Len()+len(p) <= maxReport:
			status.Write(p[1:])
		case p[0] == 2:
			text.add(p[1:])
		case p[0] == 3:
			text.add(p[1:])
			return &status, fmt.Errorf("the server gave up: %s", strings.TrimSpace(giterr.Sanitize(giterr.RedactText(string(p[1:])))))
		default:
			return &status, errors.New("the server's answer cannot be read")
		}
	}
	if err := packets.Err(); err != nil {
		return &status, err
	}
	return &status, io.ErrUnexpectedEOF
}

// lines parses "unpack ok", "ok REF", "ng REF REASON".
func (rep *Report) lines(r io.Reader) error {
	packets := pktline.NewScanner(io.LimitReader(r, maxReport))
	for packets.Scan() {
		line := strings.TrimSuffix(string(packets.Bytes()), "\n")
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case line == "":
			return nil
		case word == "unpack":
			rep.Unpack = rest
		case word == "ok":
			rep.Refs[rest] = ""
		case word == "ng":
			name, reason, _ := strings.Cut(rest, " ")
			rep.Refs[name] = cmp.Or(giterr.Sanitize(giterr.RedactText(reason)), "no reason given")
		case word == "option":
		default:
			return fmt.Errorf("the server's report cannot be read: %q", giterr.Sanitize(line))
		}
	}
	if err := packets.Err(); err != nil {
		return err
	}
	return io.ErrUnexpectedEOF
}

// serverText collects what a server prints, up to a limit, and passes whole lines on as they come.
type serverText struct {
	live    io.Writer
	pending []byte
	all     strings.Builder
}

func (t *serverText) add(p []byte) {
	t.pending = append(t.pending, p...)
	for {
		i := bytes.IndexAny(t.pending, "\n\r")
		if i < 0 && len(t.pending) < maxServerText {
			return
		}
		if i < 0 {
			i = len(t.pending) - 1
		}
		t.line(string(t.pending[:i]))
		t.pending = t.pending[i+1:]
	}
}

func (t *serverText) line(s string) {
	s = tellingLine(s)
	if s == "" || t.all.Len()+len(s) > maxServerText {
		return
	}
	t.all.WriteString(s + "\n")
	if t.live != nil {
		fmt.Fprintf(t.live, "remote: %s\n", s) //nolint:errcheck // progress only
	}
}

// tellingLine is a line of a server's text for people to read, "" where it says nothing: Gitea puts its words between
// two lines that hold "error:" alone.
func tellingLine(s string) string {
	s = strings.TrimRight(giterr.Sanitize(giterr.RedactText(s)), " \t\r\n")
	if s == "error:" {
		return ""
	}
	return s
}

func (t *serverText) String() string {
	if len(t.pending) > 0 {
		t.line(string(t.pending))
		t.pending = nil
	}
	return t.all.String()
}
