//go:build e2e

package gatekeeper

import (
	"strings"
	"testing"
)

// uses are templates with the constraints of each.
var uses = map[string]struct {
	target      string
	constraints []string
}{
	"Probes": {`rego: |
  package probes
  import data.lib.probes.missing
  violation[{"msg": msg, "details": {"probe": probe}}] {
    container := input.review.object.spec.containers[_]
    probe := input.parameters.probes[_]
    missing(container, probe)
    msg := sprintf("container %v of %v %v has no %v", [container.name, input.review.kind.kind, input.review.name, probe])
  }
libs:
- |
  package lib.probes
  missing(container, probe) { not container[probe] }`,
		[]string{"parameters: {probes: [readinessProbe]}", "enforcementAction: warn\nparameters: {probes: [readinessProbe, livenessProbe]}", "{}"}},
	"Labels": {`code:
- engine: Rego
  source:
    version: v1
    rego: |
      package labels
      violation contains {"msg": msg} if {
        some key in input.parameters.labels
        not input.review.object.metadata.labels[key]
        msg := sprintf("%v lacks %v", [input.review.object.metadata.name, key])
      }`,
		[]string{"parameters: {labels: [team, app]}", "match: {kinds: [{apiGroups: [rbac.authorization.k8s.io], kinds: [ClusterRole]}]}\nenforcementAction: dryrun\nparameters: {labels: [app]}"}},
	"Hosts": {`rego: |
  package hosts
  violation[{"msg": msg}] {
    host := input.review.object.spec.rules[_].host
    other := data.inventory.namespace[ns][_].Ingress[name]
    other.spec.rules[_].host == host
    name != input.review.object.metadata.name
    msg := sprintf("%v is taken by %v/%v", [host, ns, name])
  }`, []string{"{}"}},
	"Cluster": {`rego: |
  package cluster
  violation[{"msg": msg}] {
    input.review.kind.kind == "Ingress"
    n := count(data.inventory.cluster["v1"].Namespace)
    roles := [r | data.inventory.cluster["rbac.authorization.k8s.io/v1"].ClusterRole[r]]
    msg := sprintf("%v namespaces, %v", [n, roles])
  }`, []string{"{}"}},
	"Pods": {`rego: |
  package pods
  violation[{"msg": msg}] {
    input.review.kind.kind == "Pod"
    o := input.review.object
    owners := [k | k := object.get(o.metadata, "ownerReferences", [])[_].kind]
    msg := sprintf("%v %v %v %v in %v, of %v", [o.apiVersion, o.kind, o.metadata.name, object.get(o.metadata, "labels", {}), o.metadata.namespace, owners])
  }`, []string{"{}"}},
	"Undefined": {`rego: |
  package undefined
  violation[{"msg": msg}] { msg := sprintf("%v", [to_number(input.review.name)]) }`, []string{"{}"}},
	"Replicas": {`code:
- engine: K8sNativeValidation
  source:
    matchCondition: [{name: counted, expression: "has(variables.anyObject.spec) && has(variables.anyObject.spec.replicas)"}]
    variables: [{name: count, expression: variables.anyObject.spec.replicas}]
    validations:
    - expression: variables.count <= variables.params.most
      messageExpression: "'more than ' + string(variables.params.most)"
    - expression: variables.count % 2 == 0
      message: odd`,
		[]string{"match: {kinds: [{apiGroups: [apps], kinds: ['*']}]}\nparameters: {most: 5}", "match: {kinds: [{apiGroups: [apps], kinds: ['*']}]}\nenforcementAction: warn\nparameters: {most: 50}",
			"match: {kinds: [{apiGroups: [apps], kinds: [Deployment]}]}\nenforcementAction: scoped\nscopedEnforcementActions: [{action: warn, enforcementPoints: [{name: '*'}]}]\nparameters: {most: 2}"}},
	"NoMessage": {`code:
- engine: K8sNativeValidation
  source: {validations: [{expression: "!has(object.metadata.labels)"}]}`, []string{"{}"}},
	"Fails": {`code:
- engine: K8sNativeValidation
  source: {validations: [{expression: "object.spec.replicas > 100", message: few}]}`, []string{"match: {kinds: [{apiGroups: [''], kinds: [Service]}, {apiGroups: [apps], kinds: [Deployment]}]}"}},
	"Ignored": {`code:
- engine: K8sNativeValidation
  source: {failurePolicy: Ignore, validations: [{expression: "object.spec.replicas > 100", message: few}]}`, []string{"match: {kinds: [{apiGroups: [''], kinds: [Service]}, {apiGroups: [apps], kinds: [Deployment]}]}"}},
	"Containers": {`code:
- engine: K8sNativeValidation
  source:
    variables:
    - {name: containers, expression: "has(variables.anyObject.spec.containers) ? variables.anyObject.spec.containers : []"}
    - {name: bad, expression: "variables.containers.filter(c, !has(c.readinessProbe)).map(c, c.name)"}
    validations: [{expression: size(variables.bad) == 0, messageExpression: '"no probe: " + variables.bad.join(", ")'}]`,
		[]string{"match: {kinds: [{apiGroups: [''], kinds: [Pod]}]}"}},
}

// TestGatorTemplates gives templates of both engines, with parameters, libraries, other objects and errors, to both.
func TestGatorTemplates(t *testing.T) {
	program := program(t)
	for kind, use := range uses {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			text := template(kind, use.target)
			for i, c := range use.constraints {
				text += constraint(kind, strings.ToLower(kind)+string(rune('a'+i)), c)
			}
			all := objects(t, "world", []byte(world))
			said := byGator(t, program, text, all)
			same(t, said, byModelops(t, text, all))
			if len(said) == 0 && kind != "Undefined" && kind != "Ignored" {
				t.Error("gator says nothing")
			}
		})
	}
}
