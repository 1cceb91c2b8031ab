package isolation

import (
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/component-helpers/auth/rbac/validation"

	"github.com/modelops/modelops/internal/validate/catalogue"
	"github.com/modelops/modelops/internal/validate/manifest"
)

// access is who may do what in a namespace, or in the whole cluster.
type access struct {
	roles    []role
	bindings []binding
}

type role struct {
	*manifest.Object
	rules []rbacv1.PolicyRule
}

type binding struct {
	*manifest.Object
	ref      rbacv1.RoleRef
	subjects []rbacv1.Subject
}

func (a *access) read(o *manifest.Object) error {
	switch o.Kind {
	case "Role", "ClusterRole":
		r, err := decode[rbacv1.Role](o) // a ClusterRole's rules look the same
		a.roles = append(a.roles, role{o, r.Rules})
		return err
	case "RoleBinding", "ClusterRoleBinding":
		b, err := decode[rbacv1.RoleBinding](o)
		a.bindings = append(a.bindings, binding{o, b.RoleRef, b.Subjects})
		return err
	}
	return nil
}

// builtin are the roles that every cluster has, as far as they matter here: what they allow beyond looking.
var builtin = map[string][]rbacv1.PolicyRule{
	"cluster-admin": {{Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}}},
	"admin": {writes("rbac.authorization.k8s.io", "roles", "rolebindings"), reads("", "secrets"), writes("", "pods", "pods/exec", "pods/attach", "serviceaccounts/token"),
		writes("apps", "deployments", "statefulsets", "daemonsets"), {Verbs: []string{"impersonate"}, APIGroups: []string{""}, Resources: []string{"serviceaccounts"}}},
	"edit": {reads("", "secrets"), writes("", "pods", "pods/exec", "pods/attach", "serviceaccounts/token"), writes("apps", "deployments", "statefulsets", "daemonsets"),
		{Verbs: []string{"impersonate"}, APIGroups: []string{""}, Resources: []string{"serviceaccounts"}}},
	"view": {},
}

func reads(group string, resources ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{Verbs: []string{"get", "list", "watch"}, APIGroups: []string{group}, Resources: resources}
}

func writes(group string, resources ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{Verbs: []string{"create", "update", "patch", "delete", "get"}, APIGroups: []string{group}, Resources: resources}
}

// grant is a rule that somebody has in a namespace, and the place where it is written.
type grant struct {
	rule rbacv1.PolicyRule
	at   *manifest.Object
	path []any
}

// holder is a subject with all that it may do.
type holder struct {
	subject rbacv1.Subject
	grants  []grant
}

func (h holder) String() string { return h.subject.Kind + " " + h.subject.Name }

func (h holder) rules() []rbacv1.PolicyRule {
	var out []rbacv1.PolicyRule
	for _, g := range h.grants {
		out = append(out, g.rule)
	}
	return out
}

// holders are the subjects of the bindings of a namespace. Roles that are neither in the set nor built in are given back
// with the bindings to them.
func (w *world) holders(n *namespace) (all []*holder, unknown []binding) {
	known := map[rbacv1.Subject]*holder{}
	for _, b := range slices.Concat(n.roles.bindings, w.cluster.bindings) {
		grants, ok := w.grants(n, b)
		if !ok {
			unknown = append(unknown, b)
		}
		for _, s := range b.subjects {
			h := known[s]
			if h == nil {
				h = &holder{subject: s}
				known[s], all = h, append(all, h)
			}
			h.grants = append(h.grants, grants...)
		}
	}
	return all, unknown
}

func (w *world) grants(n *namespace, b binding) ([]grant, bool) {
	roles := w.cluster.roles
	if b.ref.Kind == "Role" {
		roles = n.roles.roles
	}
	var out []grant
	for _, r := range roles {
		if r.Name == b.ref.Name {
			for i, rule := range r.rules {
				out = append(out, grant{rule, r.Object, []any{"rules", i}})
			}
			return out, true
		}
	}
	rules, ok := builtin[b.ref.Name]
	if b.ref.Kind == "Role" {
		return nil, w.set.Whole || n.tenant != nil // a binding to no role gives nothing
	}
	for _, rule := range rules {
		out = append(out, grant{rule, b.Object, []any{"roleRef", "name"}})
	}
	return out, ok
}

// power is something by which one gets the permissions of others.
type power struct {
	verbs     []string
	group     string
	resources []string
	// what it comes to. Where as is set, it comes to acting as one of the namespace's ServiceAccounts, and is only a way up
	// where one of them is stronger.
	what string
	as   bool
	// named says that it is harmless where the rule names the objects.
	named bool
}

