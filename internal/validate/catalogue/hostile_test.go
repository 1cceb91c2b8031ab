package catalogue_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/modelops/modelops/internal/validate/catalogue"
	"github.com/modelops/modelops/internal/validate/manifest"
)

// odd is what stands where something else is expected.
var odd = []any{nil, "text", "", -1, 1e300, true, []any{}, []any{"x", 1, nil}, map[string]any{}, map[string]any{"x": nil}}

// TestNoTypeIsTrusted puts every odd value into every place of every example: a check that trusts a type panics.
func TestNoTypeIsTrusted(t *testing.T) {
	for _, c := range catalogue.All() {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			tried := 0
			for _, path := range examples(t, c.ID) {
				e := read(t, path)
				for _, objects := range [][]*manifest.Object{objectsOf(e.set), beforeOf(e.set)} {
					for _, o := range objects {
						plain := o.Content
						replaced(plain, func(v any) {
							o.Content = v.(map[string]any) //nolint:forcetypeassert // the root stays a map
							c.Run(e.set)
							tried++
						})
						o.Content = plain
					}
				}
			}
			if tried == 0 && !strings.HasPrefix(c.ID, "MO8") {
				t.Error("nothing was tried")
			}
		})
	}
}

func objectsOf(set *manifest.Set) []*manifest.Object {
	var out []*manifest.Object
	set.Objects(func(o *manifest.Object) { out = append(out, o) })
	return out
}

func beforeOf(set *manifest.Set) []*manifest.Object {
	if len(set.Units) == 0 {
		return nil
	}
	return set.Units[0].Before
}

// replaced calls try with copies of a value, in each of which one place holds an odd value.
func replaced(v any, try func(any)) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			place := func(inner any) {
				copied := maps.Clone(v)
				copied[k] = inner
				try(copied)
			}
			for _, o := range odd {
				place(o)
			}
			replaced(v[k], place)
		}
	case []any:
		for i := range v {
			place := func(inner any) {
				copied := slices.Clone(v)
				copied[i] = inner
				try(copied)
			}
			for _, o := range odd {
				place(o)
			}
			replaced(v[i], place)
		}
	}
}
