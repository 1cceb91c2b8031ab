package build_test

import (
	"sync"
	"testing"

	"github.com/modelops/modelops/render/build"
)

// TestBuildsAtOnce builds from several goroutines, from the first build of the process on; the race detector watches.
func TestBuildsAtOnce(t *testing.T) {
	files := map[string][]byte{
		"kustomization.yaml": []byte("resources:\n- d.yaml\nnamespace: a\nlabels:\n- pairs: {a: b}\n  includeTemplates: true\nimages:\n- name: x\n  newTag: \"2\"\n"),
		"d.yaml":             []byte("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: d\nspec:\n  template:\n    spec:\n      containers:\n      - name: c\n        image: x:1\n"),
	}
	build.Warm()
	got := make([]string, 8)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			objects, err := build.Build(files)
			if err != nil {
				t.Error(err)
			}
			got[i] = string(objects.YAML())
		})
	}
	wg.Wait()
	for _, one := range got {
		if one != got[0] || one == "" {
			t.Errorf("builds differ:\n%s\n%s", got[0], one)
		}
	}
}
