package catalogue_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/modelops/modelops/internal/validate/catalogue"
	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/validate/source"
)

// TestLongValuesAreNotRepeated has a megabyte where a message quotes a value.
func TestLongValuesAreNotRepeated(t *testing.T) {
	long := strings.Repeat("é", 1<<19)
	objects := must(source.Manifests("a.yaml", []byte("apiVersion: v1\nkind: Pod\nmetadata: {name: m}\nspec: {containers: [{name: "+long+", image: "+long+"}]}\n")))(t)
	u := &manifest.Unit{Kind: manifest.File, Path: "a.yaml", Objects: objects}
	objects[0].Unit = u
	seen := 0
	for _, c := range catalogue.All() {
		for _, f := range c.Run(&manifest.Set{Units: []*manifest.Unit{u}}) {
			seen++
			if len(f.Message) > 500 || strings.ContainsRune(f.Message, '\uFFFD') {
				t.Errorf("%s: a message of %d bytes", c.ID, len(f.Message))
			}
		}
	}
	if seen == 0 {
		t.Error("nothing was found")
	}
}

// TestSecretsAreNotShown looks for the values of secrets in what is said about them.
func TestSecretsAreNotShown(t *testing.T) {
	e := read(t, "testdata/MO108/fail.yaml")
	for _, c := range catalogue.All() {
		for _, f := range c.Run(e.set) {
			for _, secret := range []string{"not-a-real-one", "AKIA", "not a real one"} {
				if strings.Contains(fmt.Sprintf("%+v", f), secret) {
					t.Errorf("%s shows %s: %+v", c.ID, secret, f)
				}
			}
		}
	}
}

// TestManyObjectsOfOneFile runs the checks on a file in which everything refers to everything: what looks at pairs by
// reading them again for each would not come to an end.
func TestManyObjectsOfOneFile(t *testing.T) {
	const n = 200
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "---\n"+crowd, i)
	}
	objects := must(source.Manifests("a.yaml", []byte(b.String())))(t)
	u := &manifest.Unit{Kind: manifest.File, Path: "a.yaml", Objects: objects, Before: objects}
	u.Own(objects)
	found := map[finding.Severity]int{}
	for _, c := range catalogue.All() {
		for _, f := range c.Run(&manifest.Set{Whole: true, Units: []*manifest.Unit{u}}) {
			found[f.Severity]++
		}
	}
	if found[finding.Error] == 0 {
		t.Error("nothing was found")
	}
}

const crowd = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: "d%[1]d"}, spec: {replicas: 3, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b, track: "%[1]d"}}, spec: {containers: [{name: s, ports: [{name: http, containerPort: 80}]}]}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: "s%[1]d", labels: {a: b}}, spec: {selector: {a: b}, ports: [{port: 80, targetPort: web}]}}
---
{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: "p%[1]d"}, spec: {minAvailable: 9, selector: {matchLabels: {a: b}}}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: "i%[1]d", annotations: {nginx.ingress.kubernetes.io/canary: "true"}}, spec: {rules: [{host: a, http: {paths: [{path: /}]}}]}}
---
{apiVersion: monitoring.coreos.com/v1, kind: ServiceMonitor, metadata: {name: "m%[1]d"}, spec: {selector: {matchLabels: {a: b}}, endpoints: [{port: x}]}}
`
