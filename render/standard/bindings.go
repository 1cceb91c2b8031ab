package standard

import (
	"regexp"
	"slices"
	"strings"
)

// Binding is one place of a manifest that a standard fills.
type Binding struct {
	// Path of the field; a part such as [name=server] chooses an element of a list.
	Path []string
	// Reads are the variables that its value is made of, such as model.resources.cpu.
	Reads []string
}

// Bindings lists what a sheet and its components fill in a manifest, whatever their conditions. Nothing where the sheet
// has no such manifest or cannot be read.
func (s *Standard) Bindings(sheetName, file string) []Binding {
	load, ok := s.sheets[sheetName]
	if !ok {
		return nil
	}
	sh, err := load()
	if err != nil {
		return nil
	}
	var out []Binding
	for _, sec := range append([]section{sh.section}, sh.components...) {
		named := map[string][]string{}
		for _, v := range slices.Concat(sh.values, sec.values) {
			named[v.name] = reads(named, v.value)
		}
		for _, p := range slices.Concat(sec.parts, sec.release) {
			if p.file != file {
				continue
			}
			for _, b := range p.bindings {
				out = append(out, Binding{b.path, reads(named, b.value, b.add, b.each)})
			}
		}
	}
	return out
}

var (
	quoted   = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'`)
	variable = regexp.MustCompile(`[a-zA-Z_][A-Za-z0-9_]*(?:\.[a-zA-Z_][A-Za-z0-9_]*)*`)
)

// reads are the variables in some expressions, those behind named values included.
func reads(named map[string][]string, expressions ...*expression) []string {
	var out []string
	for _, e := range expressions {
		if e == nil {
			continue
		}
		for _, word := range variable.FindAllString(quoted.ReplaceAllString(e.source, ""), -1) {
			root, _, _ := strings.Cut(word, ".")
			switch {
			case named[root] != nil:
				out = append(out, named[root]...)
			case variables[root] && root != "item":
				out = append(out, word)
			}
		}
	}
	return slices.Compact(out)
}
