package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/modelops/modelops/gitops/giterr"
	"github.com/modelops/modelops/gitops/internal/git"
)

// processWire speaks with a server program over its standard streams: on this machine, or behind ssh.
type processWire struct {
	git   git.Program
	shown string // the URL for people
	meter *Meter
	args  func(service string) []string
}

// NewLocal has the user's git serve a repository on this machine, so that its hooks and checks apply.
func NewLocal(dir, shown string, g git.Program, m *Meter) Wire {
	return &processWire{git: g, shown: shown, meter: m, args: func(service string) []string {
		return []string{g.Path, service[len("git-"):], dir}
	}}
}

func (p *processWire) URL() string { return giterr.Redact(p.shown) }

func (p *processWire) Open(ctx context.Context, service string) (Session, error) {
	args := p.args(service)
	alive, end := context.WithCancel(context.WithoutCancel(ctx))
	cmd := exec.CommandContext(alive, args[0], args[1:]...) //nolint:gosec // the user's own git or ssh
	cmd.Dir, cmd.Env = p.git.Dir, p.git.Environ()
	if service == UploadPack {
		cmd.Env = append(cmd.Env, "GIT_PROTOCOL=version=2")
	}
	s := &processSession{cmd: cmd, wire: p, end: end}
	cmd.Cancel, cmd.WaitDelay = s.abandon, git.WaitDelay
	cmd.Stderr = &s.said
	var err error
	if s.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if s.out, err = cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, &giterr.TransportError{Op: "reach", URL: p.URL(), Err: explainStart(err)}
	}
	defer s.bound(ctx)()
	if s.refs, err = ReadAdvert(p.meter.reader(s.out)); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, s.failed(err)
	}
	p.meter.count()
	return s, nil
}

type processSession struct {
	wire *processWire
	cmd  *exec.Cmd
	end  context.CancelFunc // ends the program
	in   io.WriteCloser
	out  io.ReadCloser
	said lockedBuffer
	refs *Advert
	sent bool
}

func (s *processSession) Advert() *Advert { return s.refs }

// bound ends the program when a context ends. The program outlives the context that it was started in, since more than
// one command is sent to it.
func (s *processSession) bound(ctx context.Context) (release func() bool) {
	return context.AfterFunc(ctx, s.end)
}

// abandon lets go of the program also where it has started others, which hold on to its streams.
func (s *processSession) abandon() error {
	return errors.Join(s.cmd.Process.Kill(), s.out.Close())
}

// failed ends the program and explains with its own words. A program that refuses ends by itself, and may need a moment
// until all its words are here.
func (s *processSession) failed(cause error) error {
	s.in.Close() //nolint:errcheck // over anyway
	late := time.AfterFunc(git.WaitDelay, s.end)
	s.cmd.Wait() //nolint:errcheck // the exit code is looked at below
	late.Stop()
	s.end()
	text := s.said.String() // what ssh or git printed
	if err := sshRefusal(s.wire.shown, text); err != nil {
		return err
	}
	if text != "" {
		cause = errors.New(text)
	}
	code := s.cmd.ProcessState.ExitCode() // negative where it was ended
	return &giterr.TransportError{Op: "reach", URL: s.wire.URL(), Err: cause, Refused: text != "" && code > 0 && code != sshFailed}
}

// sshFailed is ssh's exit code where it found no way to the server (ssh(1)); any other is that of the program there.
const sshFailed = 255

func (s *processSession) Exchange(ctx context.Context, request []byte) (io.ReadCloser, error) {
	release := s.bound(ctx)
	s.wire.meter.count()
	s.wire.meter.Sent.Add(int64(len(request)))
	_, err := s.in.Write(request)
	if s.refs.version != 2 {
		s.sent = true
		err = errors.Join(err, s.in.Close())
	}
	if err != nil {
		release()
		return nil, &LostReply{Err: s.failed(err)}
	}
	return &processAnswer{Reader: s.wire.meter.reader(s.out), release: release}, nil
}

// processAnswer is read up to its end, and the program stays.
type processAnswer struct {
	io.Reader
	release func() bool
}

func (a *processAnswer) Close() error {
	a.release()
	return nil
}

// Close says goodbye where nothing was asked for, and waits for the program.
func (s *processSession) Close() error {
	defer s.end()
	if !s.sent {
		io.WriteString(s.in, "0000") //nolint:errcheck // it may have gone already
		s.in.Close()                 //nolint:errcheck // over anyway
	}
	io.Copy(io.Discard, s.out) //nolint:errcheck // so that it can end
	s.cmd.Wait()               //nolint:errcheck // a hook's exit code is in the report
	return nil
}

// lockedBuffer keeps the first 64 KiB of what a program prints.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if room := maxServerText - b.buf.Len(); room > 0 {
		b.buf.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var text strings.Builder
	for line := range strings.Lines(b.buf.String()) {
		if line = tellingLine(line); line != "" {
			text.WriteString(line + "\n")
		}
	}
	return strings.TrimSpace(text.String())
}
