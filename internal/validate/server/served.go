package server

import (
	"cmp"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kubernetes/pkg/api/legacyscheme"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/render/spec"
)

// lifecycle is what types of versions say of themselves.
type lifecycle interface {
	APILifecycleDeprecated() (major, minor int)
}

type removed interface {
	APILifecycleRemoved() (major, minor int)
}

type replaced interface {
	APILifecycleReplacement() schema.GroupVersionKind
}

// gone are versions that are in the linked code no more, the version that stopped serving them, and what to use.
var gone = map[string]struct {
	since Version
	use   string
}{
	"autoscaling/v2alpha1":                  {19, "autoscaling/v2"},
	"batch/v2alpha1":                        {21, "batch/v1"},
	"discovery.k8s.io/v1alpha1":             {20, "discovery.k8s.io/v1"},
	"flowcontrol.apiserver.k8s.io/v1alpha1": {24, "flowcontrol.apiserver.k8s.io/v1"},
	"rbac.authorization.k8s.io/v1alpha1":    {22, "rbac.authorization.k8s.io/v1"},
	"settings.k8s.io/v1alpha1":              {20, ""},
}

// later are kinds that came after the linked code, and the version that has them.
var later = map[string]Version{
	"storage.k8s.io/v1 VolumeAttributesClass":                             34,
	"admissionregistration.k8s.io/v1beta1 MutatingAdmissionPolicy":        34,
	"admissionregistration.k8s.io/v1beta1 MutatingAdmissionPolicyBinding": 34,
	"certificates.k8s.io/v1beta1 PodCertificateRequest":                   35,
	"scheduling.k8s.io/v1alpha1 Workload":                                 35,
}

// unlinked are groups of Kubernetes whose code is not linked at all.
var unlinked = map[string]bool{
	"authentication.k8s.io": true, "authorization.k8s.io": true, "resource.k8s.io": true, "internal.apiserver.k8s.io": true, "storagemigration.k8s.io": true, "settings.k8s.io": true,
}

// Builtin says whether a group is Kubernetes' own, and not that of a custom resource.
func Builtin(group string) bool {
	return legacyscheme.Scheme.IsGroupRegistered(group) || unlinked[group]
}

// served says whether the target serves a kind, as far as the kind can be judged here; otherwise it is reported.
func (r *request) served(gvk schema.GroupVersionKind) bool {
	version := gvk.GroupVersion().String()
	if since, ok := later[version+" "+gvk.Kind]; ok && r.target >= since {
		r.skip(fmt.Sprintf("the kind is of Kubernetes %s, later than the code that is linked", since))
		return false
	}
	if g, ok := gone[version]; ok && r.target >= g.since {
		r.unserved(fmt.Sprintf("%s is served no more since Kubernetes %s", version, g.since), g.use)
		return false
	}
	if unlinked[gvk.Group] {
		r.skip("the code that judges " + gvk.Group + " is not linked")
		return false
	}
	typed, err := legacyscheme.Scheme.New(gvk)
	if err != nil {
		r.unserved(fmt.Sprintf("Kubernetes has no kind %s in %s", gvk.Kind, version), cmp.Or(r.home(gvk), meant(gvk)))
		return false
	}
	if l, ok := typed.(removed); ok {
		if _, minor := l.APILifecycleRemoved(); minor > 0 && Version(minor) <= r.target {
			r.unserved(fmt.Sprintf("%s of %s is served no more since Kubernetes 1.%d", gvk.Kind, version, minor), replacement(typed))
			return false
		}
	}
	if preview(gvk.Version) && r.target >= 32 {
		r.unserved(fmt.Sprintf("%s is a preview, which API servers do not serve unless they are told to", version), r.home(gvk))
		return false
	}
	if l, ok := typed.(lifecycle); ok {
		if _, minor := l.APILifecycleDeprecated(); minor > 0 && Version(minor) <= r.target {
			f := r.unserved(fmt.Sprintf("%s of %s is deprecated since Kubernetes 1.%d", gvk.Kind, version, minor), replacement(typed))
			f.Severity, f.Name = finding.Warning, "api-deprecated"
			f.Why = "A later Kubernetes serves it no more, and from then on the sync fails."
		}
	}
	return true
}

// preview says whether a version is an alpha or a beta. The last beta that was served by default ended with 1.31.
func preview(version string) bool {
	return strings.Contains(version, "alpha") || strings.Contains(version, "beta")
}

func (r *request) unserved(message, use string) *finding.Finding {
	fix := "use what took its place; its group is Kubernetes' own, so that no CustomResourceDefinition can add it"
	if use != "" {
		fix = "use " + use
	}
	return r.report("MO004", "api-removed", message, fix, "apiVersion")
}

func replacement(typed any) string {
	if l, ok := typed.(replaced); ok {
		if use := l.APILifecycleReplacement(); !use.Empty() {
			return use.GroupVersion().String() + " " + use.Kind
		}
	}
	return ""
}

// meant is the kind of the same version whose name is nearest to one that is not there; empty where none is near.
func meant(gvk schema.GroupVersionKind) string {
	best, at := "", len(gvk.Kind)/3+1
	for kind := range legacyscheme.Scheme.KnownTypes(gvk.GroupVersion()) {
		d := spec.Distance(strings.ToLower(kind), strings.ToLower(gvk.Kind))
		if d < at || d == at && kind < best {
			best, at = kind, d
		}
	}
	return best
}

// home is where a kind is that was looked for in the wrong version or group.
func (r *request) home(gvk schema.GroupVersionKind) string {
	for _, version := range legacyscheme.Scheme.PrioritizedVersionsAllGroups() {
		if !preview(version.Version) && legacyscheme.Scheme.Recognizes(version.WithKind(gvk.Kind)) {
			return version.String()
		}
	}
	return ""
}
