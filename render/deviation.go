package render

import (
	"bytes"
	"maps"
	"slices"
)

// Kind of a deviation.
type Kind string

// The kinds of deviations.
const (
	// Edited is a file whose content is not the rendered one.
	Edited Kind = "edited"
	// Missing is a file that should be there, Extra one that should not.
	Missing Kind = "missing"
	Extra   Kind = "extra"
)

// Deviation is a file of a folder that is not what was rendered.
type Deviation struct {
	// Name of the file in the folder.
	Name string
	Kind Kind
	// Line that differs first, from 1; 0 where the whole file is meant.
	Line int
	// Why it is one.
	Why string
}

// Deviations compares what a folder has with the files that it should hold, by name. They are those that source renders to,
// such as "release.yaml renders to".
func (f Files) Deviations(have map[string][]byte, source string) []Deviation {
	all := maps.Clone(map[string][]byte(f))
	if all == nil {
		all = map[string][]byte{}
	}
	maps.Copy(all, have)
	var out []Deviation
	for _, name := range slices.Sorted(maps.Keys(all)) {
		should, wanted := f[name]
		is, there := have[name]
		switch {
		case !there:
			out = append(out, Deviation{name, Missing, 0, "it is generated and not there"})
		case !wanted:
			out = append(out, Deviation{name, Extra, 0, "nothing generates it, so it does not belong into a generated folder"})
		case bytes.Equal(is, should):
		case bytes.Equal(bytes.ReplaceAll(is, []byte("\r\n"), []byte("\n")), should):
			out = append(out, Deviation{name, Edited, 1, "its line ends were changed to CRLF; .gitattributes should say: * text=auto eol=lf"})
		default:
			out = append(out, Deviation{name, Edited, firstDifference(is, should), "it is not what " + source})
		}
	}
	return out
}

// firstDifference is the number of the first line that is another.
func firstDifference(a, b []byte) int {
	line := 1
	for i := 0; i < len(a) && i < len(b) && a[i] == b[i]; i++ {
		if a[i] == '\n' {
			line++
		}
	}
	return line
}
