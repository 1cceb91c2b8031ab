// Package isolation proves from manifests alone that no team can hurt another: that what it runs fits its quota, that its
// objects stay in its namespace and within its Argo CD project, that nobody can become somebody stronger, and who reaches
// whom over the network.
package isolation

import (
	"fmt"

	"github.com/modelops/modelops/internal/validate/catalogue"
	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/validate/report"
)

// Checks lists the checks of isolation by id. Each of them looks at the whole set.
func Checks() []*catalogue.Check { return checks(newWorld) }

// Judge makes all of them, and reads the set once. The gaps are what it could not judge, and why.
func Judge(set *manifest.Set) ([]finding.Finding, []report.Gap) {
	w := newWorld(set)
	var out []finding.Finding
	for _, c := range checks(func(*manifest.Set) *world { return w }) {
		out = append(out, c.Run(set)...)
	}
	return out, w.gaps
}

// check is one of them: what is registered of it, the kinds of objects that it cannot do without, and what it does.
type check struct {
	catalogue.Check
	needs map[string]bool
	run   func(*world, *catalogue.Pass)
}

func checks(read func(*manifest.Set) *world) []*catalogue.Check {
	var out []*catalogue.Check
	for _, c := range table() {
		one := c.Check
		one.Set = func(p *catalogue.Pass) {
			w := read(p.Set)
			for _, u := range w.unread {
				if c.needs[u.Kind] {
					p.Report(u.Object, fmt.Sprintf("it cannot be read as a %s, so that what it does is not known: %v", u.Kind, u.err), "give its fields the types of the API")
				}
			}
			c.run(w, p)
		}
		out = append(out, &one)
	}
	return out
}

func kinds(names ...string) map[string]bool {
	out := map[string]bool{}
	for _, n := range names {
		out[n] = true
	}
	return out
}

// table of the checks. Findings are errors unless a check says otherwise for one of them.
func table() []check {
	return []check{
		{catalogue.Check{ID: "MO303", Name: "quota-fits",
			Why: "The pod that a rollout or an autoscaler adds is refused once the quota is used up, and the model stands still half-way."},
			kinds("Pod", "Deployment", "Rollout", "StatefulSet", "ReplicaSet", "ReplicationController", "DaemonSet", "Job", "CronJob", "ResourceQuota", "LimitRange"),
			(*world).quotaFits},
		{catalogue.Check{ID: "MO305", Name: "tenant-baseline",
			Why: "A namespace without quota, limits, Pod Security and default-deny shares everything with its neighbours, and one model can take it all."},
			nil, (*world).baseline},
		{catalogue.Check{ID: "MO306", Name: "pod-isolated",
			Why: "A pod that no policy selects talks to everybody and is open to everybody; one that its callers cannot reach serves nobody."},
			nil, (*world).podIsolated},
		{catalogue.Check{ID: "MO307", Name: "netpol-not-open",
			Why: "Policies only add: one that is too wide opens the namespace whatever the others say."},
			kinds("NetworkPolicy"), (*world).policiesOpen},
		{catalogue.Check{ID: "MO308", Name: "tenant-boundary",
			Why: "What a team writes must end at its namespace, else it changes what another team or the whole cluster runs."},
			nil, (*world).boundary},
		{catalogue.Check{ID: "MO311", Name: "rbac-escalation",
			Why: "Whoever can act as somebody stronger has that one's permissions, whatever its own role says."},
			kinds("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"), (*world).escalation},
		{catalogue.Check{ID: "MO401", Name: "appproject-tight",
			Why: "The project is all that keeps a team's Applications in its namespace: Argo CD itself may do everything everywhere."},
			kinds("AppProject"), (*world).projectsTight},
		{catalogue.Check{ID: "MO403", Name: "app-within-project",
			Why: "An Application in the wrong project is either refused by Argo CD or may do more than its team."},
			kinds("Application", "ApplicationSet"), (*world).applicationsWithin},
	}
}
