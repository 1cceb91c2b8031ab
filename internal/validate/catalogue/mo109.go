package catalogue

import (
	"fmt"
	"slices"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO109", Name: "rbac-least-privilege", Severity: finding.Error, Object: leastPrivilege,
		What: "Roles name what they allow: no `*` in verbs, resources or API groups. Bindings name whom they mean: not all users, all accounts, or a namespace's default account; " +
			"and they do not give away the built-in roles cluster-admin, admin or edit. What belongs to one team is bound in its namespace, not by a ClusterRoleBinding.",
		Why:     "Such a grant also covers what is added later, and each of them is a way from one broken pod to the secrets of a namespace or to the whole cluster.",
		Fix:     "List the verbs and resources that are used, and bind them to the group or account that uses them.",
		Sources: []string{"https://kubernetes.io/docs/concepts/security/rbac-good-practices/"},
		Guard: &Guard{Kinds: []string{"rbac.authorization.k8s.io/Role", "rbac.authorization.k8s.io/ClusterRole"}, Message: "a rule allows everything by *",
			Expression: `!has(object.rules) || object.rules.all(r, !("*" in r.verbs) && (!has(r.resources) || !("*" in r.resources)) && (!has(r.apiGroups) || !("*" in r.apiGroups)))`}})
}

// everybody are the groups that have nearly everybody in them.
var everybody = []string{"system:authenticated", "system:unauthenticated", "system:serviceaccounts", "system:anonymous"}

func leastPrivilege(p *Pass, o *manifest.Object) {
	switch o.Kind {
	case "Role", "ClusterRole":
		wildcards(p, o)
	case "RoleBinding", "ClusterRoleBinding":
		bindings(p, o)
	}
}

func wildcards(p *Pass, o *manifest.Object) {
	for i, r := range list(o.Content["rules"]) {
		for _, field := range []string{"apiGroups", "resources", "verbs"} {
			if slices.Contains(list(fields(r)[field]), any("*")) {
				p.Report(o, fmt.Sprintf("rules[%d] allows all %s", i, field), "list the "+field+" that are used", "rules", i, field)
			}
		}
	}
}

func bindings(p *Pass, o *manifest.Object) {
	if role := text(o.At("roleRef", "name")); slices.Contains([]string{"cluster-admin", "admin", "edit"}, role) && text(o.At("roleRef", "kind")) == "ClusterRole" {
		p.Report(o, fmt.Sprintf("it gives away the built-in role %s, which reads secrets and runs pods as any account", role), "bind a Role with what is needed", "roleRef", "name")
	}
	if o.Kind == "ClusterRoleBinding" && (o.Unit.Kind == manifest.Overlay || o.Unit.Kind == manifest.Tenant) {
		p.Report(o, "it grants in every namespace, other teams' included", "use a RoleBinding in the team's namespace", "kind")
	}
	for i, s := range list(o.Content["subjects"]) {
		kind, name := text(fields(s)["kind"]), text(fields(s)["name"])
		switch {
		case slices.Contains(everybody, name):
			p.Report(o, fmt.Sprintf("it grants to %s, which is everybody", name), "bind the group or account that needs it", "subjects", i, "name")
		case kind == "ServiceAccount" && name == "default":
			p.Report(o, "it grants to the default account, which every pod has that names none", "bind an account of the workload's own", "subjects", i, "name")
		}
	}
}
