package catalogue

import (
	"fmt"
	"reflect"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO702", Name: "immutable-field", Severity: finding.Error, Object: immutable,
		What: "A change leaves alone what Kubernetes does not let be changed: roleRef of a binding; serviceName, volumeClaimTemplates and podManagementPolicy of a StatefulSet; the pod template of a Job; " +
			"class, access modes, volume and size (downwards) of a PersistentVolumeClaim; clusterIP of a Service; data of a ConfigMap or Secret that says immutable: true; and the type of a Secret. Selectors are MO211's.",
		Why:     "The API server refuses the change, and every sync fails from then on.",
		Fix:     "Give the object a new name; what is already running keeps the old one until it is taken away.",
		Sources: []string{"https://kubernetes.io/docs/reference/access-authn-authz/rbac/#clusterrolebinding-example", "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/", "https://kubernetes.io/docs/concepts/storage/persistent-volumes/"}})
}

// fixed are the fields that cannot be changed, by kind.
var fixed = map[string][][]any{
	"RoleBinding":           {{"roleRef"}},
	"ClusterRoleBinding":    {{"roleRef"}},
	"StatefulSet":           {{"spec", "serviceName"}, {"spec", "volumeClaimTemplates"}, {"spec", "podManagementPolicy"}},
	"Job":                   {{"spec", "template"}, {"spec", "selector"}, {"spec", "completionMode"}},
	"PersistentVolumeClaim": {{"spec", "storageClassName"}, {"spec", "accessModes"}, {"spec", "volumeName"}, {"spec", "volumeMode"}, {"spec", "selector"}},
	"Secret":                {{"type"}},
}

func immutable(p *Pass, o *manifest.Object) {
	old := p.before(o)
	if old == nil {
		return
	}
	for _, path := range fixed[o.Kind] {
		changed(p, o, old, path)
	}
	switch o.Kind {
	case "ConfigMap", "Secret":
		if old.Content["immutable"] == true {
			for _, field := range []string{"data", "binaryData", "immutable"} {
				changed(p, o, old, []any{field})
			}
		}
	case "Service":
		// From none to an address, or to another: only what was written out on both sides is known to differ.
		if o.At("spec", "clusterIP") != nil && old.At("spec", "clusterIP") != nil {
			changed(p, o, old, []any{"spec", "clusterIP"})
		}
	case "PersistentVolumeClaim":
		shrunk(p, o, old)
	}
}

func changed(p *Pass, o, old *manifest.Object, path []any) {
	if !reflect.DeepEqual(old.At(path...), o.At(path...)) {
		p.Report(o, fmt.Sprintf("%s is not what it was, and Kubernetes does not let it be changed", manifest.Field(path...)), "put it back, or give the object a new name", path...)
	}
}

func shrunk(p *Pass, o, old *manifest.Object) {
	path := []any{"spec", "resources", "requests", "storage"}
	was, ok1 := quantity(old.At(path...))
	is, ok2 := quantity(o.At(path...))
	if ok1 && ok2 && is.Cmp(was) < 0 {
		p.Report(o, fmt.Sprintf("the claim was %s, and cannot become smaller: %s", was.String(), is.String()), "keep the size", path...)
	}
}
