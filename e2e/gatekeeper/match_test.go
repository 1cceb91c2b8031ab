//go:build e2e

package gatekeeper

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/validate/policy"
)

// world are objects that constraints match or not.
const world = `apiVersion: v1
kind: Namespace
metadata: {name: vision-prod, labels: {kubernetes.io/metadata.name: vision-prod, team: vision, tier: prod}}
---
apiVersion: v1
kind: Namespace
metadata: {name: nlp-test, labels: {kubernetes.io/metadata.name: nlp-test, team: nlp}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: resnet, namespace: vision-prod, labels: {app: resnet, team: vision}}
spec:
  replicas: 9
  selector: {matchLabels: {app: resnet}}
  template:
    metadata: {labels: {app: resnet, pod: "yes"}, annotations: {a: b}}
    spec:
      containers: [{name: server, image: "registry.example.com/resnet:1"}, {name: proxy, image: proxy, readinessProbe: {tcpSocket: {port: 80}}}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: Store, namespace: nlp-test}
spec:
  replicas: 3
  serviceName: store
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec: {containers: [{name: store, image: store}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, namespace: nlp-test, labels: {team: nlp}}
spec:
  schedule: "0 0 * * *"
  jobTemplate: {spec: {template: {metadata: {labels: {app: nightly}}, spec: {restartPolicy: Never, containers: [{name: job, image: job}]}}}}
---
apiVersion: v1
kind: Pod
metadata: {name: alone, namespace: vision-prod, labels: {app: alone}}
spec: {containers: [{name: alone, image: alone}]}
---
apiVersion: v1
kind: Service
metadata: {name: resnet, namespace: vision-prod}
spec: {selector: {app: resnet}, ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: one, namespace: vision-prod}
spec: {rules: [{host: x.example.com}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: two, namespace: nlp-test}
spec: {rules: [{host: x.example.com}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader, labels: {team: vision}}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: vision.resnet.prod, namespace: argocd-of-nobody}
spec: {project: vision-prod}
`

// template is a ConstraintTemplate; its targets are indented by nothing.
func template(kind, target string) string {
	return fmt.Sprintf(`apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: %s}
spec:
  crd: {spec: {names: {kind: %s}, validation: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
%s---
`, strings.ToLower(kind), kind, indent(target, "    "))
}

func indent(text, by string) string {
	return by + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n"+by) + "\n"
}

func constraint(kind, name, spec string) string {
	return fmt.Sprintf("apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: %s\nmetadata: {name: %s}\nspec:\n%s---\n", kind, name, indent(spec, "  "))
}

// Templates that refuse whatever a constraint matches, and say what they see of it.
const (
	rego = `rego: |
  package refuseall
  violation[{"msg": msg}] {
    r := input.review
    msg := sprintf("%v %v %v/%v %v %v", [r.kind.group, r.kind.version, r.kind.kind, r.name, r.object.metadata.name, object.get(r, "namespace", "none")])
  }`
	native = `code:
- engine: K8sNativeValidation
  source:
    validations: [{expression: "false", messageExpression: '"refused " + variables.anyObject.kind + " " + object.metadata.name'}]
- engine: Rego
  source: {rego: "package refused\nviolation[{\"msg\": \"by the other engine\"}] { true }"}`
)

// matches are what constraints are about.
var matches = []string{
	`{}`,
	`match: {}`,
	`match: {kinds: []}`,
	`match: {kinds: [{apiGroups: [""], kinds: [Pod]}]}`,
	`match: {kinds: [{apiGroups: ["*"], kinds: ["*"]}]}`,
	`match: {kinds: [{apiGroups: [apps]}]}`,
	`match: {kinds: [{kinds: [Deployment, Service]}]}`,
	`match: {kinds: [{apiGroups: [apps], kinds: [StatefulSet]}, {apiGroups: ["", batch], kinds: [CronJob, Namespace]}]}`,
	`match: {kinds: [{apiGroups: [extensions], kinds: [Deployment]}]}`,
	`match: {kinds: [{apiGroups: [apps], kinds: [deployment]}]}`,
	`match: {namespaces: [vision-prod]}`,
	`match: {namespaces: ["vision-*"]}`,
	`match: {namespaces: ["*-test"]}`,
	`match: {namespaces: ["*is*"]}`,
	`match: {namespaces: ["*"]}`,
	`match: {namespaces: []}`,
	`match: {excludedNamespaces: [vision-prod]}`,
	`match: {excludedNamespaces: ["*-test", "vision-*"]}`,
	`match: {namespaces: ["*-prod"], excludedNamespaces: ["vision*"]}`,
	`match: {labelSelector: {matchLabels: {team: vision}}}`,
	`match: {labelSelector: {matchLabels: {pod: "yes"}}}`,
	`match: {labelSelector: {matchExpressions: [{key: team, operator: NotIn, values: [vision]}]}}`,
	`match: {labelSelector: {matchExpressions: [{key: team, operator: Exists}, {key: app, operator: DoesNotExist}]}}`,
	`match: {labelSelector: {}}`,
	`match: {scope: Cluster}`,
	`match: {scope: Namespaced}`,
	`match: {scope: "*"}`,
	`match: {name: resnet}`,
	`match: {name: "res*"}`,
	`match: {name: "*-pod"}`,
	`match: {name: "*e*"}`,
	`match: {source: All}`,
	`match: {source: Generated}`,
	`match: {source: Generated, kinds: [{apiGroups: [""], kinds: [Pod]}]}`,
	`match: {namespaceSelector: {matchLabels: {team: vision}}, excludedNamespaces: [argocd-of-nobody]}`,
	`match: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: nlp-test}}, excludedNamespaces: [argocd-of-nobody]}`,
	`match: {namespaceSelector: {matchExpressions: [{key: tier, operator: DoesNotExist}]}, excludedNamespaces: [argocd-of-nobody]}`,
	`match: {namespaceSelector: {matchExpressions: [{key: team, operator: In, values: [nlp, ads]}]}, kinds: [{apiGroups: [""], kinds: [Pod, Namespace]}]}`,
}

