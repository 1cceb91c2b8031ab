package catalogue_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/modelops/modelops/internal/validate/catalogue"
	"github.com/modelops/modelops/internal/validate/manifest"
)

// BenchmarkThousandOverlays runs all checks on a thousand overlays of fifty teams in one namespace each.
func BenchmarkThousandOverlays(b *testing.B) {
	base := unit(b, root+"examples/quickstart/models/nlp/llama/prod", "models/nlp/llama/prod")
	set := &manifest.Set{Whole: true}
	for i := range 1000 {
		u := *base
		u.Path, u.Objects = fmt.Sprintf("models/t%d/m%d/prod", i%50, i), nil
		for _, o := range base.Objects {
			copied := *o
			copied.Unit, copied.Namespace = &u, fmt.Sprintf("t%d-prod", i%50)
			copied.Content = maps.Clone(o.Content)
			u.Objects = append(u.Objects, &copied)
		}
		set.Units = append(set.Units, &u)
	}
	for b.Loop() {
		for _, c := range catalogue.All() {
			c.Run(set)
		}
	}
}