var powers = []power{
	{verbs: []string{"escalate"}, group: "rbac.authorization.k8s.io", resources: []string{"roles", "clusterroles"}, what: "give itself any permission, by writing more into a role than it has itself"},
	{verbs: []string{"bind"}, group: "rbac.authorization.k8s.io", resources: []string{"roles", "clusterroles"}, what: "give itself any role, by binding it", named: true},
	{verbs: []string{"impersonate"}, group: "", resources: []string{"users", "groups", "serviceaccounts"}, what: "act as others, by impersonating them"},
	{verbs: []string{"get", "list", "watch"}, group: "", resources: []string{"secrets"}, what: "read the secrets of the namespace, tokens and credentials of others among them", named: true},
	{verbs: []string{"create"}, group: "", resources: []string{"serviceaccounts/token"}, what: "have a token made for any ServiceAccount", named: true},
	{verbs: []string{"create", "get"}, group: "", resources: []string{"pods/exec", "pods/attach"}, what: "run commands in running pods, with what they hold in memory and as the ServiceAccounts that they run as"},
	{verbs: []string{"update", "patch"}, group: "", resources: []string{"pods/ephemeralcontainers"}, what: "put containers into running pods, and act as the ServiceAccounts that they run as"},
	{verbs: []string{"create"}, group: "", resources: []string{"pods", "replicationcontrollers"}, what: "start pods", as: true},
	{verbs: []string{"create", "update", "patch"}, group: "apps", resources: []string{"deployments", "statefulsets", "daemonsets", "replicasets"}, what: "start pods by workloads", as: true},
	{verbs: []string{"create", "update", "patch"}, group: "batch", resources: []string{"jobs", "cronjobs"}, what: "start pods by jobs", as: true},
}

// within says whether a rule gives the power.
func (p power) within(r rbacv1.PolicyRule) bool {
	if p.named && len(r.ResourceNames) > 0 {
		return false
	}
	return (slices.Contains(r.APIGroups, p.group) || slices.Contains(r.APIGroups, "*")) && overlap(r.Verbs, p.verbs) && overlap(r.Resources, p.resources)
}

func overlap(given, wanted []string) bool {
	return slices.ContainsFunc(given, func(g string) bool {
		return g == "*" || slices.Contains(wanted, g) || (strings.HasPrefix(g, "*/") && slices.ContainsFunc(wanted, func(w string) bool { return strings.HasSuffix(w, g[1:]) }))
	})
}

// maxHolders bounds those of a namespace who are compared with each other.
const maxHolders = 300

// escalation is MO311: nobody who is bound in a team's namespace can become somebody stronger.
func (w *world) escalation(p *catalogue.Pass) {
	for _, n := range w.namespaces {
		holders, unknown := w.holders(n)
		for _, b := range unknown {
			if b.Namespace == n.name {
				w.gap(fmt.Sprintf("what %s %s allows in namespace %s", b.ref.Kind, b.ref.Name, n.name), "it is not part of what was validated")
			}
		}
		if len(holders) > maxHolders {
			w.gap(fmt.Sprintf("what all but %d of those who are bound in namespace %s can become", maxHolders, n.name), "there are too many")
			holders = holders[:maxHolders]
		}
		for _, h := range holders {
			w.waysUp(p, n, h, holders)
		}
	}
}

// waysUp reports each rule that is one, with all that it comes to.
func (w *world) waysUp(p *catalogue.Pass, n *namespace, h *holder, all []*holder) {
	var places []grant
	var ways [][]string
	for _, g := range h.grants {
		if g.at.Namespace != n.name || g.at.Kind != "Role" {
			continue // neither the cluster's own roles nor the built-in ones are the team's; that they are given away is told elsewhere
		}
		what := n.powersOf(g.rule, h, all)
		if len(what) == 0 {
			continue
		}
		i := slices.IndexFunc(places, func(o grant) bool { return o.at == g.at && slices.Equal(o.path, g.path) })
		if i < 0 {
			i, places, ways = len(places), append(places, g), append(ways, nil)
		}
		ways[i] = append(ways[i], what...)
	}
	for i, g := range places {
		p.Report(g.at, fmt.Sprintf("%s can %s", h, strings.Join(ways[i], "; can ")), "leave the rule out: Git is the way to write, and Argo CD the one who does", g.path...)
	}
}

// powersOf are the ways up that a rule opens to a holder.
func (n *namespace) powersOf(r rbacv1.PolicyRule, h *holder, all []*holder) []string {
	var out []string
	for _, p := range powers {
		if !p.within(r) {
			continue
		}
		what := p.what
		if p.as {
			stronger := n.stronger(h, all)
			if stronger == nil {
				continue
			}
			what = fmt.Sprintf("%s as %s, which may do more than it may itself", what, stronger)
		}
		out = append(out, what)
	}
	return out
}

// stronger is a ServiceAccount of the namespace that may do what a holder may not.
func (n *namespace) stronger(h *holder, all []*holder) *holder {
	for _, o := range all {
		if o == h || o.subject.Kind != rbacv1.ServiceAccountKind || o.subject.Namespace != n.name {
			continue
		}
		if ok, _ := validation.Covers(h.rules(), o.rules()); !ok {
			return o
		}
	}
	return nil
}
