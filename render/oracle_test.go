package render_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/modelops/modelops/render"
	"github.com/modelops/modelops/render/build"
)

// kustomize finds the CLI that is the oracle: MODELOPS_KUSTOMIZE, else kustomize on the PATH. In CI it must be there.
func kustomize(t testing.TB) []string {
	t.Helper()
	if path := os.Getenv("MODELOPS_KUSTOMIZE"); path != "" {
		return []string{path, "build"}
	}
	return oracle(t, "kustomize", "build")
}

func oracle(t testing.TB, name string, args ...string) []string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatalf("%s is needed in CI: %v", name, err)
	}
	if err != nil {
		t.Skipf("%s is not installed (for kustomize, MODELOPS_KUSTOMIZE may name it)", name)
	}
	return append([]string{path}, args...)
}

func runOracle(t testing.TB, command []string, dir string) []byte {
	t.Helper()
	cmd := exec.Command(command[0], append(append([]string(nil), command[1:]...), dir)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, errs.String())
	}
	if errs.Len() > 0 {
		t.Errorf("%s warns: %s", strings.Join(command, " "), errs.String())
	}
	return out.Bytes()
}

// everyFolder lists all folders that are rendered for tests: overlays, tenants and Argo CD's objects.
func everyFolder(t testing.TB) map[string]render.Files {
	t.Helper()
	out := map[string]render.Files{}
	for _, c := range overlayCases(t) {
		files, err := render.Overlay(c.in)
		if err != nil {
			t.Fatal(err)
		}
		out["overlay "+c.name] = files
	}
	for name, files := range platformFolders(t) {
		out[name] = files
	}
	return out
}

// TestKustomizeAgrees compares our builds with those of the kustomize CLI, byte for byte.
func TestKustomizeAgrees(t *testing.T) { agrees(t, kustomize(t)) }

// TestKubectlAgrees compares them with kubectl's, which has an older kustomize inside.
func TestKubectlAgrees(t *testing.T) { agrees(t, oracle(t, "kubectl", "kustomize")) }

func agrees(t *testing.T, command []string) {
	for name, files := range everyFolder(t) {
		t.Run(name, func(t *testing.T) {
			ours, err := build.Build(files)
			if err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(t.TempDir(), "folder")
			writeTree(t, dir, files)
			if diff := cmp.Diff(string(runOracle(t, command, dir)), string(ours.YAML())); diff != "" {
				t.Errorf("the build differs (-%s +ours):\n%s", filepath.Base(command[0]), diff)
			}
		})
	}
}
