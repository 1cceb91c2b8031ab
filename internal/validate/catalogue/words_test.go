package catalogue_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/modelops/modelops/internal/validate/catalogue"
)

// TestWords holds what is said about every example, word for word: place, severity, object, field, message and fix.
func TestWords(t *testing.T) {
	var b strings.Builder
	for _, c := range catalogue.All() {
		for _, path := range examples(t, c.ID) {
			for _, f := range c.Run(read(t, path).set) {
				fmt.Fprintf(&b, "%s %s %s\n", c.ID, f.Severity, strings.TrimPrefix(f.At.String(), "testdata/"))
				for _, line := range []string{strings.TrimSpace(f.Object.String() + " " + f.Field), f.Message, "fix: " + f.Fix} {
					if line != "" {
						fmt.Fprintf(&b, "  %s\n", line)
					}
				}
				for _, e := range f.Edits {
					fmt.Fprintf(&b, "  edit: %s -> %s\n", e.Old, e.New)
				}
			}
		}
	}
	written(t, "testdata/findings.txt", b.String())
}
