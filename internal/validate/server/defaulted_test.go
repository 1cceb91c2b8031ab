package server_test

import (
	"reflect"
	"testing"

	"github.com/modelops/modelops/internal/validate/server"
)

func TestDefaulted(t *testing.T) {
	in := map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "web"},
		"spec": map[string]any{"template": map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"name": "web", "image": "web:1.0"}}}}}}
	spec := server.Defaulted(in)["spec"].(map[string]any)
	container := spec["template"].(map[string]any)["spec"].(map[string]any)["containers"].([]any)[0].(map[string]any)
	if spec["replicas"] != int64(1) || container["imagePullPolicy"] != "IfNotPresent" {
		t.Errorf("%v", spec)
	}
	if own := in["spec"].(map[string]any); len(own) != 1 {
		t.Errorf("it was changed: %v", own)
	}
	for _, odd := range []map[string]any{
		nil, {"apiVersion": "example.com/v1", "kind": "Widget"}, {"apiVersion": "apps/v1", "kind": "Deployment", "spec": "text"}, {"kind": 5},
	} {
		if got := server.Defaulted(odd); !reflect.DeepEqual(got, odd) {
			t.Errorf("%v became %v", odd, got)
		}
	}
}