// TestGatorMatches gives every kind of match to both, for both engines: what a constraint is about, and what its template sees.
func TestGatorMatches(t *testing.T) {
	var text strings.Builder
	text.WriteString(template("RefuseAll", rego) + template("Refused", native))
	for i, m := range matches {
		text.WriteString(constraint("RefuseAll", fmt.Sprintf("rego-%d", i), m))
		text.WriteString(constraint("Refused", fmt.Sprintf("cel-%d", i), m))
	}
	all := objects(t, "world", []byte(world))
	said := byGator(t, program(t), text.String(), all)
	same(t, withoutCluster(said), withoutCluster(byModelops(t, text.String(), all)))
	if len(said) < 5*len(matches) {
		t.Errorf("gator says %d things alone", len(said))
	}
}

// namespaced says whether a match looks at namespaces or scope.
func namespaced(match string) bool {
	return strings.Contains(match, "amespace") || strings.Contains(match, "scope")
}

// withoutCluster leaves out what was said of a cluster-scoped object by a match that looks at its namespace: gator test
// gives it one without a name, which the webhook does not. TestGatorClusterScoped has those.
func withoutCluster(lines []string) []string {
	return slices.DeleteFunc(lines, func(l string) bool {
		for i, m := range matches {
			if namespaced(m) && strings.Contains(l, fmt.Sprintf("-%d %s:", i, clusterScoped)) {
				return true
			}
		}
		return false
	})
}

// clusterScoped is the id of the ClusterRole in world.
const clusterScoped = "world#9"

const clusterRole = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: reader, labels: {team: vision}}\n"

// TestGatorClusterScoped has gator verify hold what modelops says of a cluster-scoped object by each match that looks at
// namespaces or scope.
func TestGatorClusterScoped(t *testing.T) {
	program := program(t)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "template.yaml"), []byte(template("RefuseAll", rego)))
	write(t, filepath.Join(dir, "object.yaml"), []byte(clusterRole))
	suite := "apiVersion: test.gatekeeper.sh/v1alpha1\nkind: Suite\ntests:\n"
	matched := map[string]int{}
	for i, m := range matches {
		if !namespaced(m) {
			continue
		}
		c := constraint("RefuseAll", "one", m)
		write(t, filepath.Join(dir, fmt.Sprintf("constraint-%d.yaml", i)), []byte(c))
		violations := "no"
		if len(byModelops(t, template("RefuseAll", rego)+c, objects(t, "object", []byte(clusterRole)))) > 0 {
			violations = "yes"
		}
		matched[violations]++
		suite += fmt.Sprintf("- name: %q\n  template: template.yaml\n  constraint: constraint-%d.yaml\n  cases: [{name: a, object: object.yaml, assertions: [{violations: %s}]}]\n", m, i, violations)
	}
	write(t, filepath.Join(dir, "suite.yaml"), []byte(suite))
	if out, err := exec.CommandContext(t.Context(), program, "verify", dir+"/...").CombinedOutput(); err != nil {
		t.Errorf("gator: %v\n%s", err, out)
	}
	if matched["yes"] == 0 || matched["no"] == 0 {
		t.Errorf("all the same: %v", matched)
	}
}

// TestGatorRefusedMatches gives matches that Gatekeeper refuses: modelops must not take them for good ones.
func TestGatorRefusedMatches(t *testing.T) {
	program := program(t)
	for _, m := range []string{
		`match: {namespaces: ["vis*prod"]}`,
		`match: {namespaces: [Vision]}`,
		`match: {namespaces: vision-prod}`,
		`match: {excludedNamespaces: ["kube_*"]}`,
		`match: {name: "res*net"}`,
		`match: {source: generated}`,
		`match: {kinds: Pod}`,
		`match: {labelSelector: {matchExpressions: [{key: a, operator: Is}]}}`,
		`match: {namespaceSelector: {matchExpressions: [{key: a, operator: In}]}}`,
		`match: {labelSelector: {matchLabels: {a: 1}}}`,
	} {
		t.Run(m, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			text := template("RefuseAll", rego) + constraint("RefuseAll", "one", m)
			write(t, filepath.Join(dir, "policies.yaml"), []byte(text))
			if out, err := exec.CommandContext(t.Context(), program, "test", "-f", dir).CombinedOutput(); err == nil || !strings.Contains(string(out), "adding constraint") {
				t.Errorf("gator takes it: %v\n%s", err, out)
			}
			p, err := policy.Load(fstest.MapFS{"policies/all.yaml": {Data: []byte(text)}}, policy.Dir)
			if err != nil {
				t.Fatal(err)
			}
			if found, _ := p.Judge(t.Context(), &manifest.Set{Whole: true}); len(found) != 1 || found[0].Check != "MO900" {
				t.Errorf("modelops: %+v", found)
			}
		})
	}
}
