// Package escape makes text that others wrote safe for the place where it is shown.
package escape

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Dialect says which commands hidden in plain text the place that shows it would obey.
type Dialect int

// The dialects: a terminal or file, and the logs of GitHub Actions and of Azure Pipelines.
const (
	Plain Dialect = iota
	GitHubLog
	AzureLog
)

// DialectOf finds the dialect from the environment's variables.
func DialectOf(lookup func(string) (string, bool)) Dialect {
	for name, d := range map[string]Dialect{"GITHUB_ACTIONS": GitHubLog, "TF_BUILD": AzureLog} {
		if v, _ := lookup(name); strings.EqualFold(v, "true") {
			return d
		}
	}
	return Plain
}

// Line makes a text safe to show inside one line: control characters (line ends included), characters that change
// the direction of writing, invisible ones and broken UTF-8 are written out as escapes.
func Line(s string) string { return escape(s, false) }

// Block does the same for a text of several lines, whose line ends and tabs it keeps.
func Block(s string) string { return escape(strings.ReplaceAll(s, "\r\n", "\n"), true) }

func escape(s string, block bool) string {
	if harmless(s, ' ') {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case block && (r == '\n' || r == '\t'), visible(r):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		i += size
	}
	return b.String()
}

// harmless says whether there is nothing but visible ASCII, spaces, and one more character that is known.
func harmless[T string | []byte](s T, known byte) bool {
	for i := range len(s) {
		if (s[i] < 0x20 || s[i] >= 0x7f) && s[i] != known {
			return false
		}
	}
	return true
}

// visible says whether a rune shows itself and nothing else: no control, no format character (directions, joiners,
// tags), no separator other than the plain space, nothing for private use.
func visible(r rune) bool {
	return r == ' ' || r != utf8.RuneError && unicode.IsGraphic(r) && !unicode.In(r, unicode.Z, unicode.Cf, unicode.Co) && !blank[r]
}

// blank letters are graphic by category and yet show nothing.
var blank = map[rune]bool{'\u115f': true, '\u1160': true, '\u3164': true, '\uffa0': true, '\u2800': true}

// Defuse writes out what a CI system would obey in a line that is about to be printed. GitHub's runner trims a line and
// obeys a leading "::"; both runners search the whole line for "##[", Azure's for "##vso[" as well.
func (d Dialect) Defuse(line string) string {
	if d == Plain {
		return line
	}
	trimmed := strings.TrimLeft(line, " \t")
	if d == GitHubLog && strings.HasPrefix(trimmed, "::") {
		line = line[:len(line)-len(trimmed)] + `\x3a` + trimmed[1:]
	}
	line = strings.ReplaceAll(line, "##[", `\x23#[`)
	return strings.ReplaceAll(line, "##vso[", `\x23#vso[`)
}

// JSON writes what a terminal could obey as \u escapes: the document's meaning stays the same.
func JSON(data []byte) []byte {
	if harmless(data, '\n') {
		return data
	}
	var b strings.Builder
	for _, r := range string(data) {
		switch {
		case r == '\n' || r < 0x7f && r >= 0x20 || r > 0x7f && visible(r):
			b.WriteRune(r)
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+(r>>10), 0xdc00+(r&0x3ff))
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return []byte(b.String())
}
