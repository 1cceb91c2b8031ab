package schema

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	crdvalidation "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	kjson "sigs.k8s.io/json"

	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/validate/refusal"
)

// definition is one kind, ready to judge.
type definition struct {
	// source says where it comes from.
	source     string
	namespaced bool
	versions   map[string]func() (*version, error)
}

// version is one served version of a kind.
type version struct {
	structural *structuralschema.Structural // nil for a JSON schema that is no structural one
	values     validation.SchemaValidator
	rules      *cel.Validator
	scale      *apiextensions.CustomResourceSubresourceScale
	hasStatus  bool
	keepsAll   bool
}

var scheme = sync.OnceValue(func() *kruntime.Scheme {
	s := kruntime.NewScheme()
	install.Install(s)
	return s
})

// internalize converts a definition to the form that validation takes, with its defaults.
func internalize(crd *apiextensionsv1.CustomResourceDefinition) (*apiextensions.CustomResourceDefinition, error) {
	crd = crd.DeepCopy()
	scheme().Default(crd)
	internal := &apiextensions.CustomResourceDefinition{}
	return internal, scheme().Convert(crd, internal, nil)
}

// define makes a definition ready. A version, and the rules in it, is compiled when it is first asked for.
func define(crd *apiextensionsv1.CustomResourceDefinition, from string) (*definition, error) {
	internal, err := internalize(crd)
	if err != nil {
		return nil, err
	}
	d := &definition{source: from, namespaced: internal.Spec.Scope == apiextensions.NamespaceScoped, versions: map[string]func() (*version, error){}}
	for _, v := range internal.Spec.Versions {
		if v.Served {
			d.versions[v.Name] = sync.OnceValues(func() (*version, error) { return compile(internal, v.Name) })
		}
	}
	return d, nil
}

// compile makes a version of a definition ready.
func compile(crd *apiextensions.CustomResourceDefinition, name string) (*version, error) {
	props, err := apiextensions.GetSchemaForVersion(crd, name)
	if err != nil {
		return nil, err
	}
	if props == nil || props.OpenAPIV3Schema == nil {
		return nil, fmt.Errorf("version %s has no schema", name)
	}
	structural, err := structuralschema.NewStructural(props.OpenAPIV3Schema)
	if err != nil {
		return nil, err
	}
	values, _, err := validation.NewSchemaValidator(props.OpenAPIV3Schema)
	if err != nil {
		return nil, err
	}
	sub, err := apiextensions.GetSubresourcesForVersion(crd, name)
	if err != nil {
		return nil, err
	}
	v := &version{structural: structural, values: values, rules: cel.NewValidator(structural, true, celconfig.PerCallLimit),
		keepsAll: crd.Spec.PreserveUnknownFields != nil && *crd.Spec.PreserveUnknownFields}
	if sub != nil {
		v.scale, v.hasStatus = sub.Scale, sub.Status != nil
	}
	return v, nil
}

// validate judges the creation of an object: the paths of fields that it should not have, and what is wrong. It fills in
// defaults on the way.
func (v *version) validate(d *definition, content map[string]any) (unknown []string, errs field.ErrorList) {
	if v.structural == nil {
		return nil, validation.ValidateCustomResource(nil, content, v.values)
	}
	u := &unstructured.Unstructured{Object: content}
	meta, _, strays, err := objectmeta.GetObjectMetaWithOptions(content, objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true})
	if err != nil {
		return nil, field.ErrorList{field.Invalid(field.NewPath("metadata"), "", err.Error())}
	}
	unknown = append(unknown, strays...)
	if !v.keepsAll {
		unknown = append(unknown, pruning.PruneWithOptions(content, v.structural, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})...)
		defaulting.PruneNonNullableNullsWithoutDefaults(content, v.structural)
	}
	wrong, strays := objectmeta.CoerceWithOptions(nil, content, v.structural, false, objectmeta.CoerceOptions{ReturnUnknownFieldPaths: true})
	if wrong != nil {
		return unknown, field.ErrorList{wrong}
	}
	unknown = append(unknown, strays...)
	if meta != nil {
		complete(meta, d.namespaced)
		if err := objectmeta.SetObjectMeta(content, meta); err != nil {
			return unknown, field.ErrorList{field.Invalid(field.NewPath("metadata"), "", err.Error())}
		}
	}
	defaulting.Default(content, v.structural)
	if v.hasStatus {
		delete(content, "status")
	}
	return unknown, v.judge(d, u, nil)
}

