package examples_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/modelops/modelops/internal/validate/report"
)

var outputs = regexp.MustCompile(`-o ([a-z]+)`)

// The examples for CI systems are what they say they are, and ask for forms of reports that there are.
func TestCI(t *testing.T) {
	files, err := filepath.Glob("ci/*")
	if err != nil || len(files) < 4 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Ext(file) == ".yaml" {
			var doc map[string]any
			if err := yaml.Unmarshal(data, &doc); err != nil || len(doc) == 0 {
				t.Errorf("%s: %v", file, err)
			}
		}
		asked := outputs.FindAllStringSubmatch(string(data), -1)
		if len(asked) == 0 || !strings.Contains(string(data), "modelops validate") {
			t.Errorf("%s does not validate", file)
		}
		for _, m := range asked {
			if f := m[1]; f != "text" && f != "json" && !slices.Contains(report.Formats(), report.Format(f)) {
				t.Errorf("%s asks for %s", file, m[0])
			}
		}
	}
}
