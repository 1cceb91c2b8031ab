package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"

	"github.com/modelops/modelops/gitops/giterr"
)

// Hash is the SHA-1 id of an object. Its zero value stands for "no such object".
type Hash = plumbing.Hash

const headsPrefix = "refs/heads/"

// Services of Git's protocol, and what we call ourselves in it.
const (
	UploadPack  = "git-upload-pack"
	ReceivePack = "git-receive-pack"
	Agent       = "git/modelops"
)

// Wire opens sessions of Git's protocol with a server; how bytes get there is all that its implementations differ in.
type Wire interface {
	// URL is what users are shown: no credentials.
	URL() string
	// Open begins a conversation with a service. Of UploadPack it asks for version 2, which not every server speaks.
	// Errors: *giterr.TransportError, *giterr.AuthError.
	Open(ctx context.Context, service string) (Session, error)
}

// Session is one conversation: the server's advertisement, then requests: any number in version 2, else at most one.
type Session interface {
	// Advert is what the server began with.
	Advert() *Advert
	// Exchange sends a request and returns the answer. An error that may hide a request which was carried out is a
	// *LostReply.
	Exchange(ctx context.Context, request []byte) (io.ReadCloser, error)
	// Close ends the conversation.
	Close() error
}

// Advert is what a server says of its refs and itself.
type Advert struct {
	version int               // 2, else 0, which stands for the older ones
	Refs    map[string]Hash   // by name; in version 2 they are asked for
	Caps    map[string]string // what the server can do, with values where it gives some
	head    string            // the branch that HEAD is on
}

const maxAdvert = 64 << 20 // bytes; 100,000 refs take 7 MB

// ReadAdvert parses a version 0 advertisement, behind the "# service" line that HTTP puts before it.
func ReadAdvert(r io.Reader) (*Advert, error) {
	a := &Advert{Refs: map[string]Hash{}, Caps: map[string]string{}}
	lines := pktline.NewScanner(io.LimitReader(r, maxAdvert))
	for first := true; lines.Scan(); {
		line := strings.TrimSuffix(string(lines.Bytes()), "\n")
		switch {
		case line == "" && first || strings.HasPrefix(line, "# service="):
			continue
		case line == "":
			return a, nil
		case line == "version 2" && first:
			a.version, first = 2, false
			continue
		case a.version == 2:
			key, value, _ := strings.Cut(line, "=")
			a.Caps[key] = value
			continue
		case strings.HasPrefix(line, "ERR "):
			return nil, errors.New(giterr.Sanitize(line[4:]))
		}
		ref, caps, ok := strings.Cut(line, "\x00")
		if ok && first {
			a.capabilities(caps)
		}
		first = false
		hex, name, ok := strings.Cut(ref, " ")
		if !ok || !plumbing.IsHash(hex) && hex != "shallow" {
			return nil, fmt.Errorf("its list of refs cannot be read: %q", giterr.Sanitize(ref))
		}
		if hex != "shallow" && name != "capabilities^{}" {
			a.Refs[name] = plumbing.NewHash(hex)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("its list of refs cannot be read: %w", err)
	}
	return nil, errors.New("its list of refs ends early")
}

func (a *Advert) capabilities(s string) {
	for _, c := range strings.Fields(s) {
		key, value, _ := strings.Cut(c, "=")
		if target, ok := strings.CutPrefix(value, "HEAD:"+headsPrefix); ok && key == "symref" {
			a.head = target
		}
		a.Caps[key] = value
	}
}

// LostReply means that the request may or may not have been carried out.
type LostReply struct{ Err error }

// Error is that of the cause.
func (e *LostReply) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *LostReply) Unwrap() error { return e.Err }
