package build

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

var update = flag.Bool("update", false, "write schema.json anew")

// TestPartIsOfKustomize holds the part of the schema to what kustomize's own has for the same kinds and everything that
// these refer to, but for descriptions.
func TestPartIsOfKustomize(t *testing.T) {
	withSchema(all)
	defer schema.RUnlock()
	whole := openapi.Schema().Definitions
	want := spec.Definitions{}
	var take func(s spec.Schema) spec.Schema
	take = func(s spec.Schema) spec.Schema {
		if name, ok := strings.CutPrefix(s.Ref.String(), "#/definitions/"); ok {
			if _, ok := want[name]; !ok {
				want[name] = spec.Schema{} // ends the walk where a definition refers to itself
				want[name] = take(whole[name])
			}
		}
		s.Description = ""
		properties := map[string]spec.Schema{}
		for name, p := range s.Properties {
			properties[name] = take(p)
		}
		s.Properties = properties
		if s.Items != nil && s.Items.Schema != nil {
			items := take(*s.Items.Schema)
			s.Items = &spec.SchemaOrArray{Schema: &items}
		}
		if s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil {
			more := take(*s.AdditionalProperties.Schema)
			s.AdditionalProperties = &spec.SchemaOrBool{Allows: s.AdditionalProperties.Allows, Schema: &more}
		}
		return s
	}
	for name, d := range whole {
		if slices.ContainsFunc(kindsOf(d), func(t yaml.TypeMeta) bool { return slices.Contains(partKinds, t) }) {
			want[name] = take(d)
		}
	}
	var b bytes.Buffer
	b.WriteString("{\n")
	for i, name := range slices.Sorted(maps.Keys(want)) {
		d, err := json.Marshal(want[name])
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			b.WriteString(",\n")
		}
		key, _ := json.Marshal(name)
		b.Write(key)
		b.WriteString(": ")
		b.Write(d)
	}
	b.WriteString("\n}\n")
	if *update {
		if err := os.WriteFile("schema.json", b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(b.Bytes(), part) {
		t.Error("schema.json is not what this kustomize has: go test ./render/build -run TestPartIsOfKustomize -update")
	}
}

// kindsOf are the kinds that a definition is of.
func kindsOf(d spec.Schema) []yaml.TypeMeta {
	var out []yaml.TypeMeta
	list, _ := d.Extensions["x-kubernetes-group-version-kind"].([]any)
	for _, e := range list {
		m, _ := e.(map[string]any)
		t := yaml.TypeMeta{APIVersion: m["version"].(string), Kind: m["kind"].(string)}
		if group := m["group"].(string); group != "" {
			t.APIVersion = group + "/" + t.APIVersion
		}
		out = append(out, t)
	}
	return out
}
