//go:build e2e

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelops/modelops/e2e/stack"
)

// TestTable holds the table in the docs to what the tools say today, but for the times.
func TestTable(t *testing.T) {
	cache, err := stack.Cache(os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	built, err := stack.Linters(t.Context(), cache, t.Logf, stack.Kubeconform, stack.KubectlValidate, stack.KubeScore)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "modelops")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../../cmd/modelops").CombinedOutput(); err != nil {
		t.Fatalf("build modelops: %v\n%s", err, out)
	}
	tools, err := allTools(t.Context(), cache, built, program, dir)
	if err != nil {
		t.Fatal(err)
	}
	columns, cases, err := compare(t.Context(), tools, filepath.Join(dir, "corpus"), "../../../examples/quickstart")
	if err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	write(&table, cases, columns)
	if err := writeChecks(t.Context(), &table, built[stack.KubeScore].Path, "../../../internal/validate/catalogue/testdata"); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../../docs/validate-comparison.md")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(table.String()) {
		if !strings.HasPrefix(line, "| time ") && !strings.Contains(string(page), line) {
			t.Errorf("docs/validate-comparison.md has no line\n%s", line)
		}
	}
}
