//go:build e2e

package gatekeeper

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelops/modelops/internal/validate/guardrail"
	"github.com/modelops/modelops/internal/validate/server"
)

const tenant = "apiVersion: v1\nkind: Namespace\nmetadata: {name: vision-prod, labels: {modelops.dev/team: vision}}\n"

// TestGatorGuardrails gives the constraints that are written from the checks to Gatekeeper's own engine, with the examples of
// every check of the catalogue: it takes them all, refuses of each check's failing examples at least one and of the
// passing ones none, and says of every object word for word what modelops says. The same where waivers count.
func TestGatorGuardrails(t *testing.T) {
	program := program(t)
	examples := inTenants(t)
	for name, options := range map[string]guardrail.Options{"strict": {}, "waivers": {Waivers: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all, err := guardrail.All(options)
			if err != nil {
				t.Fatal(err)
			}
			var policies []string
			for _, g := range all {
				policies = append(policies, string(g.Gatekeeper))
			}
			text := strings.Join(policies, "---\n")
			said := byGator(t, program, text, examples)
			same(t, said, byModelops(t, text, examples))
			for _, g := range all {
				if !contains(said, " Modelops"+g.Check.ID+"/", " "+g.Check.ID+"/fail.yaml#") {
					t.Errorf("%s: gator refuses none of the failing examples", g.Check.ID)
				}
				if contains(said, " Modelops"+g.Check.ID+"/", " "+g.Check.ID+"/pass.yaml#") {
					t.Errorf("%s: gator refuses a passing example", g.Check.ID)
				}
			}
			if contains(said, "", " waived#") != (name == "strict") {
				t.Error("a waiver does not count as it should")
			}
			t.Logf("%d constraints, %d objects, %d violations", len(all), len(examples), len(said))
		})
	}
}

// waived is refused by one check alone, and has a waiver of it.
const waived = `apiVersion: v1
kind: Service
metadata: {name: waived, annotations: {modelops.dev/ignore.MO310: "the platform's own"}}
spec: {type: NodePort, selector: {app: a}, ports: [{port: 80}]}
`

// inTenants are the examples of all checks, in the namespace of a tenant.
func inTenants(t *testing.T) []object {
	t.Helper()
	out := objects(t, "tenant", []byte(tenant))
	files, err := filepath.Glob("../../internal/validate/catalogue/testdata/*/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	texts := map[string]string{"waived": waived}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file)] = string(data)
	}
	for id, text := range texts {
		for _, o := range objects(t, id, []byte(text)) {
			out = append(out, object{o.id, inTenant(o.content)})
		}
	}
	return out
}

func contains(lines []string, constraint, id string) bool {
	for _, l := range lines {
		if strings.Contains(l, constraint) && strings.Contains(l, id) {
			return true
		}
	}
	return false
}

// inTenant is an example as a tenant's cluster would store it: examples leave out what their check is not about.
func inTenant(content map[string]any) map[string]any {
	kind, _ := content["kind"].(string)
	switch kind {
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job":
		fill(content, "spec", "selector")
		fill(content, "spec", "template", "metadata")
		fill(content, "spec", "template", "spec")
	}
	if kind != "Namespace" && kind != "ClusterRole" && kind != "ClusterRoleBinding" {
		set(content, "vision-prod", "metadata", "namespace")
	}
	return server.Defaulted(content)
}

// fill puts an empty map where nothing is.
func fill(m map[string]any, path ...string) {
	for _, step := range path {
		sub, ok := m[step].(map[string]any)
		if !ok {
			sub = map[string]any{}
			m[step] = sub
		}
		m = sub
	}
}
