package gitops

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// credential is what goes into a request: headers from the configuration, or user and password.
type credential struct {
	user, password string
	headers        []string // "Name: value"
	asked          bool     // git's helpers gave it, and want to hear how it went
}

func (c credential) set() bool { return c.password != "" || len(c.headers) > 0 }

// apply adds the credential. One Authorization header only: servers refuse two.
func (c credential) apply(req *http.Request) {
	for _, h := range c.headers {
		if name, value, ok := strings.Cut(h, ":"); ok {
			req.Header.Set(strings.TrimSpace(name), strings.TrimSpace(value))
		}
	}
	if c.password != "" {
		req.SetBasicAuth(c.user, c.password)
	}
}

// keyring finds credentials for one URL.
type keyring struct {
	git git
	url *url.URL
}

// known is what needs no asking: a password in the URL, then http.extraHeader, which is the login of CI checkouts.
func (k *keyring) known(cfg config) credential {
	c := credential{user: k.url.User.Username(), headers: cfg.headers(k.url)}
	if pw, ok := k.url.User.Password(); ok {
		c.password = pw
		c.headers = withoutAuthorization(c.headers)
	}
	return c
}

func withoutAuthorization(headers []string) []string {
	var out []string
	for _, h := range headers {
		if name, _, _ := strings.Cut(h, ":"); !strings.EqualFold(strings.TrimSpace(name), "authorization") {
			out = append(out, h)
		}
	}
	return out
}

// ask runs git's credential helpers; without git there is nobody to ask. An empty password is none: an askpass program
// that fails still exits well.
func (k *keyring) ask(ctx context.Context) (credential, error) {
	if k.git.path == "" {
		return credential{}, nil
	}
	out, err := k.git.feed(ctx, k.describe(""), "credential", "fill")
	if err != nil {
		return credential{}, ctx.Err() // no helper knew, and nobody could be asked
	}
	c := credential{asked: true}
	for line := range strings.Lines(string(out)) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		switch key {
		case "username":
			c.user = value
		case "password":
			c.password = value
		}
	}
	return c, nil
}

// tell reports to the helpers that a credential worked or was refused. Other failures say nothing about it.
func (k *keyring) tell(ctx context.Context, c credential, err error) {
	var auth *AuthError
	verb := "approve"
	if errors.As(err, &auth) && auth.Status == http.StatusUnauthorized {
		verb = "reject"
	} else if err != nil {
		return
	}
	in := k.describe(c.user) + "password=" + c.password + "\n"
	k.git.feed(ctx, in, "credential", verb) //nolint:errcheck // a helper's store is not our outcome
}

func (k *keyring) describe(user string) string {
	user = orElse(user, k.url.User.Username())
	in := fmt.Sprintf("protocol=%s\nhost=%s\npath=%s\n", k.url.Scheme, k.url.Host, strings.TrimPrefix(k.url.Path, "/"))
	if user != "" {
		in += "username=" + user + "\n"
	}
	return in
}

// headers collects http.extraHeader for a URL as git does: more specific sections win, an empty value starts over.
func (c config) headers(u *url.URL) []string {
	var out []string
	for _, v := range c.forURL(u, "extraheader") {
		if v == "" {
			out = nil
			continue
		}
		out = append(out, v)
	}
	return out
}

// forURL lists the values of http.KEY and http.URL.KEY that apply to a URL; values of a less specific URL that come
// after those of a more specific one do not count.
func (c config) forURL(u *url.URL, key string) []string {
	var out []string
	best := 0
	for _, s := range c {
		rest, ok := strings.CutPrefix(s.key, "http.")
		pattern, match := strings.CutSuffix("."+rest, "."+key)
		if !ok || !match {
			continue
		}
		rank := 0
		if pattern != "" {
			rank = urlRank(strings.TrimPrefix(pattern, "."), u)
		}
		if rank >= best {
			best = rank
			out = append(out, s.value)
		}
	}
	return out
}

