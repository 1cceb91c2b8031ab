// Package schema judges custom resources as the API server does that has their definitions: unknown fields, structure,
// values, and the rules in CEL. The definitions of the tools that serve models are carried along; others come from the
// caller, or from the set itself.
package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
	kjson "sigs.k8s.io/json"

	"github.com/modelops/modelops/internal/parallel"
	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/validate/refusal"
)

//go:generate go run ./generate

// Options of a judgement.
type Options struct {
	// Library finds definitions; the carried ones where it is nil.
	Library *Library
	// Builtin says which groups are Kubernetes' own, and so somebody else's business.
	Builtin func(group string) bool
}

// Judge says what the API server would refuse of the custom resources of a set. Those without a definition are skipped.
func Judge(set *manifest.Set, options Options) ([]finding.Finding, []finding.Skipped) {
	library := options.Library
	if library == nil {
		library = Carried()
	}
	library, all := library.with(set)
	verdicts := make([]verdict, len(set.Units))
	parallel.For(len(set.Units), func(i int) {
		if set.Units[i].Context {
			return
		}
		before := set.Units[i].Was()
		for _, o := range set.Units[i].Objects {
			group := schema.FromAPIVersionAndKind(o.APIVersion, o.Kind).Group
			if group != definitions && !options.Builtin(group) {
				verdicts[i].object(library, o, before[o.Object])
			}
		}
	})
	for _, v := range verdicts {
		all.found, all.skipped = append(all.found, v.found...), append(all.skipped, v.skipped...)
	}
	return all.found, all.skipped
}

// verdict gathers what is said of objects.
type verdict struct {
	found   []finding.Finding
	skipped []finding.Skipped
}

func (v *verdict) object(library *Library, o *manifest.Object, before *manifest.Object) {
	defer func() {
		if p := recover(); p != nil {
			v.skip(o, fmt.Sprintf("the validation of its definition gave up on it: %v", p))
		}
	}()
	gvk := schema.FromAPIVersionAndKind(o.APIVersion, o.Kind)
	d, err := library.find(gvk.GroupKind())
	if err != nil {
		v.skip(o, err.Error())
		return
	}
	if d == nil {
		v.skip(o, fmt.Sprintf("no schema of %s in %s is known here: name a folder that holds its CustomResourceDefinition by --schema-dir FOLDER", gvk.Kind, gvk.Group))
		return
	}
	compiled, ok := d.versions[gvk.Version]
	if !ok {
		v.report(o, d, fmt.Sprintf("%s has no version %s", gvk.GroupKind(), gvk.Version), fmt.Sprintf("use one of %v", slices.Sorted(maps.Keys(d.versions))), "apiVersion")
		return
	}
	version, err := compiled()
	if err != nil {
		v.skip(o, fmt.Sprintf("the definition of %s cannot be used: %v", gvk.GroupKind(), err))
		return
	}
	content, err := plain(o)
	if err != nil {
		v.skip(o, err.Error())
		return
	}
	unknown, errs := version.validate(d, content)
	for _, path := range unknown {
		v.report(o, d, fmt.Sprintf("unknown field %q", path), "remove it, or move it to where it belongs", o.Path(path)...)
	}
	if before != nil && len(errs) == 0 {
		if old, err := plain(before); err == nil {
			errs = version.change(d, content, old)
		}
	}
	for _, e := range errs {
		v.report(o, d, refusal.Message(e), refusal.Fix(e), o.Path(e.Field)...)
	}
}

func (v *verdict) report(o *manifest.Object, d *definition, message, fix string, path ...any) {
	v.found = append(v.found, finding.Finding{Check: "MO005", Name: "crd-schema", Severity: finding.Error, Object: o.Object,
		Field: manifest.Field(path...), At: o.Source.Position(path...), Message: message, Why: refusal.Why, Fix: fix, Judge: d.source})
}

func (v *verdict) skip(o *manifest.Object, reason string) {
	v.skipped = append(v.skipped, finding.Skipped{Object: o.Object, At: o.Source.Position(), Reason: reason})
}

// plain is an object's content as the API server decodes it, and a copy: validation fills in defaults.
func plain(o *manifest.Object) (map[string]any, error) {
	data, err := json.Marshal(o.Content)
	if err != nil {
		return nil, fmt.Errorf("it is no JSON: %w", err)
	}
	var content map[string]any
	return content, kjson.UnmarshalCaseSensitivePreserveInts(data, &content)
}
