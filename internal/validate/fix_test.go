package validate_test

import (
	"os"
	"testing"

	"github.com/modelops/modelops/internal/validate"
	"github.com/modelops/modelops/internal/validate/finding"
)

func TestFixed(t *testing.T) {
	t.Parallel()
	const text = "a: 1\nü: {b: yes, c: no}\nlast: x"
	edit := func(line, column int, old, new string) finding.Edit {
		return finding.Edit{At: finding.Position{File: "f", Line: line, Column: column}, Old: old, New: new}
	}
	for name, c := range map[string]struct {
		edits []finding.Edit
		want  string // "" where it is refused
	}{
		"one":                   {[]finding.Edit{edit(1, 4, "1", "2")}, "a: 2\nü: {b: yes, c: no}\nlast: x"},
		"several in a line":     {[]finding.Edit{edit(2, 8, "yes", `"yes"`), edit(2, 16, "no", "false")}, "a: 1\nü: {b: \"yes\", c: false}\nlast: x"},
		"the same twice":        {[]finding.Edit{edit(1, 4, "1", "2"), edit(1, 4, "1", "2")}, "a: 2\nü: {b: yes, c: no}\nlast: x"},
		"a line put in":         {[]finding.Edit{edit(3, 1, "", "new: y\n")}, "a: 1\nü: {b: yes, c: no}\nnew: y\nlast: x"},
		"changed meanwhile":     {[]finding.Edit{edit(1, 4, "7", "2")}, ""},
		"two that meet":         {[]finding.Edit{edit(2, 8, "yes", "a"), edit(2, 9, "es,", "b")}, ""},
		"no such line":          {[]finding.Edit{edit(9, 1, "a", "b")}, ""},
		"no such column":        {[]finding.Edit{edit(1, 40, "a", "b")}, ""},
		"no place in it at all": {[]finding.Edit{edit(0, 0, "zzz", "b")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := validate.Fixed([]finding.Finding{{Edits: c.edits}}, func(string) ([]byte, error) { return []byte(text), nil })
			if (err != nil) != (c.want == "") || string(out["f"]) != c.want {
				t.Errorf("%q %v", out["f"], err)
			}
		})
	}
	if _, err := validate.Fixed([]finding.Finding{{Edits: []finding.Edit{edit(1, 1, "a", "b")}}}, func(string) ([]byte, error) { return nil, os.ErrNotExist }); err == nil {
		t.Error("a file that is gone was fixed")
	}
}
