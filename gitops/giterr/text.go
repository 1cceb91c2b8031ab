package giterr

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// Sanitize makes text from elsewhere safe to print on a terminal: control and direction characters become visible
// escapes, invalid UTF-8 is replaced; line ends and tabs stay.
func Sanitize(s string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(strings.ReplaceAll(s, "\r\n", "\n"), "\uFFFD") {
		switch {
		case r == '\n' || r == '\t':
			b.WriteRune(r)
		case r == '\r':
			b.WriteByte('\n')
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Redact returns a remote's URL without user, password, query and fragment.
func Redact(raw string) string {
	if !strings.Contains(raw, "://") {
		return Sanitize(raw) // a path, or user@host:path, whose user is no secret
	}
	u, err := url.Parse(raw)
	if err != nil {
		return RedactText(Sanitize(raw))
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

var userinfo = regexp.MustCompile(`([a-z][a-z0-9+.-]*://)[^/\s@'"]+@`)

var bearer = regexp.MustCompile(`(?i)((?:authorization:\s*)?(?:basic|bearer)\s+)[A-Za-z0-9+/=._~-]{8,}`)

// RedactText removes credentials from text that quotes URLs or headers.
func RedactText(s string) string {
	s = userinfo.ReplaceAllString(s, "$1")
	return bearer.ReplaceAllString(s, "$1***")
}

// Indent puts text on lines of its own below an error.
func Indent(s string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n  ")
}
