package gitops

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Message is a commit message: a subject, a body, and trailers in one last paragraph. String writes it so that
// ParseMessage reads the same message back, and so that no text in it can pass for another part: a line in the body or
// in a value can never become a trailer.
type Message struct {
	Subject, Body string
	Trailers      []Trailer
}

var trailerLine = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*:`)

// String renders the message as UTF-8 with exactly one newline at its end. The subject becomes one line; values become
// one logical line each, folded after 100 columns; control and direction characters are dropped.
func (m Message) String() string {
	m = m.Clean()
	parts := []string{m.Subject}
	if m.Body != "" {
		parts = append(parts, m.Body)
	}
	if len(m.Trailers) > 0 {
		var lines []string
		for _, t := range m.Trailers {
			lines = append(lines, fold(t.Key+": "+t.Value))
		}
		parts = append(parts, strings.Join(lines, "\n"))
	}
	return strings.Join(parts, "\n\n") + "\n"
}

// Clean returns the message as it can be read back: see String. Trailers whose key is not letters, digits and dashes
// are dropped.
func (m Message) Clean() Message {
	out := Message{Subject: oneLine(m.Subject), Body: cleanBody(m.Body)}
	if out.Subject == "" {
		out.Subject = "(no subject)"
	}
	for _, t := range m.Trailers {
		if trailerLine.MatchString(t.Key+":") && !strings.Contains(t.Key, ":") {
			out.Trailers = append(out.Trailers, Trailer{t.Key, oneLine(t.Value)})
		}
	}
	out.Body = shieldBody(out.Body, len(out.Trailers) > 0)
	return out
}

// ParseMessage splits a commit message. Its last paragraph is a trailer block only when every line of it is a trailer or
// the continuation of one, which is stricter than git: a paragraph of prose never counts.
func ParseMessage(s string) Message {
	s = strings.Trim(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	head, rest, _ := strings.Cut(s, "\n\n")
	m := Message{Subject: strings.Join(strings.Fields(head), " ")}
	rest = strings.Trim(rest, "\n")
	block := rest
	if i := strings.LastIndex(rest, "\n\n"); i >= 0 {
		block = rest[i+2:]
	}
	if t, ok := parseTrailers(block); ok {
		m.Trailers = t
		rest = strings.TrimSuffix(rest, block)
	}
	m.Body = strings.Trim(rest, "\n")
	return m
}

func parseTrailers(block string) ([]Trailer, bool) {
	var out []Trailer
	for line := range strings.SplitSeq(block, "\n") {
		switch {
		case len(out) > 0 && strings.HasPrefix(line, " "):
			last := &out[len(out)-1]
			last.Value = strings.TrimSpace(last.Value + " " + strings.TrimSpace(line))
		case trailerLine.MatchString(line):
			key, value, _ := strings.Cut(line, ":")
			out = append(out, Trailer{key, strings.TrimSpace(value)})
		default:
			return nil, false
		}
	}
	return out, len(out) > 0
}

// oneLine makes text fit on a line: white space becomes single spaces, what would hide or reorder text is dropped.
func oneLine(s string) string {
	return strings.Join(strings.Fields(printable(s)), " ")
}

// printable drops control characters, direction marks and invalid UTF-8, and keeps line ends and tabs.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == unicode.ReplacementChar || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return -1
		case r == '\u2028' || r == '\u2029' || r == '\u0085':
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

func cleanBody(s string) string {
	lines := strings.Split(printable(strings.ReplaceAll(s, "\r", "\n")), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRightFunc(l, unicode.IsSpace)
	}
	lines = slices.CompactFunc(lines, func(a, b string) bool { return a == "" && b == "" })
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

// shieldBody marks the lines that git or we could take for a trailer: those of the last paragraph, unless real trailers
// follow it. Git counts a paragraph as trailers when only some of its lines look so, therefore no line may. The divider
// under which git expects a patch is marked anywhere.
func shieldBody(body string, trailersFollow bool) string {
	lines := strings.Split(body, "\n")
	last := len(lines) - 1
	for last > 0 && lines[last-1] != "" {
		last--
	}
	for i, l := range lines {
		if strings.HasPrefix(l, "---") || !trailersFollow && i >= last && looksLikeTrailer(l) {
			lines[i] = "| " + l
		}
	}
	return strings.Join(lines, "\n")
}

var anyTrailer = regexp.MustCompile(`^[A-Za-z0-9-]+\s*:`)

func looksLikeTrailer(l string) bool {
	return anyTrailer.MatchString(l) || strings.HasPrefix(l, "(cherry picked from commit")
}

const foldColumn = 100

// fold breaks a long trailer at spaces; continuation lines begin with one.
func fold(s string) string {
	var b strings.Builder
	col := 0
	for i, w := range strings.Split(s, " ") {
		switch {
		case i > 0 && col+1+len(w) > foldColumn:
			b.WriteString("\n ")
			col = 1
		case i > 0:
			b.WriteByte(' ')
			col++
		}
		b.WriteString(w)
		col += len(w)
	}
	return b.String()
}
