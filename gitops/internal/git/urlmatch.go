package git

import (
	"cmp"
	"net/url"
	"path"
	"slices"
	"strings"
)

// Settings of git for some URLs only, http.URL.KEY, after git's urlmatch.c: scheme, host and port have to be the same, the
// path a prefix that ends at a slash, and a user name only counts where the pattern has one.

// urlRank says how specific a pattern is for a URL that it covers; the larger counts.
type urlRank struct {
	host, path int // characters that matched
	user       bool
}

func (a urlRank) compare(b urlRank) int {
	if c := cmp.Or(cmp.Compare(a.host, b.host), cmp.Compare(a.path, b.path)); c != 0 {
		return c
	}
	switch {
	case a.user == b.user:
		return 0
	case a.user:
		return 1
	}
	return -1
}

// rankURL matches a pattern of the configuration with a URL.
func rankURL(pattern string, u *url.URL) (urlRank, bool) {
	p, err := url.Parse(pattern)
	if err != nil || p.Host == "" || !strings.EqualFold(p.Scheme, u.Scheme) || PortOf(p) != PortOf(u) || !hostCovers(p.Hostname(), u.Hostname()) {
		return urlRank{}, false
	}
	rank := urlRank{host: len(p.Hostname())}
	if name := p.User.Username(); name != "" {
		if name != u.User.Username() {
			return urlRank{}, false
		}
		rank.user = true
	}
	prefix, whole := cleanPath(p), cleanPath(u)
	if whole != prefix && !strings.HasPrefix(whole, prefix+"/") {
		return urlRank{}, false
	}
	rank.path = len(prefix) + 1
	return rank, true
}

// cleanPath resolves dots and writes escapes in one way; no slash at the end.
func cleanPath(u *url.URL) string {
	parts := strings.Split(u.EscapedPath(), "/")
	for i, p := range parts {
		if plain, err := url.PathUnescape(p); err == nil {
			parts[i] = url.PathEscape(plain)
		}
	}
	return strings.TrimSuffix(path.Clean("/"+strings.Join(parts, "/")), "/")
}

// hostCovers compares label by label; "*" stands for exactly one.
func hostCovers(pattern, host string) bool {
	labels := func(s string) []string { return strings.Split(strings.ToLower(strings.TrimSuffix(s, ".")), ".") }
	a, b := labels(pattern), labels(host)
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && a[i] != "*" {
			return false
		}
	}
	return true
}

// PortOf is the port of an http or https URL, written or meant.
func PortOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return strings.TrimLeft(u.Port(), "0")
	case strings.EqualFold(u.Scheme, "https"):
		return "443"
	}
	return "80"
}

// ForURL lists the values of http.KEY and http.URL.KEY that apply to a URL, in their order; values of a less specific URL
// that come after those of a more specific one do not count.
func (c Config) ForURL(u *url.URL, key string) []string {
	var out []string
	var best urlRank
	for _, s := range c {
		rest, ok := strings.CutPrefix(s.Key, "http.")
		pattern, match := strings.CutSuffix("."+rest, "."+key)
		if !ok || !match {
			continue
		}
		var rank urlRank
		if pattern != "" {
			if rank, ok = rankURL(pattern[1:], u); !ok {
				continue
			}
		}
		if rank.compare(best) >= 0 {
			best = rank
			out = append(out, s.Value)
		}
	}
	return out
}

// LastForURL is the value that counts for a key with one value.
func (c Config) LastForURL(u *url.URL, key string) (string, bool) {
	list := c.ForURL(u, key)
	if len(list) == 0 {
		return "", false
	}
	return list[len(list)-1], true
}

// WithRemote returns the configuration as it counts for one remote: its own proxy goes before all others.
func (c Config) WithRemote(name, raw string) Config {
	v, ok := c.Get("remote." + name + ".proxy")
	if !ok {
		return c
	}
	return append(slices.Clip(c), Setting{"http." + raw + ".proxy", v})
}

// Rewrite applies url.X.insteadOf, and for pushing url.X.pushInsteadOf before it: the longest match wins.
func (c Config) Rewrite(url string, push bool) string {
	if push {
		if out, ok := c.instead(url, "pushinsteadof"); ok {
			return out
		}
	}
	out, _ := c.instead(url, "insteadof")
	return out
}

// instead goes through the bases in the order in which they were first named; of two matches of one length the first one
// counts.
func (c Config) instead(url, key string) (string, bool) {
	var bases []string
	for _, s := range c {
		rest, ok := strings.CutPrefix(s.Key, "url.")
		base, match := strings.CutSuffix(rest, "."+key)
		if ok && match && !slices.Contains(bases, base) {
			bases = append(bases, base)
		}
	}
	found, longest := "", -1
	for _, base := range bases {
		for _, v := range c.All("url." + base + "." + key) {
			if strings.HasPrefix(url, v) && len(v) > longest {
				found, longest = base, len(v)
			}
		}
	}
	if longest < 0 {
		return url, false
	}
	return found + url[longest:], true
}
