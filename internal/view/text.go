package view

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/modelops/modelops/internal/escape"
)

// Style of a piece of text.
type Style string

// The styles; none is ever the only carrier of a meaning.
const (
	Bold   Style = "1"
	Dim    Style = "2"
	Red    Style = "31"
	Green  Style = "32"
	Yellow Style = "33"
	Cyan   Style = "36"
)

// Styled is text in a style.
type Styled struct {
	Style Style
	Value any
}

// In gives a value a style.
func In(s Style, v any) Styled { return Styled{s, v} }

// Text collects lines for a person. The format strings are ours; every argument is taken for text of others and escaped.
type Text struct {
	buf     bytes.Buffer
	color   bool
	verbose bool
	indent  string
}

func newText(color, verbose bool) *Text { return &Text{color: color, verbose: verbose} }

// Verbose says whether details are wanted.
func (t *Text) Verbose() bool { return t.verbose }

// Line writes one line.
func (t *Text) Line(format string, args ...any) {
	t.buf.WriteString(t.indent + t.Sprintf(format, args...) + "\n")
}

// Sprintf formats with escaped and styled arguments.
func (t *Text) Sprintf(format string, args ...any) string {
	safe := make([]any, len(args))
	for i, a := range args {
		safe[i] = t.safe(a)
	}
	return fmt.Sprintf(format, safe...)
}

func (t *Text) safe(a any) any {
	switch v := a.(type) {
	case Styled:
		return t.paint(v.Style, fmt.Sprint(t.safe(v.Value)))
	case cell:
		return string(v)
	case int, int64, uint32, float64, bool:
		return v
	case string:
		return escape.Line(v)
	default:
		return escape.Line(fmt.Sprint(v))
	}
}

func (t *Text) paint(s Style, text string) string {
	if !t.color || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// Block writes a text of several lines, escaped, each line behind the indentation.
func (t *Text) Block(text string) {
	for _, line := range strings.Split(strings.TrimRight(escape.Block(text), "\n"), "\n") {
		t.buf.WriteString(strings.TrimRight(t.indent+line, " ") + "\n")
	}
}

// Under writes what write writes with two more spaces in front.
func (t *Text) Under(write func()) {
	old := t.indent
	t.indent += "  "
	write()
	t.indent = old
}

// Blank writes an empty line, unless nothing stands before it.
func (t *Text) Blank() {
	if t.buf.Len() > 0 {
		t.buf.WriteByte('\n')
	}
}

func (t *Text) flush(w io.Writer, d escape.Dialect) error {
	lines := strings.SplitAfter(t.buf.String(), "\n")
	for i, line := range lines {
		lines[i] = d.Defuse(line)
	}
	_, err := io.WriteString(w, strings.Join(lines, ""))
	return err
}

// cell is text that was escaped and styled already.
type cell string

// Table writes rows in aligned columns; the last column is not padded. The head is dimmed.
func (t *Text) Table(head []string, rows [][]any) {
	cells := make([][]string, 0, len(rows)+1)
	widths := make([]int, len(head))
	titles := make([]any, len(head))
	for i, h := range head {
		titles[i] = In(Dim, h)
	}
	cells = append(cells, t.cells(titles, widths))
	for _, row := range rows {
		cells = append(cells, t.cells(row, widths))
	}
	for _, line := range cells {
		t.row(line, widths)
	}
}

// cells makes the text of a row, and widens the columns where that needs it.
func (t *Text) cells(row []any, widths []int) []string {
	line := make([]string, len(widths))
	for i := range line {
		if i < len(row) {
			line[i] = fmt.Sprint(t.safe(row[i]))
		}
		widths[i] = max(widths[i], width(line[i]))
	}
	return line
}

func (t *Text) row(line []string, widths []int) {
	var b strings.Builder
	for i, c := range line {
		b.WriteString(c)
		if i < len(line)-1 {
			b.WriteString(strings.Repeat(" ", widths[i]-width(c)+2))
		}
	}
	t.Line("%s", cell(strings.TrimRight(b.String(), " ")))
}

// width counts the characters that take room, not those that colour.
func width(s string) int {
	n, skip := 0, false
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == '\x1b':
			skip = true
		case skip:
			skip = r != 'm'
		default:
			n++
		}
		s = s[size:]
	}
	return n
}

// count writes a number with its word.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
