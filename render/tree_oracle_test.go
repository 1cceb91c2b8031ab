package render_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/modelops/modelops/render/build"
)

// TestTreesAsKustomizeBuildsThem compares trees of every shape with the CLI, byte for byte. A folder of testdata/trees is
// an archive whose kustomization to build is in top/.
func TestTreesAsKustomizeBuildsThem(t *testing.T) {
	t.Parallel()
	command := kustomize(t)
	archives, err := filepath.Glob("testdata/trees/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal("no trees", err)
	}
	for _, file := range archives {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			for _, f := range txtar.Parse(data).Files {
				path := filepath.Join(dir, f.Name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, f.Data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			b, err := build.Tree(os.DirFS(dir), "top")
			if err != nil {
				t.Fatal(err)
			}
			// It warns of deprecated fields, which is no difference.
			want, err := exec.Command(command[0], slices.Concat(command[1:], []string{filepath.Join(dir, "top")})...).Output()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(b.Objects.YAML())); diff != "" {
				t.Error(diff)
			}
		})
	}
}
