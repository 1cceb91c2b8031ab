package isolation

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/modelops/modelops/internal/validate/catalogue"
	"github.com/modelops/modelops/internal/validate/manifest"
)

// clusterScoped are the kinds that have no namespace. Kinds of custom resources that are not here show by having none in
// a folder that gives one to everything else.
var clusterScoped = kinds("APIService", "CSIDriver", "CSINode", "CertificateSigningRequest", "ClusterIssuer", "ClusterRole", "ClusterRoleBinding",
	"ClusterTrustBundle", "ComponentStatus", "CustomResourceDefinition", "DeviceClass", "FlowSchema", "GatewayClass", "IPAddress", "IngressClass",
	"MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding", "MutatingWebhookConfiguration", "Namespace", "Node", "PersistentVolume",
	"PriorityClass", "PriorityLevelConfiguration", "ResourceSlice", "RuntimeClass", "ServiceCIDR", "StorageClass", "StorageVersion",
	"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration", "VolumeAttachment", "VolumeAttributesClass",
	"AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "CiliumClusterwideNetworkPolicy", "GlobalNetworkPolicy", "ClusterPolicy", "ConstraintTemplate")

// boundary is MO308: everything that a team's folder builds is in its namespace, and speaks of nothing in another.
func (w *world) boundary(p *catalogue.Pass) {
	for _, u := range w.set.Units {
		for _, o := range u.Objects {
			switch u.Kind {
			case manifest.Overlay, manifest.Tenant:
				w.inNamespace(p, u, o)
			case manifest.ArgoCD:
				w.inArgoCD(p, o)
				continue
			}
			w.references(p, u, o)
		}
	}
}

func (w *world) inNamespace(p *catalogue.Pass, u *manifest.Unit, o *manifest.Object) {
	home := u.Target.Namespace()
	switch {
	case o.Kind == "Namespace" && u.Kind == manifest.Tenant:
		if o.Name != home {
			p.Report(o, fmt.Sprintf("the tenant %s makes another namespace, %s", home, o.Name), "leave it out: a team has one namespace per environment", "metadata", "name")
		}
	case clusterScoped[o.Kind] || o.Namespace == "":
		p.Report(o, fmt.Sprintf("%s has no namespace: it is there for the whole cluster", o.Kind), "leave it to the platform, outside of the teams' folders", "kind")
	case o.Namespace != home:
		p.Report(o, fmt.Sprintf("it is in namespace %s, and this folder is applied to %s", o.Namespace, home), "leave metadata.namespace out: it is rendered", "metadata", "namespace")
	case o.Kind == "Endpoints" || o.Kind == "EndpointSlice":
		p.Report(o, o.Kind+" written by hand send a Service's callers to any address, another team's pods included", "let the Service select its pods", "kind")
	}
}

// inArgoCD: the folder of Argo CD's objects holds nothing else.
func (w *world) inArgoCD(p *catalogue.Pass, o *manifest.Object) {
	home := "argocd"
	if w.set.Platform != nil {
		home = cmp.Or(w.set.Platform.Spec.ArgoCD.Namespace, home)
	}
	switch {
	case group(o) != "argoproj.io" || !slices.Contains([]string{"AppProject", "Application", "ApplicationSet"}, o.Kind):
		p.Report(o, o.Kind+" does not belong among Argo CD's own objects", "leave it out: the platform's Applications are applied with more permissions than a team's", "kind")
	case o.Namespace != home:
		p.Report(o, fmt.Sprintf("it is in namespace %q, and Argo CD runs in %s", o.Namespace, home), "leave metadata.namespace as rendered", "metadata", "namespace")
	}
}

// serviceName is the name of a Service as the cluster's DNS has it.
var serviceName = regexp.MustCompile(`^[a-z0-9-]+\.([a-z0-9-]+)\.svc(?:\.|$)`)

// references reports what an object says of other namespaces.
func (w *world) references(p *catalogue.Pass, u *manifest.Unit, o *manifest.Object) {
	home := o.Namespace
	if home == "" || o.Kind == "ConfigMap" || o.Kind == "Secret" {
		return
	}
	if o.Kind == "RoleBinding" {
		w.subjects(p, u, o, home)
		return
	}
	walk(o.Content, nil, func(path []any, key, value string) {
		message := ""
		switch m := serviceName.FindStringSubmatch(value); {
		case (key == "namespace" || key == "namespaces" || key == "secretNamespace" || key == "matchNames") && value != home && !w.mayName(o, path, value):
			message = fmt.Sprintf("it refers to namespace %s, and belongs to %s", value, home)
		case (key == "externalName" || key == "host") && m != nil && m[1] != home:
			message = fmt.Sprintf("it leads to a Service of namespace %s, and belongs to %s", m[1], home)
		}
		if message != "" {
			p.Report(o, message, "keep to the team's own namespace", path...)
		}
	})
	if o.Kind == "ServiceMonitor" || o.Kind == "PodMonitor" {
		if any, _ := o.At("spec", "namespaceSelector", "any").(bool); any {
			p.Report(o, "it scrapes every namespace", "leave spec.namespaceSelector out", "spec", "namespaceSelector", "any")
		}
	}
	if o.Kind == "ReferenceGrant" {
		p.Report(o, "it lets other namespaces refer to this one", "leave it to the platform", "kind")
	}
}

// mayName says whether an object may name a namespace there: routes hang on the platform's gateways.
func (w *world) mayName(o *manifest.Object, path []any, value string) bool {
	if len(path) < 2 || path[0] != "spec" || path[1] != "parentRefs" || w.set.Platform == nil {
		return false
	}
	for _, g := range w.set.Platform.Spec.Network.Gateways {
		if g.Namespace == value {
			return true
		}
	}
	return false
}

// walk calls f for every text below an object's spec and the like, with the name of the field that it is in. Labels and
// selectors are left out: their keys are anybody's words.
func walk(v any, path []any, f func(path []any, key, value string)) {
	switch t := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(t)) {
			if words[key] || (len(path) == 0 && (key == "metadata" || key == "status")) {
				continue
			}
			walk(t[key], in(path, key), f)
		}
	case []any:
		for i, e := range t {
			walk(e, in(path, i), f)
		}
	case string:
		for i := len(path) - 1; i >= 0; i-- {
			if key, ok := path[i].(string); ok {
				f(path, key, t)
				return
			}
		}
	}
}

