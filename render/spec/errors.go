package spec

import (
	"fmt"
	"sort"
	"strings"
)

// Problem is one mistake in a document.
type Problem struct {
	// File, Line and Column of the mistake; lines and columns count from 1, columns in characters. Line is 0 where
	// the whole file is meant.
	File         string
	Line, Column int
	// Path of the field, such as spec.scaling.min.
	Path string
	// Message says what is wrong.
	Message string
	// Hint says what to write instead, where that is known.
	Hint string
}

// Error writes the problem as compilers do: file:line:column: path: message.
func (p Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	b.WriteString(": ")
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.Message)
	return b.String()
}

// Problems are all mistakes of one document, in the order of the file. It is the error that the Decode functions return.
type Problems []Problem

// Error writes one problem a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Hints are the hints of the problems, each once.
func (ps Problems) Hints() []string {
	var out []string
	seen := map[string]bool{}
	for _, p := range ps {
		if p.Hint != "" && !seen[p.Hint] {
			seen[p.Hint] = true
			out = append(out, p.Hint)
		}
	}
	return out
}

func (ps Problems) sorted() Problems {
	sort.SliceStable(ps, func(i, j int) bool {
		if ps[i].Line != ps[j].Line {
			return ps[i].Line < ps[j].Line
		}
		return ps[i].Column < ps[j].Column
	})
	return ps
}

// suggest names the candidate that is nearest to what was written, if any is near enough to be meant.
func suggest(written string, candidates []string) string {
	best, at := "", len(written)/3+2
	for _, c := range candidates {
		if d := Distance(strings.ToLower(written), strings.ToLower(c)); d < at {
			best, at = c, d
		}
	}
	return best
}

// Distance is the number of letters to insert, delete or replace to make one word of the other (Levenshtein), by which
// a hint finds what was meant.
func Distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
