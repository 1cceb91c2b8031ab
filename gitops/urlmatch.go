package gitops

import (
	"cmp"
	"net/url"
	"path"
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
	if err != nil || p.Host == "" || !strings.EqualFold(p.Scheme, u.Scheme) || portOf(p) != portOf(u) || !hostCovers(p.Hostname(), u.Hostname()) {
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

func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return strings.TrimLeft(u.Port(), "0")
	case strings.EqualFold(u.Scheme, "https"):
		return "443"
	}
	return "80"
}

// forURL lists the values of http.KEY and http.URL.KEY that apply to a URL, in their order; values of a less specific URL
// that come after those of a more specific one do not count.
func (c config) forURL(u *url.URL, key string) []string {
	var out []string
	var best urlRank
	for _, s := range c {
		rest, ok := strings.CutPrefix(s.key, "http.")
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
			out = append(out, s.value)
		}
	}
	return out
}

// lastForURL is the value that counts for a key with one value.
func (c config) lastForURL(u *url.URL, key string) (string, bool) {
	list := c.forURL(u, key)
	if len(list) == 0 {
		return "", false
	}
	return list[len(list)-1], true
}
