package policy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/guardrail"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/validate/policy"
	"github.com/modelops/modelops/internal/validate/source"
)

const tenant = "apiVersion: v1\nkind: Namespace\nmetadata: {name: vision-prod, labels: {modelops.dev/team: vision}}\n"

// The policies that are written for clusters, evaluated as the API server and Gatekeeper do: in the examples of each check, all in
// a tenant's namespace, they refuse what fails, at the severity of the check, and nothing that passes.
func TestGuardrails(t *testing.T) {
	all, err := guardrail.All(guardrail.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range all {
		for form, text := range map[string][]byte{"admission": g.Admission, "gatekeeper": g.Gatekeeper} {
			t.Run(form+"/"+g.Check.ID, func(t *testing.T) {
				t.Parallel()
				p := guards(t, text)
				dir := filepath.Join("..", "catalogue", "testdata", g.Check.ID)
				refused := judged(t, p, filepath.Join(dir, "fail.yaml"))
				if len(refused) == 0 {
					t.Error("nothing is refused in the failing examples")
				}
				for _, f := range refused {
					if f.Severity != g.Check.Severity || !strings.Contains(f.Message, g.Check.Guard.Message) {
						t.Errorf("%+v", f)
					}
				}
				for _, f := range judged(t, p, filepath.Join(dir, "pass.yaml")) {
					t.Errorf("refused in what passes: %s: %s", f.Object, f.Message)
				}
			})
		}
	}
}

func guards(t *testing.T, text []byte) *policy.Policies {
	t.Helper()
	p, err := policy.Load(fstest.MapFS{"policies/guardrails.yaml": {Data: text}}, policy.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if p.Len() != 1 {
		found, gaps := p.Judge(t.Context(), &manifest.Set{})
		t.Fatalf("%d policies: %v %v", p.Len(), found, gaps)
	}
	p.Default = admitted
	return p
}

// judged are the refusals of the objects in a file, put into a tenant's namespace.
func judged(t *testing.T, p *policy.Policies, file string) []finding.Finding {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var set manifest.Set
	for _, text := range []string{string(data), tenant} {
		objects, err := source.Manifests("app.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		u := &manifest.Unit{Objects: objects}
		for _, o := range objects {
			if o.Kind != "Namespace" && o.Kind != "ClusterRole" {
				o.Namespace = "vision-prod"
			}
			o.Unit = u
		}
		set.Units = append(set.Units, u)
	}
	found, gaps := p.Judge(t.Context(), &set)
	if len(gaps) > 0 {
		t.Errorf("not judged: %v", gaps)
	}
	return found
}

// admitted fills in what the API server insists on and examples leave out.
func admitted(in map[string]any) map[string]any {
	out := copied(in).(map[string]any)
	if kind := out["kind"]; kind == "Role" || kind == "ClusterRole" || kind == "Namespace" || kind == "ServiceAccount" || kind == "ConfigMap" {
		return out
	}
	spec := into(out, "spec")
	switch out["kind"] {
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job":
		into(spec, "selector")
		pod := into(into(spec, "template"), "spec")
		if pod["containers"] == nil {
			pod["containers"] = []any{}
		}
	}
	return out
}

func into(m map[string]any, key string) map[string]any {
	sub, ok := m[key].(map[string]any)
	if !ok {
		sub = map[string]any{}
		m[key] = sub
	}
	return sub
}

func copied(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			out[k] = copied(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = copied(e)
		}
		return out
	}
	return v
}
