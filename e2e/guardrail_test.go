//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/modelops/modelops/e2e/stack"
	"github.com/modelops/modelops/internal/validate/catalogue"
	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/guardrail"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/render/build"
)

// TestGuardrails applies the policies that are written from the checks to a real API server: it takes what the standard
// renders, and refuses each breach by the check that finds it before a commit.
func TestGuardrails(t *testing.T) {
	programs, err := stack.BuildAPIServer(current.ctx, cache(t), logf)
	if err != nil {
		t.Fatal(err)
	}
	starting, cancel := context.WithTimeout(current.ctx, 2*time.Minute)
	defer cancel()
	api, err := stack.StartAPIServer(starting, programs, current.folder(t, "guardrails"))
	if err != nil {
		t.Fatal(err)
	}
	current.keep(t, api)
	ctx := within(t, 3*time.Minute)
	const namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: nlp-prod, labels: {modelops.dev/team: nlp}}\n"
	if err := api.Apply(ctx, namespace); err != nil {
		t.Fatal(err)
	}
	policies, err := guardrail.All(guardrail.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range policies {
		if err := api.Apply(ctx, string(p.Admission)); err != nil {
			t.Fatal(p.Check.ID, err)
		}
	}
	good := objectsOfLlama(t)
	breaches := []struct{ check, kind, path, value string }{
		{"MO102", "Deployment", "spec.template.spec.containers.0.securityContext.readOnlyRootFilesystem", `false`},
		{"MO105", "Deployment", "spec.template.spec.serviceAccountName", `"default"`},
		{"MO106", "Deployment", "spec.template.spec.containers.0.image", `"registry.example.com/serving/vllm:3"`},
		{"MO201", "Deployment", "spec.template.spec.containers.0.readinessProbe", `null`},
		{"MO205", "Deployment", "spec.strategy", `{"type": "Recreate"}`},
		{"MO211", "Deployment", "spec.selector.matchLabels and spec.template.metadata.labels", `{"app.kubernetes.io/name": "llama", "helm.sh/chart": "x"}`},
		{"MO301", "Deployment", "spec.template.spec.containers.0.resources.limits.memory", `null`},
		{"MO302", "Deployment", "spec.template.spec.containers.0.env", `[{"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}]`},
		{"MO207", "PodDisruptionBudget", "spec.maxUnavailable", `"0%"`},
		{"MO310", "Service", "spec.type", `"NodePort"`},
		{"MO109", "Role", "rules", `[{"apiGroups": ["apps"], "resources": ["*"], "verbs": ["get"]}]`},
		{"MO304", "LimitRange", "spec.limits", `[{"type": "Container", "max": {"nvidia.com/gpu": "1"}}]`},
	}
	// The policies hold from the moment on at which the server has read them all.
	last := breaches[len(breaches)-1]
	for !refusedBy(ctx, t, api, breach(t, good[last.kind], last.path, last.value), "MO304") {
		select {
		case <-ctx.Done():
			t.Fatal("the policies do not come to hold")
		case <-time.After(100 * time.Millisecond):
		}
	}
	for kind, o := range good {
		if err := admitted(ctx, api, o); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	for _, b := range breaches {
		o := breach(t, good[b.kind], b.path, b.value)
		// Policies are read one after the other.
		for range 50 {
			if refusedBy(ctx, t, api, o, b.check) {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		if !refusedBy(ctx, t, api, o, b.check) {
			t.Errorf("%s: the cluster takes it", b.check)
		}
		if !finds(b.check, o) {
			t.Errorf("%s: the check finds nothing in it", b.check)
		}
	}
}

// objectsOfLlama is a model of the quickstart, with the tenant's Role and LimitRange, by kind.
func objectsOfLlama(t *testing.T) map[string]map[string]any {
	t.Helper()
	out := map[string]map[string]any{}
	for _, dir := range []string{"models/nlp/llama/prod", "tenants/nlp/prod"} {
		files := map[string][]byte{}
		root := filepath.Join("../examples/quickstart", dir)
		err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			name, _ := filepath.Rel(root, path)
			files[name], err = os.ReadFile(path)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		objects, err := build.Build(files)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects {
			if o.Kind != "Namespace" {
				out[o.Kind] = o.Content
			}
		}
	}
	return out
}

// breach is a copy of an object with a field, or two, set or taken out.
func breach(t *testing.T, o map[string]any, path, value string) map[string]any {
	t.Helper()
	data, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var copied map[string]any
	if err := json.Unmarshal(data, &copied); err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal([]byte(value), &v); err != nil {
		t.Fatal(err)
	}
	for p := range strings.SplitSeq(path, " and ") {
		set(copied, p, v)
	}
	return copied
}

func set(at map[string]any, path string, v any) {
	steps := strings.Split(path, ".")
	for _, s := range steps[:len(steps)-1] {
		if l, ok := at[s].([]any); ok {
			at = l[0].(map[string]any) //nolint:forcetypeassert // the only lists are of containers
		} else if s != "0" {
			at = at[s].(map[string]any) //nolint:forcetypeassert // a path of this test
		}
	}
	last := steps[len(steps)-1]
	if at[last] = v; v == nil {
		delete(at, last)
	}
}

func admitted(ctx context.Context, api *stack.APIServer, o map[string]any) error {
	data, err := json.Marshal(o)
	if err != nil {
		return err
	}
	u := unstructured.Unstructured{Object: o}
	return api.Create(ctx, u.GroupVersionKind(), u.GetNamespace(), data)
}

func refusedBy(ctx context.Context, t *testing.T, api *stack.APIServer, o map[string]any, check string) bool {
	t.Helper()
	err := admitted(ctx, api, o)
	var refusal *stack.Refusal
	if err != nil && !errors.As(err, &refusal) {
		t.Fatal(err)
	}
	return err != nil && strings.Contains(err.Error(), check)
}

func finds(check string, content map[string]any) bool {
	u := unstructured.Unstructured{Object: content}
	unit := &manifest.Unit{Kind: manifest.File, Path: "a.yaml"}
	unit.Objects = []*manifest.Object{{Content: content, Unit: unit, Source: nowhere{},
		Object: finding.Object{APIVersion: u.GetAPIVersion(), Kind: u.GetKind(), Namespace: u.GetNamespace(), Name: u.GetName()}}}
	for _, c := range catalogue.All() {
		if c.ID == check {
			return len(c.Run(&manifest.Set{Units: []*manifest.Unit{unit}})) > 0
		}
	}
	return false
}

// nowhere is the source of an object that stands in no file.
type nowhere struct{}

func (nowhere) Position(...any) finding.Position { return finding.Position{} }