// complete fills in what the request says.
func complete(meta *metav1.ObjectMeta, namespaced bool) {
	switch {
	case !namespaced:
		meta.Namespace = ""
	case meta.Namespace == "":
		meta.Namespace = metav1.NamespaceDefault
	}
	if meta.Name == "" && meta.GenerateName != "" {
		meta.Name = meta.GenerateName + "abcde"
	}
}

// judge does what the strategy of custom resources does, in its order.
func (v *version) judge(d *definition, u *unstructured.Unstructured, old any) field.ErrorList {
	errs := apivalidation.ValidateObjectMetaAccessor(u, d.namespaced, apivalidation.NameIsDNSSubdomain, field.NewPath("metadata"))
	errs = append(errs, validation.ValidateCustomResource(nil, u.Object, v.values)...)
	errs = append(errs, v.replicas(u)...)
	errs = append(errs, objectmeta.Validate(nil, u.Object, v.structural, false)...)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, v.structural, u.Object)...)
	for _, e := range errs {
		// Rules are only run on what has the form that they are written for.
		switch e.Type {
		case field.ErrorTypeTypeInvalid, field.ErrorTypeRequired, field.ErrorTypeTooLong, field.ErrorTypeTooMany, field.ErrorTypeNotSupported:
			return errs
		}
	}
	if v.rules != nil {
		broken, _ := v.rules.Validate(context.Background(), nil, v.structural, u.Object, old, celconfig.RuntimeCELCostBudget)
		errs = append(errs, broken...)
	}
	return errs
}

// replicas judges the number that a scale subresource names.
func (v *version) replicas(u *unstructured.Unstructured) field.ErrorList {
	if v.scale == nil {
		return nil
	}
	at := strings.TrimPrefix(v.scale.SpecReplicasPath, ".")
	n, _, err := unstructured.NestedInt64(u.Object, strings.Split(at, ".")...)
	if err != nil {
		return field.ErrorList{field.Invalid(field.NewPath(at), n, err.Error())}
	}
	if n < 0 {
		return field.ErrorList{field.Invalid(field.NewPath(at), n, "should be a non-negative integer")}
	}
	return nil
}

// change judges an update by the rules that look at what was before.
func (v *version) change(d *definition, now, before map[string]any) field.ErrorList {
	if v.structural == nil || v.rules == nil {
		return nil
	}
	if _, errs := v.validate(d, before); len(errs) > 0 {
		return nil
	}
	broken, _ := v.rules.Validate(context.Background(), nil, v.structural, now, before, celconfig.RuntimeCELCostBudget)
	return broken
}

// definition judges a definition itself and returns it where it can be used.
func (v *verdict) definition(o *manifest.Object) *apiextensionsv1.CustomResourceDefinition {
	d := &definition{source: "Kubernetes 1.33"}
	content, err := json.Marshal(o.Content)
	if err != nil {
		v.skip(o, err.Error())
		return nil
	}
	var crd apiextensionsv1.CustomResourceDefinition
	strict, err := kjson.UnmarshalStrict(content, &crd)
	for _, e := range append(strict, err) {
		if e != nil {
			v.report(o, d, e.Error(), "write what a definition takes", o.Path(fieldOf(e))...)
		}
	}
	if err != nil {
		return nil
	}
	internal, err := internalize(&crd)
	if err != nil {
		v.skip(o, err.Error())
		return nil
	}
	errs := crdvalidation.ValidateCustomResourceDefinition(context.Background(), internal)
	for _, e := range errs {
		v.report(o, d, refusal.Message(e), refusal.Fix(e), o.Path(e.Field)...)
	}
	if len(errs) > 0 {
		return nil
	}
	return &crd
}

// fieldOf is the path that a strict error names.
func fieldOf(err error) string {
	if e, ok := err.(kjson.FieldError); ok {
		return e.FieldPath()
	}
	return ""
}

// loose is a version that is judged by a JSON schema alone.
func loose(props *apiextensions.JSONSchemaProps) (*version, error) {
	values, _, err := validation.NewSchemaValidator(props)
	return &version{values: values}, err
}

// readJSONSchema reads a JSON schema as far as definitions know its words.
func readJSONSchema(data []byte, into *apiextensions.JSONSchemaProps) error {
	var props apiextensionsv1.JSONSchemaProps
	if err := json.Unmarshal(data, &props); err != nil {
		return err
	}
	return scheme().Convert(&props, into, nil)
}
