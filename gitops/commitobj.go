package gitops

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-git/go-git/v5/plumbing"
)

// commitObject is a parsed commit.
type commitObject struct {
	info Commit
	tree Hash
}

// parseCommit reads a commit object's content. Headers that it does not know are skipped, as Git does.
func parseCommit(h Hash, data []byte) (*commitObject, error) {
	head, message, _ := bytes.Cut(data, []byte("\n\n"))
	c := &commitObject{info: Commit{Hash: h}}
	encoding := ""
	for line := range strings.SplitSeq(string(head), "\n") {
		key, value, _ := strings.Cut(line, " ")
		switch key {
		case "tree":
			c.tree = plumbing.NewHash(value)
		case "parent":
			c.info.Parents = append(c.info.Parents, plumbing.NewHash(value))
		case "author":
			c.info.Author = parseIdent(value)
		case "committer":
			c.info.Committer = parseIdent(value)
		case "encoding":
			encoding = value
		case "gpgsig", "gpgsig-sha256":
			c.info.Signed = true
		}
	}
	if c.tree.IsZero() {
		return nil, fmt.Errorf("read commit %s: it names no tree", h)
	}
	c.describe(toUTF8(string(message), encoding), encoding)
	return c, nil
}

func (c *commitObject) describe(message, encoding string) {
	m := ParseMessage(message)
	c.info.Subject, c.info.Body, c.info.Trailers = m.Subject, m.Body, m.Trailers
	for _, id := range []*Ident{&c.info.Author, &c.info.Committer} {
		id.Name, id.Email = toUTF8(id.Name, encoding), toUTF8(id.Email, encoding)
	}
}

// parseIdent reads "Name <email> seconds zone" and takes what it can from broken ones.
func parseIdent(s string) Ident {
	open, end := strings.IndexByte(s, '<'), strings.LastIndexByte(s, '>')
	if open < 0 || end < open {
		return Ident{Name: strings.TrimSpace(s)}
	}
	id := Ident{Name: strings.TrimSpace(s[:open]), Email: s[open+1 : end]}
	fields := strings.Fields(s[end+1:])
	if len(fields) > 0 {
		sec, _ := strconv.ParseInt(fields[0], 10, 64)
		zone := "+0000"
		if len(fields) > 1 {
			zone = fields[1]
		}
		id.When = time.Unix(sec, 0).In(parseZone(zone))
	}
	return id
}

// parseZone reads "+hhmm"; what it cannot read is UTC.
func parseZone(s string) *time.Location {
	n, err := strconv.Atoi(s)
	if err != nil || len(s) != 5 || n == 0 {
		return time.UTC
	}
	sign := 1
	if n < 0 {
		sign, n = -1, -n
	}
	return time.FixedZone("", sign*(n/100*3600+n%100*60))
}

// toUTF8 decodes a message. Git's default is UTF-8 and Latin-1 the only other encoding seen in practice; bytes of any
// other are replaced rather than guessed.
func toUTF8(s, encoding string) string {
	if utf8.ValidString(s) {
		return s
	}
	switch strings.ToLower(encoding) {
	case "iso-8859-1", "iso8859-1", "latin1", "latin-1":
		var b strings.Builder
		for i := range len(s) {
			b.WriteRune(rune(s[i]))
		}
		return b.String()
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// encodeCommit writes a commit object's content.
func encodeCommit(tree Hash, parents []Hash, id Identity, message string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "tree %s\n", tree)
	for _, p := range parents {
		fmt.Fprintf(&b, "parent %s\n", p)
	}
	fmt.Fprintf(&b, "author %s\ncommitter %s\n\n%s", id.Author.line(), id.Committer.line(), message)
	return b.Bytes()
}

// String is the ident as git shows it: Name <address>.
func (i Ident) String() string { return cleanIdent(i.Name) + " <" + cleanIdent(i.Email) + ">" }

func (i Ident) line() string {
	return fmt.Sprintf("%s %d %s", i, i.When.Unix(), i.When.Format("-0700"))
}

// cleanIdent does what git does to names and addresses: no angle brackets, no line ends, no punctuation around.
func cleanIdent(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '<' || r == '>' || r == '\n' || r == 0 {
			return -1
		}
		return r
	}, s)
	return strings.TrimFunc(s, func(r rune) bool { return r <= ' ' || strings.ContainsRune(`.,:;<>"\'`, r) })
}
