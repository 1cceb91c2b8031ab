package transport

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"github.com/modelops/modelops/gitops/giterr"
	"github.com/modelops/modelops/gitops/internal/git"
)

// proxyFor finds the proxy for a URL as git does: configuration, then environment; NO_PROXY holds for both. It is nil for
// a direct connection.
func proxyFor(cfg git.Config, g git.Program, u *url.URL) (*url.URL, error) {
	v, ok := cfg.LastForURL(u, "proxy")
	if !ok {
		v = proxyInEnv(g, u.Scheme)
	}
	if v == "" || noProxy(g, u) {
		return nil, nil
	}
	if !strings.Contains(v, "://") {
		v = "http://" + v
	}
	p, err := url.Parse(v)
	if err != nil || p.Host == "" {
		return nil, errors.New("the proxy's URL cannot be read") // without it: it may hold a password
	}
	switch p.Scheme {
	case "http", "https", "socks5", "socks5h":
		return p, nil
	}
	return nil, fmt.Errorf("the proxy %s: %s is not supported, use http, https or socks5", giterr.Redact(v), p.Scheme)
}

// proxyInEnv looks at small letters first, as curl does.
func proxyInEnv(g git.Program, scheme string) string {
	for _, name := range []string{scheme + "_proxy", "all_proxy"} {
		if v := either(g, name); v != "" {
			return v
		}
	}
	return ""
}

// either reads a variable that is written in small letters or in capitals.
func either(g git.Program, name string) string {
	v, ok := g.Env(name)
	if !ok {
		v, _ = g.Env(strings.ToUpper(name))
	}
	return v
}

// noProxy says whether NO_PROXY covers a URL.
func noProxy(g git.Program, u *url.URL) bool {
	list := either(g, "no_proxy")
	if list == "" {
		return false
	}
	rules := httpproxy.Config{HTTPProxy: "http://proxy", HTTPSProxy: "http://proxy", NoProxy: list}
	p, err := rules.ProxyFunc()(u)
	return err == nil && p == nil
}
