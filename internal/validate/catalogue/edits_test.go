package catalogue_test

import (
	"strings"
	"testing"

	"github.com/modelops/modelops/internal/validate/catalogue"
	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/validate/source"
)

// TestEditsFixWhatWasFound makes every edit that is offered on an example: the text is there, and the finding is gone.
func TestEditsFixWhatWasFound(t *testing.T) {
	fixed := map[string]int{}
	for _, c := range catalogue.All() {
		for _, path := range examples(t, c.ID) {
			e := read(t, path)
			for _, f := range c.Run(e.set) {
				for _, edit := range f.Edits {
					file := edit.At.File
					left := runOn(t, c, file, edited(t, e.texts[file], edit))
					for _, again := range left {
						if again.Object == f.Object && again.Field == f.Field && again.Message == f.Message {
							t.Errorf("%s: %q is found after its edit", path, f.Message)
						}
					}
					fixed[c.ID]++
				}
			}
		}
	}
	for _, id := range []string{"MO104", "MO204", "MO207", "MO404"} {
		if fixed[id] == 0 {
			t.Errorf("%s offers no edit in its examples", id)
		}
	}
}

func edited(t *testing.T, text string, e finding.Edit) string {
	t.Helper()
	lines := strings.SplitAfter(text, "\n")
	line := lines[e.At.Line-1]
	at := e.At.Column - 1
	if !strings.HasPrefix(line[at:], e.Old) {
		t.Fatalf("%s: %q does not stand there: %q", e.At, e.Old, line)
	}
	lines[e.At.Line-1] = line[:at] + e.New + line[at+len(e.Old):]
	return strings.Join(lines, "")
}

func runOn(t *testing.T, c *catalogue.Check, file, text string) []finding.Finding {
	t.Helper()
	u := &manifest.Unit{Kind: manifest.File, Path: file, Objects: must(source.Manifests(file, []byte(text)))(t)}
	u.Own(u.Objects)
	return c.Run(&manifest.Set{Whole: true, Units: []*manifest.Unit{u}})
}
