// Package guardrail writes policies for a cluster from the checks that one object alone decides: as
// ValidatingAdmissionPolicies, and as constraints of Gatekeeper. What `modelops validate` says before a commit, the
// cluster then says at admission, from the same source.
package guardrail

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/modelops/modelops/internal/validate/catalogue"
	"github.com/modelops/modelops/internal/validate/finding"
)

// Options say how strict the cluster is.
type Options struct {
	// Waivers lets an object pass a policy by its annotation modelops.dev/ignore.ID with a reason, as validate does. The
	// cluster cannot tell whether the day has come on which a waiver ends.
	Waivers bool
}

// Policy is one check as objects for a cluster, in YAML.
type Policy struct {
	// Check that it is written from.
	Check *catalogue.Check
	// Admission is a ValidatingAdmissionPolicy with its binding, Gatekeeper a ConstraintTemplate with its constraint.
	Admission, Gatekeeper []byte
}

// All writes the policies of all checks that have a guard, by the checks' ids.
func All(o Options) ([]Policy, error) {
	var out []Policy
	for _, c := range catalogue.All() {
		if c.Guard == nil {
			continue
		}
		admission, err := documents(admissionPolicy(c, o), binding(c))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.ID, err)
		}
		gatekeeper, err := documents(template(c, o), constraint(c))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.ID, err)
		}
		out = append(out, Policy{Check: c, Admission: admission, Gatekeeper: gatekeeper})
	}
	return out, nil
}

// documents writes YAML documents with sorted fields.
func documents(all ...map[string]any) ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	for _, d := range all {
		if err := e.Encode(d); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), e.Close()
}

type object = map[string]any

// name of a policy in the cluster.
func name(c *catalogue.Check) string { return "modelops-" + strings.ToLower(c.ID) + "-" + c.Name }

// TeamLabel is on the namespaces of tenants, which the policies are for.
const TeamLabel = "modelops.dev/team"

func admissionPolicy(c *catalogue.Check, o Options) object {
	return object{
		"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
		"metadata": object{"name": name(c), "labels": labels(c)},
		"spec": object{
			"failurePolicy":    "Fail",
			"matchConstraints": object{"resourceRules": rules(c.Guard)},
			"variables":        variables(c, o),
			"validations":      []any{validation(c)},
		},
	}
}

// binding refuses for an error, and warns and records for a warning.
func binding(c *catalogue.Check) object {
	actions := []string{"Deny"}
	if c.Severity != finding.Error {
		actions = []string{"Warn", "Audit"}
	}
	spec := object{"policyName": name(c), "validationActions": actions}
	if s := namespaces(c.Guard); s != nil {
		spec["matchResources"] = object{"namespaceSelector": s}
	}
	return object{
		"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
		"metadata": object{"name": name(c), "labels": labels(c)}, "spec": spec,
	}
}

func labels(c *catalogue.Check) object {
	return object{"app.kubernetes.io/managed-by": "modelops", "modelops.dev/check": c.ID}
}

// namespaces are those of tenants; Argo CD's own objects are in none of them.
func namespaces(g *catalogue.Guard) object {
	if slices.ContainsFunc(kinds(g), func(k kind) bool { return k.group == "argoproj.io" }) {
		return nil
	}
	return object{"matchExpressions": []any{object{"key": TeamLabel, "operator": "Exists"}}}
}

// variables are evaluated when they are used. What a workload made is judged at the workload: a mesh adds containers of
// its own to pods, and nobody would see why no pod comes.
func variables(c *catalogue.Check, o Options) []any {
	exempt := `object.kind == "Pod" && has(object.metadata.ownerReferences)`
	if o.Waivers {
		annotation := `"modelops.dev/ignore.` + c.ID + `"`
		exempt = "(" + exempt + ") || (has(object.metadata.annotations) && " + annotation + " in object.metadata.annotations && object.metadata.annotations[" + annotation + "].trim() != \"\")"
	}
	out := []any{object{"name": "exempt", "expression": exempt}}
	if slices.Contains(c.Guard.Kinds, catalogue.PodSpec) {
		out = append(out, object{"name": "pod", "expression": catalogue.PodVariable})
	}
	return out
}

func validation(c *catalogue.Check) object {
	return object{
		"expression": "variables.exempt || (" + c.Guard.Expression + ")",
		"message":    c.ID + " " + c.Name + ": " + c.Guard.Message,
	}
}

func template(c *catalogue.Check, o Options) object {
	source := object{"variables": variables(c, o), "validations": []any{validation(c)}}
	return object{
		"apiVersion": "templates.gatekeeper.sh/v1", "kind": "ConstraintTemplate",
		"metadata": object{"name": strings.ToLower(constraintKind(c)), "labels": labels(c)},
		"spec": object{
			"crd": object{"spec": object{"names": object{"kind": constraintKind(c)}}},
			"targets": []any{object{
				"target": "admission.k8s.gatekeeper.sh",
				"code":   []any{object{"engine": "K8sNativeValidation", "source": source}},
			}},
		},
	}
}

func constraintKind(c *catalogue.Check) string { return "Modelops" + c.ID }

func constraint(c *catalogue.Check) object {
	action := "deny"
	if c.Severity != finding.Error {
		action = "warn"
	}
	match := object{"kinds": matchKinds(c.Guard)}
	if s := namespaces(c.Guard); s != nil {
		match["namespaceSelector"] = s
	}
	return object{
		"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": constraintKind(c),
		"metadata": object{"name": name(c), "labels": labels(c)},
		"spec":     object{"enforcementAction": action, "match": match},
	}
}