// urlRank is negative when a pattern of the configuration does not cover a URL, else how specific it is: by host, then
// path, then user.
func urlRank(pattern string, u *url.URL) int {
	p, err := url.Parse(pattern)
	if err != nil || p.Scheme != u.Scheme || port(p) != port(u) {
		return -1
	}
	host := hostRank(p.Hostname(), u.Hostname())
	path := strings.TrimSuffix(p.Path, "/")
	if host < 0 || path != "" && u.Path != path && !strings.HasPrefix(u.Path, path+"/") {
		return -1
	}
	rank := 1 + host*1_000_000 + len(path)*2
	if p.User == nil {
		return rank
	}
	if u.User == nil || p.User.Username() != u.User.Username() {
		return -1
	}
	return rank + 1
}

// hostRank compares label by label; "*" stands for exactly one.
func hostRank(pattern, host string) int {
	a, b := strings.Split(strings.ToLower(pattern), "."), strings.Split(strings.ToLower(host), ".")
	if len(a) != len(b) {
		return -1
	}
	rank := 0
	for i := range a {
		switch {
		case a[i] == b[i]:
			rank += len(a[i]) + 1
		case a[i] != "*":
			return -1
		}
	}
	return rank
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

func (c config) lastForURL(u *url.URL, key string) (string, bool) {
	list := c.forURL(u, key)
	if len(list) == 0 {
		return "", false
	}
	return list[len(list)-1], true
}

const dialLimit = 15 * time.Second

// newHTTPClient follows git's settings for proxy and TLS, then those of the environment.
func newHTTPClient(cfg config, g git, u *url.URL) (*http.Client, error) {
	t := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: dialLimit}).DialContext,
		TLSHandshakeTimeout: dialLimit,
		ForceAttemptHTTP2:   true,
		IdleConnTimeout:     time.Minute,
	}
	proxy, err := proxyFor(cfg, g, u)
	if err != nil {
		return nil, err
	}
	t.Proxy = func(*http.Request) (*url.URL, error) { return proxy, nil }
	t.TLSClientConfig, err = tlsFor(cfg, g, u)
	return &http.Client{Transport: t}, err
}

func proxyFor(cfg config, g git, u *url.URL) (*url.URL, error) {
	if v, ok := cfg.lastForURL(u, "proxy"); ok {
		if v == "" {
			return nil, nil
		}
		if !strings.Contains(v, "://") {
			v = "http://" + v
		}
		p, err := url.Parse(v)
		if err != nil {
			return nil, &NotRepoError{"http.proxy", "cannot be read as a URL"}
		}
		return p, nil
	}
	either := func(name string) string {
		v, _ := g.env(strings.ToLower(name))
		if v == "" {
			v, _ = g.env(name)
		}
		return v
	}
	all := either("ALL_PROXY")
	p := httpproxy.Config{HTTPProxy: orElse(either("HTTP_PROXY"), all), HTTPSProxy: orElse(either("HTTPS_PROXY"), all), NoProxy: either("NO_PROXY")}
	return p.ProxyFunc()(u)
}

func tlsFor(cfg config, g git, u *url.URL) (*tls.Config, error) {
	out := &tls.Config{MinVersion: tls.VersionTLS12}
	verify, given := cfg.lastForURL(u, "sslverify")
	_, off := g.env("GIT_SSL_NO_VERIFY")
	out.InsecureSkipVerify = off || given && !(config{{"v", verify}}).boolean("v") //nolint:gosec // the user's own setting
	ca, ok := g.env("GIT_SSL_CAINFO")
	if !ok {
		ca, ok = cfg.lastForURL(u, "sslcainfo")
	}
	if !ok || ca == "" {
		return out, nil
	}
	if rest, home := strings.CutPrefix(ca, "~/"); home {
		dir, _ := g.env("HOME")
		ca = dir + "/" + rest
	}
	pem, err := os.ReadFile(ca)
	if err != nil {
		return nil, &NotRepoError{"http.sslCAInfo", err.Error()}
	}
	if out.RootCAs, err = x509.SystemCertPool(); err != nil {
		out.RootCAs = x509.NewCertPool()
	}
	if !out.RootCAs.AppendCertsFromPEM(pem) {
		return nil, &NotRepoError{ca, "holds no certificate in PEM form"}
	}
	return out, nil
}
