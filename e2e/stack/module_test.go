package stack

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

func TestGoModRepeatsReplacements(t *testing.T) {
	file := filepath.Join(t.TempDir(), "go.mod")
	content := `module k8s.io/kubernetes

go 1.25.0

replace (
	k8s.io/api => ./staging/src/k8s.io/api
	example.com/old v1.0.0 => example.com/fork v1.2.3
)
`
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	replace, err := replacements(context.Background(), file)
	if err != nil {
		t.Fatal(err)
	}
	head := "module modelops.dev/e2e/p\n\ngo " + goVersion + "\n\nrequire k8s.io/kubernetes v1.35.4\n"
	fork := "\nreplace example.com/old v1.0.0 => example.com/fork v1.2.3\n"
	for _, c := range []struct{ siblings, want string }{
		{"v0.35.4", head + "\nreplace k8s.io/api => k8s.io/api v0.35.4\n" + fork},
		{"", head + fork},
	} {
		got := goModFor(part{name: "p", module: "k8s.io/kubernetes", version: "v1.35.4", siblings: c.siblings}, replace)
		if got != c.want {
			t.Errorf("siblings %q:\n%s\nwant:\n%s", c.siblings, got, c.want)
		}
	}
}

func TestGoSaysWhyItFailed(t *testing.T) {
	if _, err := replacements(context.Background(), filepath.Join(t.TempDir(), "absent.mod")); err == nil {
		t.Fatal("reading a go.mod that does not exist succeeded")
	}
}
