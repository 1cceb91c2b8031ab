package source_test

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/modelops/modelops/internal/validate/source"
	"github.com/modelops/modelops/internal/workspace"
)

// edited is the quickstart with a piece of a file replaced.
func edited(t *testing.T, file, old, new string) fs.FS {
	t.Helper()
	data, err := fs.ReadFile(quickstart, file)
	if err != nil || !strings.Contains(string(data), old) {
		t.Fatalf("%s does not hold %q: %v", file, old, err)
	}
	return workspace.Over(quickstart, map[string][]byte{file: []byte(strings.Replace(string(data), old, new, 1))})
}

// TestPending: what a promote would make of a changed spec is a set of its own, in which nothing else is judged. Its fields
// are written in the spec, and it is compared with what is there.
func TestPending(t *testing.T) {
	t.Parallel()
	const spec = "models/vision/resnet/model.yaml"
	if p := read(t, quickstart).Pending; p != nil {
		t.Fatalf("nothing changed, and %v is pending", names(p))
	}
	fsys := edited(t, spec, "max: 4", "max: 5")
	r, err := source.Read(t.Context(), source.Input{Tree: fsys, Before: quickstart, Changed: []string{spec}})
	if err != nil || len(r.Findings) != 0 || r.Pending == nil {
		t.Fatal(r.Findings, err)
	}
	judged := 0
	for _, u := range r.Pending.Units {
		if u.Context {
			continue
		}
		judged++
		if !u.Pending || u.Target.ModelName() != "vision/resnet" || len(u.Before) != len(u.Objects) {
			t.Errorf("%+v", u)
		}
		for _, o := range u.Objects {
			// What stands in no spec must not be looked for in a folder that does not hold it yet.
			if file := o.Source.Position().File; file != spec && !strings.HasPrefix(file, "models/vision/resnet/patches/") {
				t.Errorf("%s is written in %s", o.Object, file)
			}
			if o.Kind != "HorizontalPodAutoscaler" {
				continue
			}
			if o.At("spec", "maxReplicas") != 5 || where(t, fsys, o, "spec", "maxReplicas") != spec+": max: 5" {
				t.Errorf("maxReplicas %v of %s", o.At("spec", "maxReplicas"), where(t, fsys, o, "spec", "maxReplicas"))
			}
		}
	}
	if judged != 2 {
		t.Errorf("%d pending overlays, want those of both environments", judged)
	}
}

// TestNeverPromoted: a model that is nowhere yet is rendered for the first environment that its team has.
func TestNeverPromoted(t *testing.T) {
	t.Parallel()
	data, err := fs.ReadFile(quickstart, "models/nlp/sentiment/model.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const spec = "models/nlp/fresh/model.yaml"
	for old, want := range map[string]string{"": "models/nlp/fresh/staging", "  image:": ""} {
		text := strings.ReplaceAll(string(data), "name: sentiment", "name: fresh")
		if old != "" {
			text = strings.Replace(text, old, "  # image:", 1)
		}
		r := read(t, workspace.Over(quickstart, map[string][]byte{spec: []byte(text)}), spec)
		got := ""
		if r.Pending != nil {
			got = r.Pending.Units[0].Path
		}
		if got != want || len(r.Gaps) != 1 || !strings.Contains(r.Gaps[0].What, spec) {
			t.Errorf("%q: pending is %q, want %q; not checked: %v", old, got, want, r.Gaps)
		}
	}
}
