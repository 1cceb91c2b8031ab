package schema_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/validate/schema"
	"github.com/modelops/modelops/internal/validate/source"
)

func unit(t testing.TB, file, text string) *manifest.Unit {
	t.Helper()
	objects, err := source.Manifests(file, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	u := &manifest.Unit{Kind: manifest.File, Path: file}
	u.Objects = u.Own(objects)
	return u
}

// builtin is as much as these tests need of what is Kubernetes' own.
func builtin(group string) bool { return group == "" || group == "apps" }

// judge gives line, field and message of each finding, and why what was skipped was.
func judge(t testing.TB, library *schema.Library, units ...*manifest.Unit) (found, skipped []string) {
	t.Helper()
	all, left := schema.Judge(&manifest.Set{Units: units}, schema.Options{Library: library, Builtin: builtin})
	for _, f := range all {
		found = append(found, fmt.Sprintf("%d %s: %s", f.At.Line, f.Field, f.Message))
		if f.Check != "MO005" || f.Why == "" || f.Fix == "" || f.Judge == "" || f.At.File == "" {
			t.Errorf("a finding without words: %+v", f)
		}
	}
	for _, s := range left {
		skipped = append(skipped, s.Reason)
	}
	return found, skipped
}

const widget = `apiVersion: example.com/v1
kind: Widget
metadata: {name: w}
spec:
  size: 5
  color: red
  labels: {example.com/a: b}
  parts: [{name: a}, {name: b}]
`

// TestWidget breaks an object of a definition that a folder brings, in one way at a time.
func TestWidget(t *testing.T) {
	library, err := schema.Load(os.DirFS("testdata/dir"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, new, found, skipped string }{
		{name: "as it is"},
		{name: "unknown field", old: "color:", new: "colour:", found: `6 spec.colour: unknown field "spec.colour"`},
		{name: "value that is none of the list", old: "red", new: "blue", found: `6 spec.color: Unsupported value: "blue": supported values: "red", "green"`},
		{name: "text in the place of a number", old: "size: 5", new: "size: five", found: `5 spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"`},
		{name: "too small", old: "size: 5", new: "size: 0", found: `5 spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1`},
		{name: "missing", old: "size: 5", new: "max: 5", found: `4 spec.size: Required value`},
		{name: "rule over a default", old: "size: 5", new: "size: 11", found: `4 spec: Invalid value: "object": larger than its maximum`},
		{name: "the same key twice", old: "{name: b}", new: "{name: a}", found: `8 spec.parts[1]: Duplicate value: {"name":"a"}`},
		{name: "number in a map of texts", old: "example.com/a: b", new: "example.com/a: 1", found: `7 spec.labels[example.com/a]: Invalid value: "integer": spec.labels.example.com/a in body must be of type string: "integer"`},
		{name: "unknown field of the metadata", old: "name: w", new: "nam: w, name: w", found: `3 metadata.nam: unknown field "metadata.nam"`},
		{name: "name that is none", old: "name: w", new: "name: W_", found: `3 metadata.name: Invalid value: "W_": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`},
		{name: "version that is not served", old: "example.com/v1", new: "example.com/v1alpha1", found: `1 apiVersion: Widget.example.com has no version v1alpha1`},
		{name: "list in the place of a map", old: "labels: {example.com/a: b}", new: "labels: [a]", found: `7 spec.labels: Invalid value: "array": spec.labels in body must be of type object: "array"`},
		{name: "another kind", old: "kind: Widget", new: "kind: Thing", skipped: "no schema of Thing in example.com is known here: name a folder that holds its CustomResourceDefinition by --schema-dir FOLDER"},
		{name: "by a JSON schema", old: "kind: Widget", new: "kind: Gadget", found: "4 spec: Invalid value"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(widget, c.old, c.new, 1)
			found, skipped := judge(t, library, unit(t, "w.yaml", text))
			if got := strings.Join(found, "\n"); got != c.found && (c.name != "by a JSON schema" || !strings.Contains(got, "spec.color in body is a forbidden property")) {
				t.Errorf("found:\n%s\nwant:\n%s", got, c.found)
			}
			if diff := cmp.Diff(c.skipped, strings.Join(skipped, "\n")); diff != "" {
				t.Errorf("skipped: -want +got:\n%s", diff)
			}
		})
	}
}

// A rule that compares with what was before judges the change, and only that.
func TestChange(t *testing.T) {
	library, err := schema.Load(os.DirFS("testdata/dir"))
	if err != nil {
		t.Fatal(err)
	}
	now := unit(t, "w.yaml", strings.Replace(widget, "size: 5", "size: 4", 1))
	now.Before = unit(t, "before.yaml", widget).Objects
	found, _ := judge(t, library, now)
	if diff := cmp.Diff([]string{`4 spec: Invalid value: "object": it may not shrink`}, found); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	now.Before = now.Objects
	if found, _ := judge(t, library, now); len(found) > 0 {
		t.Errorf("nothing changed: %v", found)
	}
}

// A definition among the objects judges the others, and is judged itself.
func TestDefinitionInTheSet(t *testing.T) {
	text, err := os.ReadFile("testdata/dir/widget.yaml")
	if err != nil {
		t.Fatal(err)
	}
	bad := strings.Replace(widget, "size: 5", "size: 0", 1)
	found, skipped := judge(t, nil, unit(t, "crd.yaml", string(text)), unit(t, "w.yaml", bad))
	if len(found) != 1 || !strings.HasPrefix(found[0], "5 spec.size") || len(skipped) > 0 {
		t.Errorf("%v %v", found, skipped)
	}
	if found, skipped := judge(t, nil, unit(t, "w.yaml", bad)); len(found) > 0 || len(skipped) != 1 {
		t.Errorf("without the definition: %v %v", found, skipped)
	}
	for _, c := range []struct{ old, new, found string }{
		{"widgets.example.com", "widget.example.com", `metadata.name: Invalid value: "widget.example.com": must be spec.names.plural+"."+spec.group`},
		{"self.size <= self.max", "self.size <= self.maximum", "undefined field 'maximum'"},
		{"    served: true", "    serve: true\n    served: true", `unknown field "spec.versions[0].serve"`},
		{"type: integer, minimum: 1", "minimum: 1", "properties.size.type: Required value"},
	} {
		found, _ := judge(t, nil, unit(t, "crd.yaml", strings.Replace(string(text), c.old, c.new, 1)))
		if !strings.Contains(strings.Join(found, "\n"), c.found) {
			t.Errorf("%s: %v", c.new, found)
		}
	}
}

// The carried definitions all compile, with their rules.
func TestCarriedDefinitionsCompile(t *testing.T) {
	kinds, err := schema.Carried().Kinds()
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range kinds {
		text := fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata: {name: a}\n", kind.GroupVersion(), kind.Kind)
		if _, skipped := judge(t, nil, unit(t, "a.yaml", text)); len(skipped) > 0 {
			t.Errorf("%s: %v", kind, skipped)
		}
	}
	if len(kinds) < 29 {
		t.Errorf("only %d kinds", len(kinds))
	}
}

// What a folder holds beside definitions is left alone; what it should not hold is refused by name.
func TestLoad(t *testing.T) {
	if _, err := schema.Load(fstest.MapFS{"README.md": {Data: []byte("# x")}, "other.yaml": {Data: []byte("a: 1\n")}}); err != nil {
		t.Error(err)
	}
	for name, data := range map[string]string{
		"broken.yaml": "a: [",
		"plain.json":  "{}",
		"large.yaml":  "a: " + strings.Repeat("x", 9<<20),
		"crd.yaml":    "kind: CustomResourceDefinition\nspec: 1\n",
	} {
		if _, err := schema.Load(fstest.MapFS{name: {Data: []byte(data)}}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Content of any form is judged or skipped, and breaks nothing.
func FuzzJudge(f *testing.F) {
	f.Add("spec: {size: 5}")
	f.Add("spec: [1]\nmetadata: 3")
	f.Add("metadata: {labels: [a], annotations: {a: 1}, finalizers: x, name: {}}")
	library, err := schema.Load(os.DirFS("testdata/dir"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, rest string) {
		objects, err := source.Manifests("f.yaml", []byte("apiVersion: example.com/v1\nkind: Widget\n"+rest))
		if err != nil {
			return
		}
		schema.Judge(&manifest.Set{Units: []*manifest.Unit{{Objects: objects}}}, schema.Options{Library: library, Builtin: builtin})
	})
}
