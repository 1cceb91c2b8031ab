package gitops

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// withRemote returns the configuration as it counts for one remote: its own proxy goes before all others.
func (c config) withRemote(name, raw string) config {
	v, ok := c.get("remote." + name + ".proxy")
	if !ok {
		return c
	}
	return append(slices.Clip(c), setting{"http." + raw + ".proxy", v})
}

// proxyFor finds the proxy for a URL as git does: configuration, then environment; NO_PROXY holds for both. It is nil for
// a direct connection.
func proxyFor(cfg config, g git, u *url.URL) (*url.URL, error) {
	v, ok := cfg.lastForURL(u, "proxy")
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
	return nil, fmt.Errorf("the proxy %s: %s is not supported, use http, https or socks5", Redact(v), p.Scheme)
}

// proxyInEnv looks at small letters first, as curl does.
func proxyInEnv(g git, scheme string) string {
	for _, name := range []string{scheme + "_proxy", "all_proxy"} {
		if v := g.either(name); v != "" {
			return v
		}
	}
	return ""
}

// either reads a variable that is written in small letters or in capitals.
func (g git) either(name string) string {
	v, ok := g.env(name)
	if !ok {
		v, _ = g.env(strings.ToUpper(name))
	}
	return v
}

// noProxy says whether NO_PROXY covers a URL.
func noProxy(g git, u *url.URL) bool {
	list := g.either("no_proxy")
	if list == "" {
		return false
	}
	rules := httpproxy.Config{HTTPProxy: "http://proxy", HTTPSProxy: "http://proxy", NoProxy: list}
	p, err := rules.ProxyFunc()(u)
	return err == nil && p == nil
}
