package spec_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelops/modelops/render/spec"
)

var update = flag.Bool("update", false, "write the JSON Schemas")

// TestSchemasAreCurrent keeps the published schemas equal to the types. `go test ./render/spec -update` writes them.
func TestSchemasAreCurrent(t *testing.T) {
	schemas, err := spec.Schemas(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for kind, s := range schemas {
		want, err := json.MarshalIndent(s, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, '\n')
		file := filepath.Join("..", "..", "docs", "schemas", "v1alpha1", strings.ToLower(kind)+".json")
		if *update {
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the types say (%v): go test ./render/spec -update", file, err)
		}
	}
}

// TestEveryFieldIsDescribed demands a comment above every field of every document.
func TestEveryFieldIsDescribed(t *testing.T) {
	schemas, err := spec.Schemas(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	var walk func(path string, s *spec.Schema)
	walk = func(path string, s *spec.Schema) {
		for name, p := range s.Properties {
			if p.Description == "" && !strings.HasSuffix(path, "/") && name != "apiVersion" && name != "kind" && name != "metadata" && name != "spec" {
				t.Errorf("%s.%s has no description", path, name)
			}
			walk(path+"."+name, p)
		}
		if s.Items != nil {
			walk(path+"[]", s.Items)
		}
	}
	for kind, s := range schemas {
		walk(kind, s)
	}
}
