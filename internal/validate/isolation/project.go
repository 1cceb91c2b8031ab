package isolation

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/modelops/modelops/internal/validate/catalogue"
	"github.com/modelops/modelops/internal/validate/manifest"
)

// project is an AppProject, as far as it bounds Applications.
type project struct {
	*manifest.Object
	Spec struct {
		SourceRepos                []string      `json:"sourceRepos"`
		Destinations               []destination `json:"destinations"`
		SourceNamespaces           []string      `json:"sourceNamespaces"`
		ClusterResourceWhitelist   []groupKind   `json:"clusterResourceWhitelist"`
		NamespaceResourceWhitelist []groupKind   `json:"namespaceResourceWhitelist"`
		NamespaceResourceBlacklist []groupKind   `json:"namespaceResourceBlacklist"`
		ClusterResourceBlacklist   []groupKind   `json:"clusterResourceBlacklist"`
		Roles                      []struct {
			Name     string   `json:"name"`
			Policies []string `json:"policies"`
		} `json:"roles"`
	} `json:"spec"`
}

type destination struct {
	Server    string `json:"server"`
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
}

type groupKind struct {
	Group string `json:"group"`
	Kind  string `json:"kind"`
}

// readArgo takes in a project, or what deploys by one.
func (w *world) readArgo(o *manifest.Object) error {
	switch o.Kind {
	case "AppProject":
		p, err := decode[project](o)
		if err != nil {
			return err
		}
		p.Object = o
		w.projects = append(w.projects, &p)
		w.projectOf[o.Name] = &p
	case "Application":
		a, err := decode[struct {
			Spec applicationSpec `json:"spec"`
		}](o)
		if err != nil {
			return err
		}
		w.apps = append(w.apps, &application{Object: o, at: []any{"spec"}, spec: a.Spec})
	case "ApplicationSet":
		a, err := applicationSetOf(o)
		if err != nil {
			return err
		}
		w.apps = append(w.apps, a)
	}
	return nil
}

// platformPrefix begins the names of the projects that are the platform's own.
const platformPrefix = "modelops-"

// ofPlatform says whether a project is the platform's own: it applies tenants, or Argo CD's objects.
func (p *project) ofPlatform(w *world) bool {
	return w.set.Platform != nil && strings.HasPrefix(p.Name, platformPrefix) && w.tenantOf(p.Name) == ""
}

// platformKinds are those that only the platform's project may apply: what bounds a team.
var platformKinds = []groupKind{{"", "Namespace"}, {"", "ResourceQuota"}, {"", "LimitRange"}, {"rbac.authorization.k8s.io", "Role"},
	{"rbac.authorization.k8s.io", "RoleBinding"}, {"argoproj.io", "Application"}, {"argoproj.io", "ApplicationSet"}, {"argoproj.io", "AppProject"}}

// projectsTight is MO401.
func (w *world) projectsTight(c *catalogue.Pass) {
	for _, p := range w.projects {
		p.wildcards(c)
		p.reach(c, w)
		p.rolesWithin(c)
	}
}

// wild says whether Argo CD takes a text for a pattern.
func wild(s string) bool { return strings.ContainsAny(s, "*?[{!") }

func (p *project) wildcards(c *catalogue.Pass) {
	const fix = "write out what the project needs"
	for i, r := range p.Spec.SourceRepos {
		if wild(r) {
			c.Report(p.Object, fmt.Sprintf("it takes manifests from any repository like %q", r), fix, "spec", "sourceRepos", i)
		}
	}
	for i, d := range p.Spec.Destinations {
		for _, f := range []struct{ field, value string }{{"server", d.Server}, {"name", d.Name}, {"namespace", d.Namespace}} {
			if wild(f.value) {
				c.Report(p.Object, fmt.Sprintf("it deploys to any %s like %q", f.field, f.value), fix, "spec", "destinations", i, f.field)
			}
		}
		if d.Namespace == "" {
			c.Report(p.Object, "a destination without a namespace", fix, "spec", "destinations", i)
		}
	}
	for i, n := range p.Spec.SourceNamespaces {
		if wild(n) {
			c.Report(p.Object, fmt.Sprintf("Applications of any namespace like %q may use it", n), fix, "spec", "sourceNamespaces", i)
		}
	}
	for _, l := range []struct {
		field string
		kinds []groupKind
	}{{"clusterResourceWhitelist", p.Spec.ClusterResourceWhitelist}, {"namespaceResourceWhitelist", p.Spec.NamespaceResourceWhitelist}} {
		for i, k := range l.kinds {
			if wild(k.Group) || wild(k.Kind) {
				c.Report(p.Object, fmt.Sprintf("it allows every kind like %q of group %q", k.Kind, k.Group), fix, "spec", l.field, i)
			}
		}
	}
	if len(p.Spec.NamespaceResourceWhitelist) == 0 {
		c.Report(p.Object, "without a namespaceResourceWhitelist it allows every kind, roles and quotas included", "list the kinds that a model is made of", "spec")
	}
	if len(p.Spec.SourceRepos) == 0 && len(p.Spec.Destinations) > 0 {
		c.Warn(p.Object, "without sourceRepos nothing can be deployed by it", "name the deployment repository", "spec")
	}
}

