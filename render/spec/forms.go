package spec

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// Quantity is an amount in Kubernetes' notation, such as 500m or 24Gi.
type Quantity string

// UnmarshalYAML takes a number as it is written, so that 4 and "4" are the same.
func (q *Quantity) UnmarshalYAML(n *yaml.Node) error {
	*q = Quantity(n.Value)
	return nil
}

// pattern is a regular expression, or what matches as one does.
type pattern interface {
	MatchString(s string) bool
	// String is the regular expression, for the schema.
	String() string
}

// form is a rule for text: a pattern or a function, and words for people.
type form struct {
	pattern pattern
	max     int
	what    string
	// check is what a pattern cannot say.
	check func(string) error
}

// SubjectFields are the placeholders of spec.git.commit.subject.
var SubjectFields = []string{"action", "summary", "target", "team", "model", "env", "version", "previous"}

// hexadecimal is the pattern of ids: some digits after a prefix. Records are full of them, and a regular expression
// takes as long for one as the rest of its check.
type hexadecimal struct {
	prefix string
	digits int
}

// MatchString implements pattern.
func (h hexadecimal) MatchString(s string) bool {
	rest, ok := strings.CutPrefix(s, h.prefix)
	return ok && len(rest) == h.digits && strings.Trim(rest, "0123456789abcdef") == ""
}

// String implements pattern.
func (h hexadecimal) String() string { return fmt.Sprintf("^%s[0-9a-f]{%d}$", h.prefix, h.digits) }

// word is the pattern of short names, which every document is full of: characters of one set, between ends of others.
type word struct {
	first, inside, last *charset
	expr                string
}

// MatchString implements pattern.
func (w word) MatchString(s string) bool {
	if s == "" || !w.first[s[0]] || !w.last[s[len(s)-1]] {
		return false
	}
	for i := range len(s) {
		if !w.inside[s[i]] {
			return false
		}
	}
	return true
}

// String implements pattern.
func (w word) String() string { return w.expr }

// charset says of each byte whether it is in it.
type charset [256]bool

func charsetOf(chars string) *charset {
	var c charset
	for i := range len(chars) {
		c[chars[i]] = true
	}
	return &c
}

const (
	digits  = "0123456789"
	lower   = "abcdefghijklmnopqrstuvwxyz"
	letters = lower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

var (
	lowerStart  = charsetOf(lower)
	lowerEnds   = charsetOf(lower + digits)
	lowerInside = charsetOf(lower + digits + "-")
	wordEnds    = charsetOf(letters + digits)
	wordInside  = charsetOf(letters + digits + "-_.")
)

const domain = `[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*`

// forms by the name that a `spec` tag uses. Sources: DNS labels RFC 1123 as Kubernetes restricts them; labels and
// quantities as Kubernetes' API conventions; image references as the OCI distribution specification.
var forms = map[string]form{
	"dns":         {word{lowerEnds, lowerInside, lowerEnds, `^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`}, 63, "a DNS label: lower case letters, digits and dashes, with a letter or digit at both ends", nil},
	"env":         {word{lowerStart, lowerEnds, lowerEnds, `^[a-z][a-z0-9]*$`}, 20, "an environment's name: lower case letters and digits, a letter first, no dash", nil},
	"version":     {word{wordEnds, wordInside, wordEnds, `^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$`}, 63, "a version: letters, digits, dots, dashes and underscores, as a label's value allows", nil},
	"envname":     {regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`), 256, "the name of an environment variable", nil},
	"path":        {regexp.MustCompile(`^/[^\s?#]*$`), 256, "a path that begins with a slash", nil},
	"quantity":    {regexp.MustCompile(`^[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$`), 32, "a quantity, such as 500m or 24Gi", nil},
	"digest":      {hexadecimal{"sha256:", 64}, 71, "a digest: sha256: and 64 hexadecimal digits", nil},
	"object":      {hexadecimal{"", 40}, 40, "a Git object id: 40 hexadecimal digits", nil},
	"podsecurity": {regexp.MustCompile(`^(latest|v1\.[0-9]+)$`), 16, "latest or a Kubernetes version such as v1.35", nil},
	"image": {regexp.MustCompile(`^` + domain + `(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[A-Za-z0-9_{][-A-Za-z0-9_.{}]*)?(@sha256:[0-9a-f]{64})?$`), 512,
		"an image: REGISTRY/REPOSITORY, with :TAG or @sha256:DIGEST", nil},
	"labelkey": {regexp.MustCompile(`^(` + domain + `/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`), 317, "a label's key", nil},
	"label":    {regexp.MustCompile(`^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$`), 63, "a label's value", nil},
	"duration": {regexp.MustCompile(`^([0-9]+h)?([0-9]+m)?([0-9]+s)?$`), 16, "a duration, such as 90s or 30m", checkDuration},
	"cidr":     {regexp.MustCompile(`^[0-9a-fA-F.:]+/[0-9]+$`), 64, "an address range, such as 10.0.0.0/8", checkCIDR},
	"subject": {regexp.MustCompile(`^[^{}\n\r]*(\{(` + strings.Join(SubjectFields, "|") + `)\}[^{}\n\r]*)+$`), 200,
		"a subject: one line with at least one of the placeholders {" + strings.Join(SubjectFields, "}, {") + "}, and no other braces", nil},
	"url": {regexp.MustCompile(`^\S+$`), 2048, "a URL", checkURL},
}

func (w *walker) form(n *yaml.Node, at *place, name, value string) {
	if name == "" {
		return
	}
	f := forms[name]
	switch {
	case len(value) > f.max:
		w.problem(n, at, fmt.Sprintf("%d characters are too many, at most %d are possible", len(value), f.max), "")
	case !f.pattern.MatchString(value):
		w.problem(n, at, fmt.Sprintf("%q is not %s", value, f.what), "")
	case f.check != nil:
		if err := f.check(value); err != nil {
			w.problem(n, at, fmt.Sprintf("%q is not %s: %v", value, f.what, err), "")
		}
	}
}

func checkDuration(s string) error {
	d, err := time.ParseDuration(s)
	if err == nil && (d < time.Second || d > 24*time.Hour) {
		return fmt.Errorf("between 1s and 24h are possible")
	}
	return err
}

func checkCIDR(s string) error {
	p, err := netip.ParsePrefix(s)
	if err == nil && p != p.Masked() {
		return fmt.Errorf("the range is %s", p.Masked())
	}
	return err
}

// checkURL takes what Git and Argo CD take: a URL with a scheme, or scp's short form. A password never belongs into a
// file that everybody can read.
func checkURL(s string) error {
	if !strings.Contains(s, "://") {
		if host, path, ok := strings.Cut(s, ":"); ok && host != "" && path != "" {
			return nil
		}
		return fmt.Errorf("it has no scheme")
	}
	u, err := url.Parse(s)
	if err != nil {
		return fmt.Errorf("it cannot be parsed")
	}
	if _, has := u.User.Password(); has {
		return fmt.Errorf("it carries a password; credentials belong into Argo CD's repository settings")
	}
	return nil
}

// ValidVersion says whether a word can be a version: it becomes a label's value.
func ValidVersion(s string) bool {
	return len(s) <= forms["version"].max && forms["version"].pattern.MatchString(s)
}
