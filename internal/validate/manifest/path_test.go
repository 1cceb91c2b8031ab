package manifest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/modelops/modelops/internal/validate/manifest"
)

func TestPath(t *testing.T) {
	o := &manifest.Object{Content: map[string]any{
		"spec":     map[string]any{"list": []any{map[string]any{"a": 1}}, "byNumber": map[string]any{"0": "x"}},
		"metadata": map[string]any{"labels": map[string]any{"example.com/a": "b"}},
	}}
	for field, want := range map[string][]any{
		"":                               nil,
		"spec":                           {"spec"},
		"spec.list[0].a":                 {"spec", "list", 0, "a"},
		"spec.missing[3].a":              {"spec", "missing", 3, "a"},
		"spec.byNumber[0]":               {"spec", "byNumber", "0"},
		"metadata.labels[example.com/a]": {"metadata", "labels", "example.com/a"},
		"metadata.labels.example.com/a":  {"metadata", "labels", "example.com/a"},
		"metadata.labels.example.com/b":  {"metadata", "labels", "example", "com/b"},
		"metadata.labels[a]b].x":         {"metadata", "labels", "a]b", "x"},
		"metadata.labels[":               {"metadata", "labels", ""},
		"[0].a":                          {"0", "a"},
	} {
		if diff := cmp.Diff(want, o.Path(field)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", field, diff)
		}
	}
}

func FuzzPath(f *testing.F) {
	f.Add("spec.list[0].a")
	f.Add("[[]]..[")
	f.Fuzz(func(_ *testing.T, field string) {
		o := &manifest.Object{Content: map[string]any{"spec": []any{}}}
		o.Path(field)
	})
}
