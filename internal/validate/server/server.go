// Package server judges objects as the API server does that they are meant for: strict decoding, defaults, conversion and
// the validation code of Kubernetes itself. It is the only package that links that code, together with schema.
package server

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/kubernetes/pkg/api/legacyscheme"

	"github.com/modelops/modelops/internal/parallel"
	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/validate/refusal"
)

// Options of a judgement.
type Options struct {
	// Target is the version of the cluster; Newest where it is zero.
	Target Version
}

// judge is who says so, where it is the code of Kubernetes.
const judge = "Kubernetes 1.33"

// Judge says what the API server would refuse of the objects of a set, and, where there are objects from before, of the
// change. Objects of kinds that are not Kubernetes' own are not its business: those are schema's.
func Judge(set *manifest.Set, options Options) ([]finding.Finding, []finding.Skipped) {
	target := options.Target
	if target == 0 {
		target = Newest
	}
	defer target.use()()
	verdicts := make([]verdict, len(set.Units))
	parallel.For(len(set.Units), func(i int) { verdicts[i].unit(set.Units[i], target) })
	var all verdict
	for _, v := range verdicts {
		all.found, all.skipped = append(all.found, v.found...), append(all.skipped, v.skipped...)
	}
	return all.found, all.skipped
}

// verdict gathers what is said of the objects of a unit.
type verdict struct {
	found   []finding.Finding
	skipped []finding.Skipped
}

func (v *verdict) unit(u *manifest.Unit, target Version) {
	if u.Context {
		return
	}
	before := u.Was()
	for _, o := range u.Objects {
		v.object(&request{Object: o, target: target, verdict: v}, before[o.Object])
	}
}

// request is one object on its way into the API server.
type request struct {
	*manifest.Object
	target Version
	*verdict
	// newer are the fields that only a later Kubernetes than the linked one knows.
	newer [][]any
}

func (v *verdict) object(r *request, before *manifest.Object) {
	// There are objects on which the validation code of Kubernetes panics, and with it the API server's request: a Job
	// with a success policy and Indexed, but without completions, is one.
	defer func() {
		if p := recover(); p != nil {
			r.report("MO003", "server-validation", fmt.Sprintf("the validation of Kubernetes fails on it: %v", p), "set what its kind requires")
		}
	}()
	gvk := schema.FromAPIVersionAndKind(r.APIVersion, r.Kind)
	if !Builtin(gvk.Group) {
		return
	}
	if !r.served(gvk) {
		return
	}
	typed := r.decode(gvk)
	if typed == nil {
		return
	}
	kind, ok := kinds[gvk.GroupKind()]
	if !ok {
		r.skip(fmt.Sprintf("its fields were decoded strictly; the rules of kind %s are not among those that modelops carries", gvk.Kind))
		return
	}
	internal, err := admit(typed, kind.namespaced)
	if err != nil {
		r.report("MO002", "schema-strict", err.Error(), "")
		return
	}
	r.invalid(kind.validate(internal))
	if before != nil {
		r.change(kind, internal, before, gvk)
	}
}

// change judges the update of an object that was there before. What was there is not judged again.
func (r *request) change(kind kind, now kruntime.Object, was *manifest.Object, gvk schema.GroupVersionKind) {
	if kind.update == nil {
		return
	}
	earlier := &request{Object: was, target: r.target, verdict: &verdict{}}
	typed := earlier.decode(gvk)
	if typed == nil {
		return
	}
	old, err := admit(typed, kind.namespaced)
	if err != nil {
		return
	}
	stored(now)
	stored(old)
	r.invalid(without(kind.update(now, old), kind.validate(now)))
}

// without leaves out the errors that are there already.
func without(errs, known field.ErrorList) field.ErrorList {
	seen := map[string]bool{}
	for _, e := range known {
		seen[e.Error()] = true
	}
	var out field.ErrorList
	for _, e := range errs {
		if !seen[e.Error()] {
			seen[e.Error()] = true
			out = append(out, e)
		}
	}
	return out
}

// stored gives an object what every stored one has and no manifest.
func stored(o kruntime.Object) {
	if m, ok := o.(metav1.Object); ok {
		m.SetResourceVersion("1")
		m.SetUID("00000000-0000-0000-0000-000000000000")
	}
}

// admit does with a decoded object what the API server does before it validates: it fills in defaults, converts to the
// internal version, and fills in what the request says: a namespace, and a name where only its beginning is given.
func admit(typed kruntime.Object, namespaced bool) (kruntime.Object, error) {
	legacyscheme.Scheme.Default(typed)
	gvk := typed.GetObjectKind().GroupVersionKind()
	internal, err := legacyscheme.Scheme.ConvertToVersion(typed, schema.GroupVersion{Group: gvk.Group, Version: kruntime.APIVersionInternal})
	if err != nil {
		return nil, err
	}
	m, ok := internal.(metav1.Object)
	if !ok {
		return nil, fmt.Errorf("%s has no metadata", gvk.Kind)
	}
	switch {
	case !namespaced:
		m.SetNamespace("")
	case m.GetNamespace() == "":
		m.SetNamespace(metav1.NamespaceDefault)
	}
	if m.GetName() == "" && m.GetGenerateName() != "" {
		m.SetName(m.GetGenerateName() + "abcde")
	}
	m.SetUID("00000000-0000-0000-0000-000000000000")
	m.SetDeletionTimestamp(nil)
	m.SetDeletionGracePeriodSeconds(nil)
	return internal, nil
}

// invalid reports what validation found.
func (r *request) invalid(errs field.ErrorList) {
	for _, e := range errs {
		path := r.Path(e.Field)
		if r.judgedByNewer(e, path) {
			continue
		}
		if key, ok := e.BadValue.(string); ok {
			// Of a wrong key the server names the map.
			if m, ok := r.At(path...).(map[string]any); ok && m[key] != nil {
				path = append(path, key)
			}
		}
		r.report("MO003", "server-validation", refusal.Message(e), refusal.Fix(e), path...)
	}
}

func (r *request) report(id, name, message, fix string, path ...any) *finding.Finding {
	r.found = append(r.found, finding.Finding{Check: id, Name: name, Severity: finding.Error, Object: r.Object.Object,
		Field: manifest.Field(path...), At: r.Source.Position(path...), Message: message, Why: refusal.Why, Fix: fix, Judge: judge})
	return &r.found[len(r.found)-1]
}

func (r *request) skip(reason string, path ...any) {
	r.skipped = append(r.skipped, finding.Skipped{Object: r.Object.Object, Field: manifest.Field(path...), At: r.Source.Position(path...), Reason: reason})
}