// reach: one destination, and none of the kinds that bound a team.
func (p *project) reach(c *catalogue.Pass, w *world) {
	if p.ofPlatform(w) {
		for i, k := range p.Spec.ClusterResourceWhitelist {
			if (k != groupKind{"", "Namespace"}) && !wild(k.Kind) && !wild(k.Group) {
				c.Report(p.Object, fmt.Sprintf("it may change the kind %s of group %q, which is the whole cluster's", k.Kind, k.Group), "tenants need the kind Namespace alone", "spec", "clusterResourceWhitelist", i)
			}
		}
		return
	}
	if n := len(p.Spec.Destinations); n > 1 {
		c.Report(p.Object, fmt.Sprintf("it has %d destinations: an Application of one may write into the others", n), "make a project for each", "spec", "destinations", 1)
	}
	for i, d := range p.Spec.Destinations {
		if team := w.tenantOf(p.Name); team != "" && d.Namespace != p.Name && !wild(d.Namespace) {
			c.Report(p.Object, fmt.Sprintf("the project of %s deploys to namespace %s", p.Name, d.Namespace), "deploy to "+p.Name, "spec", "destinations", i, "namespace")
		}
	}
	for i, k := range p.Spec.ClusterResourceWhitelist {
		if !wild(k.Kind) && !wild(k.Group) {
			c.Report(p.Object, fmt.Sprintf("it may change the kind %s, which is the whole cluster's", k.Kind), "leave clusterResourceWhitelist empty", "spec", "clusterResourceWhitelist", i)
		}
	}
	for i, k := range p.Spec.NamespaceResourceWhitelist {
		if slices.Contains(platformKinds, k) {
			c.Report(p.Object, fmt.Sprintf("it may change objects of the kind %s: a team could lift its own bounds", k.Kind), "leave it to the platform's project", "spec", "namespaceResourceWhitelist", i)
		}
	}
}

// rolesWithin: what a role of a project allows ends at the project.
func (p *project) rolesWithin(c *catalogue.Pass) {
	for i, r := range p.Spec.Roles {
		for j, line := range r.Policies {
			at := []any{"spec", "roles", i, "policies", j}
			f := strings.Split(line, ",")
			for k := range f {
				f[k] = strings.TrimSpace(f[k])
			}
			const fix = "write: p, proj:PROJECT:ROLE, applications, ACTION, PROJECT/*, allow"
			switch {
			case len(f) != 6 || f[0] != "p":
				c.Report(p.Object, fmt.Sprintf("the policy %q has not the six fields of one", line), fix, at...)
			case f[1] != "proj:"+p.Name+":"+r.Name:
				c.Report(p.Object, fmt.Sprintf("the policy is for %s, and stands in role %s of project %s", f[1], r.Name, p.Name), fix, at...)
			case !strings.HasPrefix(f[4], p.Name+"/"):
				c.Report(p.Object, fmt.Sprintf("the policy is about %s, which is not of project %s", f[4], p.Name), fix, at...)
			case f[2] == "*" || f[3] == "*" || f[3] == "override" || f[2] == "exec":
				c.Report(p.Object, fmt.Sprintf("the policy allows %s on %s: more than to look and to sync", f[3], f[2]), "allow get and sync of applications, and get of logs", at...)
			}
		}
	}
}

// matches is how Argo CD compares a name with a pattern.
func matches(pattern, name string) bool {
	ok, err := path.Match(strings.ReplaceAll(pattern, "/", "\x00"), strings.ReplaceAll(name, "/", "\x00"))
	return pattern == name || (err == nil && ok)
}

func (d destination) allows(o destination) bool {
	cluster := (d.Server != "" && matches(d.Server, o.Server)) || (d.Name != "" && matches(d.Name, o.Name))
	return cluster && matches(d.Namespace, o.Namespace)
}

// permits says whether a kind may be applied by Applications of the project.
func (p *project) permits(o *manifest.Object) bool {
	k := groupKind{group(o), o.Kind}
	in := func(list []groupKind) bool {
		return slices.ContainsFunc(list, func(l groupKind) bool { return matches(l.Group, k.Group) && matches(l.Kind, k.Kind) })
	}
	if clusterScoped[o.Kind] || o.Namespace == "" {
		return in(p.Spec.ClusterResourceWhitelist) && !in(p.Spec.ClusterResourceBlacklist)
	}
	return (len(p.Spec.NamespaceResourceWhitelist) == 0 || in(p.Spec.NamespaceResourceWhitelist)) && !in(p.Spec.NamespaceResourceBlacklist)
}
