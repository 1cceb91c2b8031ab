package catalogue

import (
	"cmp"
	"fmt"
	"path"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO007", Name: "duplicate-object", Severity: finding.Error, Set: duplicates,
		What: "An object of one group, kind, namespace and name is built once for a cluster: by one overlay or tenant of all those whose environments are on it, and by one of the plain files of a folder. " +
			"Other kustomizations may be for other clusters, and are not compared.",
		Why:     "Two Applications that build one object overwrite each other with every sync, and each deletes it when it prunes; of two plain files the one that is applied last wins.",
		Fix:     "Give one of them another name, or leave it out of one of the folders.",
		Sources: []string{"https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/#fail-the-sync-if-a-shared-resource-is-found"}})
}

// oneObject is what the API server tells objects apart by; versions of a kind are one.
type oneObject struct {
	where string
	kind  schema.GroupKind
	finding.Object
}

func duplicates(p *Pass) {
	first := map[oneObject]*manifest.Object{}
	for _, u := range p.Set.Units {
		where, ok := p.destination(u)
		if !ok {
			continue
		}
		for _, o := range u.Objects {
			id := oneObject{where, schema.FromAPIVersionAndKind(o.APIVersion, o.Kind).GroupKind(), finding.Object{Namespace: o.Namespace, Name: o.Name}}
			other := first[id]
			if other == nil {
				first[id] = o
				continue
			}
			if u.Context {
				o, other = other, o // what is judged is told, not what is beside it
			}
			p.Report(o, fmt.Sprintf("%s builds the same object", other.Unit.Path), "give one of them another name, or leave one out", "metadata", "name")
		}
	}
}

// destination says where the objects of a unit meet those of others; false where they meet none.
func (p *Pass) destination(u *manifest.Unit) (string, bool) {
	switch u.Kind {
	case manifest.File:
		return path.Dir(u.Path) + "/", true
	case manifest.Overlay, manifest.Tenant:
		if p.Set.Platform != nil {
			for _, e := range p.Set.Platform.Spec.Environments {
				if e.Name == u.Target.Env {
					return cmp.Or(e.Cluster.Server, e.Cluster.Name), true
				}
			}
		}
		return "", true
	}
	return "", false
}
