// Package registry finds the digest that an image's tag stands for now. It speaks to registries with the credentials of
// the user's own Docker configuration, and with plain HTTP only on the loopback.
package registry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// Options say how to reach registries; the zero value is right outside of tests.
type Options struct {
	// Keychain finds credentials; nil takes those of the user's Docker configuration.
	Keychain authn.Keychain
	// Transport carries the requests; nil takes one with time limits for connecting and answering.
	Transport http.RoundTripper
	// Timeout bounds one look-up; zero means 30 seconds.
	Timeout time.Duration
}

// Image is a resolved reference.
type Image struct {
	// Name is the repository with its registry, Digest what was found (of an index, where there is one: it stays valid
	// for every platform), Tag what was asked for; empty where the reference was by digest alone.
	Name, Digest, Tag string
}

// Resolve finds the digest of a reference. One that carries a digest is taken at its word, without any network. Errors:
// *ReferenceError, *NotFoundError, *AuthError, *UnreachableError.
func Resolve(ctx context.Context, ref string, o Options) (Image, error) {
	if repo, digest, ok := strings.Cut(ref, "@"); ok {
		return byDigest(ref, repo, digest)
	}
	tag, err := parse(ref)
	if err != nil {
		return Image{}, err
	}
	timeout := o.Timeout
	if timeout == 0 {
		timeout = 30 * time.Second
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, errTimeout)
	defer cancel()
	// HEAD is not counted by registries that limit pulls; some answer it without a digest, or not at all.
	desc, err := remote.Head(tag, o.remote(ctx)...)
	if err != nil && !final(err) && ctx.Err() == nil {
		var full *remote.Descriptor
		if full, err = remote.Get(tag, o.remote(ctx)...); err == nil {
			desc = &full.Descriptor
		}
	}
	if err != nil {
		return Image{}, classify(ctx, tag, err)
	}
	return Image{Name: repository(ref), Digest: desc.Digest.String(), Tag: tag.TagStr()}, nil
}

var errTimeout = errors.New("no answer in time")

func byDigest(ref, repo, digest string) (Image, error) {
	image := Image{Name: repo, Digest: digest}
	if last := repo[strings.LastIndex(repo, "/")+1:]; strings.Contains(last, ":") {
		image.Name, image.Tag = repo[:strings.LastIndex(repo, ":")], last[strings.Index(last, ":")+1:]
	}
	if _, err := name.NewDigest(image.Name+"@"+digest, name.WeakValidation); err != nil {
		return Image{}, &ReferenceError{ref, "it is not REGISTRY/REPOSITORY@sha256:DIGEST"}
	}
	return image, nil
}

// parse takes REGISTRY/REPOSITORY:TAG. A tag is demanded: what "latest" means changes without anybody saying so.
func parse(ref string) (name.Tag, error) {
	last := ref[strings.LastIndex(ref, "/")+1:]
	if !strings.Contains(last, ":") {
		return name.Tag{}, &ReferenceError{ref, "it has neither a tag nor a digest"}
	}
	opts := []name.Option{name.WeakValidation}
	host, _, _ := strings.Cut(ref, "/")
	if loopback(host) {
		opts = append(opts, name.Insecure)
	}
	tag, err := name.NewTag(ref, opts...)
	if err != nil {
		return name.Tag{}, &ReferenceError{ref, "it is not REGISTRY/REPOSITORY:TAG"}
	}
	return tag, nil
}

// repository is the reference without its tag, as the user wrote it.
func repository(ref string) string { return ref[:strings.LastIndex(ref, ":")] }

// loopback says whether a registry's host is this machine by its address or name.
func loopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (o Options) remote(ctx context.Context) []remote.Option {
	keys, rt := o.Keychain, o.Transport
	if keys == nil {
		keys = authn.DefaultKeychain
	}
	if rt == nil {
		rt = remote.DefaultTransport
	}
	return []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(keys), remote.WithTransport(secureOnly{rt}), remote.WithUserAgent("modelops"),
		remote.WithRetryBackoff(remote.Backoff{Duration: 200 * time.Millisecond, Factor: 3, Jitter: 0.1, Steps: 2})}
}

// secureOnly refuses plain HTTP to other machines. The library allows it for private addresses and follows redirects,
// and a tag that came over it could be anybody's.
type secureOnly struct{ next http.RoundTripper }

func (s secureOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && !loopback(r.URL.Host) {
		return nil, fmt.Errorf("plain HTTP to %s is refused", r.URL.Host)
	}
	return s.next.RoundTrip(r)
}

// final says whether a second request cannot change the answer.
func final(err error) bool {
	var t *transport.Error
	return errors.As(err, &t) && (t.StatusCode == http.StatusUnauthorized || t.StatusCode == http.StatusForbidden)
}

func classify(ctx context.Context, tag name.Tag, err error) error {
	host := tag.RegistryStr()
	var t *transport.Error
	if errors.As(err, &t) {
		switch t.StatusCode {
		case http.StatusUnauthorized, http.StatusForbidden:
			return &AuthError{Ref: tag.String(), Registry: host, Status: t.StatusCode}
		case http.StatusNotFound:
			return &NotFoundError{Ref: tag.String(), Registry: host}
		}
		return &UnreachableError{Ref: tag.String(), Registry: host, Err: fmt.Errorf("HTTP %d", t.StatusCode)}
	}
	if cause := context.Cause(ctx); cause != nil {
		if !errors.Is(cause, errTimeout) {
			return cause
		}
		err = cause
	}
	// The URL in the error may carry a token in its query.
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return &UnreachableError{Ref: tag.String(), Registry: host, Err: err}
}
