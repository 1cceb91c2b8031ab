package manifest_test

import (
	"testing"

	"github.com/modelops/modelops/internal/validate/manifest"
)

func TestEndless(t *testing.T) {
	container := func(more map[string]any) map[string]any {
		return map[string]any{"spec": map[string]any{"containers": []any{more}}}
	}
	for name, c := range map[string]struct {
		content map[string]any
		want    string
	}{
		"an amount":            {container(map[string]any{"resources": map[string]any{"limits": map[string]any{"memory": "1e-10000000"}}}), "spec.containers[0].resources.limits.memory"},
		"a divisor":            {container(map[string]any{"env": []any{map[string]any{"name": "A", "valueFrom": map[string]any{"resourceFieldRef": map[string]any{"divisor": "1E999999999"}}}}}), "spec.containers[0].env[0].valueFrom.resourceFieldRef.divisor"},
		"a metric's value":     {map[string]any{"spec": map[string]any{"target": map[string]any{"type": "Value", "value": "1e1000"}}}, "spec.target.value"},
		"a large amount":       {container(map[string]any{"resources": map[string]any{"limits": map[string]any{"memory": "1e12"}}}), ""},
		"a variable":           {container(map[string]any{"env": []any{map[string]any{"name": "A", "value": "1e99999"}}}), ""},
		"an id in hexadecimal": {map[string]any{"metadata": map[string]any{"annotations": map[string]any{"modelops.dev/release": "064788e71450"}}}, ""},
		"an odd type":          {map[string]any{"spec": []any{nil, 3, true, map[string]any{}}}, ""},
	} {
		o := &manifest.Object{Content: c.content}
		if got := manifest.Field(o.Endless()...); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
