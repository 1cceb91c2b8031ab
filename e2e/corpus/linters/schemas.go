package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/modelops/modelops/internal/validate/schema"
)

// object is one of JSON.
type object = map[string]any

// schemaLocation is how kubeconform finds the files that writeSchemas writes.
const schemaLocation = "{{ .ResourceKind }}{{ .KindSuffix }}.json"

// writeSchemas writes a file for each kind of Kubernetes and of the definitions that modelops carries, as the tools do that
// kubeconform's own schemas come from (openapi2jsonschema): no field that is not described, null for what may be left
// out, and text or numbers where Kubernetes takes both.
func writeSchemas(swagger, dir string) error {
	data, err := os.ReadFile(swagger)
	if err != nil {
		return err
	}
	var api struct{ Definitions map[string]object }
	if err := json.Unmarshal(data, &api); err != nil {
		return fmt.Errorf("%s: %w", swagger, err)
	}
	for name, d := range api.Definitions {
		strict(d)
		if strings.HasSuffix(name, ".api.resource.Quantity") {
			api.Definitions[name] = object{"type": []string{"string", "number", "null"}}
		}
	}
	for name, d := range api.Definitions {
		kinds, _ := d["x-kubernetes-group-version-kind"].([]any)
		for _, k := range kinds {
			k, _ := k.(object)
			used := object{}
			reach(api.Definitions, name, used)
			root := object{"allOf": []any{object{"$ref": "#/definitions/" + name}}, "definitions": used}
			if err := writeSchema(dir, k["group"].(string), k["version"].(string), k["kind"].(string), root); err != nil { //nolint:forcetypeassert // as documented by Kubernetes
				return err
			}
		}
	}
	return writeCustom(dir)
}

// writeCustom writes the schemas of custom resources. At their top anything may stand, since some definitions describe
// not even the metadata.
func writeCustom(dir string) error {
	definitions, err := schema.Manifests()
	if err != nil {
		return err
	}
	for _, text := range definitions {
		var crd struct {
			Spec struct {
				Group    string
				Names    struct{ Kind string }
				Versions []struct {
					Name   string
					Served bool
					Schema struct{ OpenAPIV3Schema object }
				}
			}
		}
		if err := json.Unmarshal([]byte(text), &crd); err != nil {
			return err
		}
		for _, v := range crd.Spec.Versions {
			if v.Served {
				strict(v.Schema.OpenAPIV3Schema)
				delete(v.Schema.OpenAPIV3Schema, "additionalProperties")
				if err := writeSchema(dir, crd.Spec.Group, v.Name, crd.Spec.Names.Kind, v.Schema.OpenAPIV3Schema); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// strict makes the changes to a schema and to all in it.
func strict(s object) {
	properties, _ := s["properties"].(object)
	required, _ := s["required"].([]any)
	for name, p := range properties {
		p, _ := p.(object)
		strict(p)
		if t, ok := p["type"].(string); ok && !slices.Contains(required, any(name)) {
			p["type"] = []string{t, "null"}
		}
	}
	if _, described := s["additionalProperties"]; len(properties) > 0 && !described && s["x-kubernetes-preserve-unknown-fields"] != true {
		s["additionalProperties"] = false
	}
	if s["x-kubernetes-int-or-string"] == true || s["format"] == "int-or-string" {
		s["type"] = []string{"string", "integer", "null"}
		delete(s, "format")
	}
	for _, key := range []string{"items", "additionalProperties"} {
		if sub, ok := s[key].(object); ok {
			strict(sub)
		}
	}
}

// reach copies a definition, and those that it refers to, into a schema that then stands alone.
func reach(all map[string]object, name string, into object) {
	if _, there := into[name]; there {
		return
	}
	into[name] = all[name]
	var follow func(any)
	follow = func(v any) {
		switch v := v.(type) {
		case object:
			if ref, ok := v["$ref"].(string); ok {
				reach(all, strings.TrimPrefix(ref, "#/definitions/"), into)
			}
			for _, e := range v {
				follow(e)
			}
		case []any:
			for _, e := range v {
				follow(e)
			}
		}
	}
	follow(all[name])
}

// writeSchema writes the schema of one kind, which may say that it is that kind alone.
func writeSchema(dir, group, version, kind string, s object) error {
	apiVersion, suffix := version, "-"+version
	if group != "" {
		first, _, _ := strings.Cut(group, ".")
		apiVersion, suffix = group+"/"+version, "-"+first+"-"+version
	}
	s = maps.Clone(s)
	all, _ := s["allOf"].([]any)
	s["allOf"] = append(slices.Clone(all), object{"properties": object{"apiVersion": object{"enum": []string{apiVersion}}, "kind": object{"enum": []string{kind}}}})
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, strings.ToLower(kind+suffix)+".json"), data, 0o644)
}
