package gittest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/kballard/go-shellquote"
	"golang.org/x/crypto/ssh"
)

// SSHOptions says how an ssh server behaves.
type SSHOptions struct {
	Root string // folder of bare repositories
	Home string // git's home
	// Allow is the only key that may sign in; nil lets nobody in.
	Allow ssh.PublicKey
	// Key is the server's own; nil makes one.
	Key ssh.Signer
}

// SSHServer serves bare repositories over ssh on the loopback interface: real git programs behind a server in Go.
type SSHServer struct {
	Host, Port string
	opts       SSHOptions
	git        string
	config     *ssh.ServerConfig
	listener   net.Listener
	mu         sync.Mutex
	conns      []net.Conn
	seen       []string
}

// NewSSHKey makes a key and writes it to a file as ssh-keygen would.
func NewSSHKey(file string) (ssh.Signer, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		return nil, err
	}
	signer, err := ssh.NewSignerFromKey(private)
	return signer, errors.Join(err, os.WriteFile(file, pem.EncodeToMemory(block), 0o600))
}

// ServeSSH starts a server.
func ServeSSH(o SSHOptions) (*SSHServer, error) {
	git, err := Find()
	if err != nil {
		return nil, err
	}
	if o.Key == nil {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		if o.Key, err = ssh.NewSignerFromKey(private); err != nil {
			return nil, err
		}
	}
	s := &SSHServer{opts: o, git: git}
	s.config = &ssh.ServerConfig{PublicKeyCallback: s.check}
	s.config.AddHostKey(o.Key)
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	s.Host, s.Port, _ = net.SplitHostPort(s.listener.Addr().String())
	go s.accept()
	return s, nil
}

func (s *SSHServer) check(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
	if s.opts.Allow == nil || !bytes.Equal(key.Marshal(), s.opts.Allow.Marshal()) {
		return nil, errors.New("this key may not sign in")
	}
	return nil, nil
}

// KnownHosts is the line of a known_hosts file for this server with a key, its own when key is nil.
func (s *SSHServer) KnownHosts(key ssh.PublicKey) string {
	if key == nil {
		key = s.opts.Key.PublicKey()
	}
	return fmt.Sprintf("[%s]:%s %s", s.Host, s.Port, ssh.MarshalAuthorizedKey(key))
}

// Commands lists what was run so far: the value of GIT_PROTOCOL, a space, and the command as it came.
func (s *SSHServer) Commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.seen...)
}

// Close stops the server and breaks its connections.
func (s *SSHServer) Close() error {
	err := s.listener.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.Close() //nolint:errcheck // over anyway
	}
	return err
}

func (s *SSHServer) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns = append(s.conns, conn)
		s.mu.Unlock()
		go s.talk(conn)
	}
}

func (s *SSHServer) talk(conn net.Conn) {
	defer conn.Close() //nolint:errcheck // over anyway
	_, channels, requests, err := ssh.NewServerConn(conn, s.config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for next := range channels {
		if next.ChannelType() != "session" {
			next.Reject(ssh.UnknownChannelType, "only sessions") //nolint:errcheck // the client may be gone
			continue
		}
		channel, requests, err := next.Accept()
		if err != nil {
			return
		}
		go s.session(channel, requests)
	}
}

// session takes variables, then one command.
func (s *SSHServer) session(channel ssh.Channel, requests <-chan *ssh.Request) {
	defer channel.Close() //nolint:errcheck // over anyway
	protocol := ""
	for req := range requests {
		var env struct{ Name, Value string }
		var command struct{ Line string }
		switch {
		case req.Type == "env" && ssh.Unmarshal(req.Payload, &env) == nil && env.Name == "GIT_PROTOCOL":
			protocol = env.Value
			req.Reply(true, nil) //nolint:errcheck // the client may be gone
		case req.Type == "exec" && ssh.Unmarshal(req.Payload, &command) == nil:
			req.Reply(true, nil) //nolint:errcheck // the client may be gone
			code := s.run(channel, command.Line, protocol)
			channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Code uint32 }{code})) //nolint:errcheck // the client may be gone
			return
		default:
			req.Reply(false, nil) //nolint:errcheck // the client may be gone
		}
	}
}

// run executes "git-upload-pack '/deploy.git'" in the folder of repositories.
func (s *SSHServer) run(channel ssh.Channel, line, protocol string) uint32 {
	s.mu.Lock()
	s.seen = append(s.seen, protocol+" "+line)
	s.mu.Unlock()
	words, err := shellquote.Split(line)
	if err != nil || len(words) != 2 || !strings.HasPrefix(words[0], "git-") {
		fmt.Fprintf(channel.Stderr(), "cannot run %s\n", line) //nolint:errcheck // the client may be gone
		return 127
	}
	cmd := exec.Command(s.git, strings.TrimPrefix(words[0], "git-"), filepath.Join(s.opts.Root, filepath.FromSlash(words[1]))) //nolint:gosec // tests run git
	cmd.Env = append(Environ(s.opts.Home), "GIT_PROTOCOL="+protocol)
	cmd.Stdout, cmd.Stderr = channel, channel.Stderr()
	in, err := cmd.StdinPipe()
	if err != nil {
		return 1
	}
	if err := cmd.Start(); err != nil {
		return 1
	}
	go func() {
		io.Copy(in, channel) //nolint:errcheck // git says what it misses
		in.Close()           //nolint:errcheck // over anyway
	}()
	if err := cmd.Wait(); err != nil {
		return uint32(max(cmd.ProcessState.ExitCode(), 1)) //nolint:gosec // an exit code
	}
	return 0
}
