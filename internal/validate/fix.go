package validate

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/modelops/modelops/internal/validate/finding"
)

// Fixed applies the edits of some findings to the files that they are in, which read gives by path. A file that no longer
// holds what an edit replaces is an error, and nothing is fixed then.
func Fixed(findings []finding.Finding, read func(file string) ([]byte, error)) (map[string][]byte, error) {
	edits := map[string][]finding.Edit{}
	for _, f := range findings {
		for _, e := range f.Edits {
			if !slices.Contains(edits[e.At.File], e) {
				edits[e.At.File] = append(edits[e.At.File], e)
			}
		}
	}
	out := map[string][]byte{}
	for file, list := range edits {
		data, err := read(file)
		if err != nil {
			return nil, err
		}
		if out[file], err = applied(data, list); err != nil {
			return nil, fmt.Errorf("fix %s: %w", file, err)
		}
	}
	return out, nil
}

// applied makes the edits of one file, the last one first, so that places stay where they are.
func applied(data []byte, edits []finding.Edit) ([]byte, error) {
	slices.SortFunc(edits, func(a, b finding.Edit) int {
		return cmp.Or(cmp.Compare(b.At.Line, a.At.Line), cmp.Compare(b.At.Column, a.At.Column))
	})
	end := len(data)
	for _, e := range edits {
		at, ok := offset(data, e.At)
		if !ok || !bytes.HasPrefix(data[at:], []byte(e.Old)) || at+len(e.Old) > end {
			return nil, fmt.Errorf("line %d does not hold %q any more, or two fixes meet there", e.At.Line, e.Old)
		}
		data = slices.Concat(data[:at], []byte(e.New), data[at+len(e.Old):])
		end = at
	}
	return data, nil
}

// offset of a place in a text, in bytes. Columns count characters.
func offset(data []byte, p finding.Position) (int, bool) {
	at := 0
	for range p.Line - 1 {
		n := bytes.IndexByte(data[at:], '\n')
		if n < 0 {
			return 0, false
		}
		at += n + 1
	}
	line, _, _ := strings.Cut(string(data[at:]), "\n")
	for range p.Column - 1 {
		_, size := utf8.DecodeRuneInString(line)
		if size == 0 {
			return 0, false
		}
		at, line = at+size, line[size:]
	}
	return at, true
}
