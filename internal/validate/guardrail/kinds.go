package guardrail

import (
	"slices"

	"github.com/modelops/modelops/internal/validate/catalogue"
)

// kind is a kind with the name of its resource in the API.
type kind struct{ group, kind, resource string }

// runsPods are the kinds that run pods.
var runsPods = []kind{
	{"", "Pod", "pods"},
	{"apps", "Deployment", "deployments"}, {"apps", "StatefulSet", "statefulsets"}, {"apps", "DaemonSet", "daemonsets"},
	{"batch", "Job", "jobs"}, {"batch", "CronJob", "cronjobs"},
}

// others are the further kinds that guards are about.
var others = []kind{
	{"", "LimitRange", "limitranges"}, {"", "Service", "services"},
	{"policy", "PodDisruptionBudget", "poddisruptionbudgets"},
	{"rbac.authorization.k8s.io", "Role", "roles"}, {"rbac.authorization.k8s.io", "ClusterRole", "clusterroles"},
	{"argoproj.io", "ApplicationSet", "applicationsets"},
}

// kinds of a guard. A guard of a kind that is in no table here has none, which a test does not let pass.
func kinds(g *catalogue.Guard) []kind {
	if slices.Contains(g.Kinds, catalogue.PodSpec) {
		return runsPods
	}
	var out []kind
	for _, k := range slices.Concat(runsPods, others) {
		if slices.Contains(g.Kinds, k.group+"/"+k.kind) {
			out = append(out, k)
		}
	}
	return out
}

// groups of kinds, in their order.
func groups(g *catalogue.Guard) []string {
	var out []string
	for _, k := range kinds(g) {
		if !slices.Contains(out, k.group) {
			out = append(out, k.group)
		}
	}
	return out
}

func rules(g *catalogue.Guard) []any {
	return each(g, func(group string, of []kind) object {
		return object{"apiGroups": []string{group}, "apiVersions": []string{"*"}, "operations": []string{"CREATE", "UPDATE"}, "resources": names(of, func(k kind) string { return k.resource })}
	})
}

func matchKinds(g *catalogue.Guard) []any {
	return each(g, func(group string, of []kind) object {
		return object{"apiGroups": []string{group}, "kinds": names(of, func(k kind) string { return k.kind })}
	})
}

func each(g *catalogue.Guard, f func(group string, of []kind) object) []any {
	var out []any
	for _, group := range groups(g) {
		out = append(out, f(group, slices.DeleteFunc(slices.Clone(kinds(g)), func(k kind) bool { return k.group != group })))
	}
	return out
}

func names(of []kind, f func(kind) string) []string {
	out := make([]string, 0, len(of))
	for _, k := range of {
		out = append(out, f(k))
	}
	return out
}