var words = kinds("labels", "annotations", "matchLabels", "matchExpressions", "nodeSelector", "env", "args", "command")

// subjects reports those of a RoleBinding that are not of the team.
func (w *world) subjects(p *catalogue.Pass, u *manifest.Unit, o *manifest.Object, home string) {
	b, err := decode[rbacv1.RoleBinding](o)
	if err != nil {
		return // reported as unread
	}
	for i, s := range b.Subjects {
		if why := w.stranger(u, s, home); why != "" {
			p.Report(o, fmt.Sprintf("it gives %s to %s %s, %s", b.RoleRef.Name, s.Kind, s.Name, why), "bind groups of the team, or ServiceAccounts of its namespace", "subjects", i, "name")
		}
	}
}

// stranger says why a subject is not of the team; empty where it may be.
func (w *world) stranger(u *manifest.Unit, s rbacv1.Subject, home string) string {
	switch {
	case s.Kind == rbacv1.ServiceAccountKind && s.Namespace != home:
		return "of namespace " + cmp.Or(s.Namespace, "(none)")
	case s.Name == "system:authenticated" || s.Name == "system:unauthenticated" || s.Name == "system:anonymous":
		return "which is everybody"
	case s.Name == "system:serviceaccounts":
		return "which is every ServiceAccount of the cluster"
	case s.Kind == rbacv1.GroupKind && strings.HasPrefix(s.Name, "system:serviceaccounts:") && s.Name != "system:serviceaccounts:"+home:
		return "which are those of another namespace"
	case s.Kind == rbacv1.UserKind && strings.HasPrefix(s.Name, "system:serviceaccount:") && !strings.HasPrefix(s.Name, "system:serviceaccount:"+home+":"):
		return "which is of another namespace"
	case s.Kind == rbacv1.GroupKind && u.Target.Team != "":
		return w.ownersElsewhere(u.Target.Team, s.Name)
	}
	return ""
}

// ownersElsewhere: a group that owns other teams and not this one.
func (w *world) ownersElsewhere(team, name string) string {
	if t := w.set.Teams[team]; t == nil || slices.Contains(t.Spec.Owners, name) {
		return ""
	}
	for _, other := range slices.Sorted(maps.Keys(w.set.Teams)) {
		if w.set.Teams[other] != nil && slices.Contains(w.set.Teams[other].Spec.Owners, name) {
			return "which owns team " + other
		}
	}
	return ""
}
