package policy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/policy/matching"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/predicates/rules"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

// bound is a ValidatingAdmissionPolicy as one of its bindings enforces it.
type bound struct {
	policy  *admissionv1.ValidatingAdmissionPolicy
	binding *admissionv1.ValidatingAdmissionPolicyBinding
	source  *manifest.Object
	cel     *expressions
}

// admission reads the ValidatingAdmissionPolicies and their bindings.
func (p *Policies) admission(objects []*manifest.Object) {
	bindings := map[string][]*admissionv1.ValidatingAdmissionPolicyBinding{}
	for _, o := range objects {
		if o.Kind != "ValidatingAdmissionPolicyBinding" {
			continue
		}
		b := &admissionv1.ValidatingAdmissionPolicyBinding{}
		if err := decode(o.Content, b); err != nil {
			p.unusable(o.Object.String(), o.Source.Position(), err)
			continue
		}
		bindings[b.Spec.PolicyName] = append(bindings[b.Spec.PolicyName], b)
	}
	for _, o := range objects {
		if o.Kind != "ValidatingAdmissionPolicy" {
			continue
		}
		p.admissionPolicy(o, bindings[o.Name])
		delete(bindings, o.Name)
	}
	for name, list := range bindings {
		for _, b := range list {
			p.gap("ValidatingAdmissionPolicyBinding/"+b.Name, "its policy "+name+" is not in the folder")
		}
	}
}

func (p *Policies) admissionPolicy(o *manifest.Object, bindings []*admissionv1.ValidatingAdmissionPolicyBinding) {
	name := o.Object.String()
	policy := &admissionv1.ValidatingAdmissionPolicy{}
	err := decode(o.Content, policy)
	if err == nil && policy.Spec.MatchConstraints == nil {
		err = errors.New("spec.matchConstraints: Required value")
	}
	var cel *expressions
	if err == nil {
		cel, err = compile(celSource{Conditions: policy.Spec.MatchConditions, Variables: policy.Spec.Variables, Validations: policy.Spec.Validations,
			FailurePolicy: policy.Spec.FailurePolicy, params: policy.Spec.ParamKind != nil})
	}
	if err != nil {
		p.unusable(name, o.Source.Position(), err)
		return
	}
	if why := cel.source.needsCluster(); why != "" {
		p.gap(name, why+", which no file says")
		return
	}
	if len(bindings) == 0 {
		p.gap(name, "no binding in the folder enforces it")
	}
	defaults(policy.Spec.MatchConstraints)
	for _, b := range bindings {
		if b.Spec.MatchResources != nil {
			defaults(b.Spec.MatchResources)
		}
		p.rules = append(p.rules, &bound{policy, b, o, cel})
	}
}

// decode reads a document strictly, as the API server does.
func decode(content map[string]any, into any) error {
	data, err := json.Marshal(asJSON(content))
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// defaults fills in what the API server would: a selector that is left out selects everything.
func defaults(m *admissionv1.MatchResources) {
	if m.NamespaceSelector == nil {
		m.NamespaceSelector = &metav1.LabelSelector{}
	}
	if m.ObjectSelector == nil {
		m.ObjectSelector = &metav1.LabelSelector{}
	}
	if m.MatchPolicy == nil {
		equivalent := admissionv1.Equivalent
		m.MatchPolicy = &equivalent
	}
}

func (b *bound) name() string { return "ValidatingAdmissionPolicy/" + b.policy.Name }

func (b *bound) at() finding.Position { return b.source.Source.Position() }

// severity is that of the worst action that the binding asks for.
func (b *bound) severity() finding.Severity {
	worst := finding.Info
	for _, a := range b.binding.Spec.ValidationActions {
		switch a {
		case admissionv1.Deny:
			worst = finding.Error
		case admissionv1.Warn:
			worst = min(worst, finding.Warning)
		}
	}
	return worst
}

func (b *bound) start(_ context.Context, w *world) (judgement, error) {
	return func(ctx context.Context, s *subject) ([]finding.Finding, error) { return b.judge(ctx, w, s) }, nil
}

// judge asks for the creation of a subject, and for the change to it where it was there before.
func (b *bound) judge(ctx context.Context, w *world, s *subject) ([]finding.Finding, error) {
	ops := []admission.Operation{admission.Create}
	if s.before != nil {
		ops = append(ops, admission.Update)
	}
	var out []finding.Finding
	for _, op := range ops {
		attributes := s.attributes(op)
		if ok, err := b.concerns(w, attributes); !ok {
			if err != nil {
				return out, err
			}
			continue
		}
		found, err := b.decide(ctx, w, s, attributes)
		for _, f := range found {
			// What holds for the new object and for the change to it is said once.
			if !slices.ContainsFunc(out, func(g finding.Finding) bool { return g.Message == f.Message && g.Field == f.Field }) {
				out = append(out, f)
			}
		}
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

func (b *bound) decide(ctx context.Context, w *world, s *subject, a *admission.VersionedAttributes) ([]finding.Finding, error) {
	var namespace *corev1.Namespace
	if s.namespace != "" {
		namespace = w.namespaceObject(s.namespace)
		if namespace == nil && b.cel.source.asksNamespace() {
			return nil, errNamespace(s.namespace)
		}
	}
	params, err := b.parameters(w, s)
	if err != nil {
		return nil, err
	}
	var out []finding.Finding
	for _, param := range params {
		refusals, err := b.cel.evaluate(ctx, request{a, param, namespace})
		if err != nil {
			return out, err
		}
		for _, r := range refusals {
			f := s.about(r.fields)
			f.Check, f.Name, f.Severity, f.Message, f.Judge = idAdmission, "admission-policy", b.severity(), r.message, b.name()
			f.Why = "The API server refuses, or warns of, what a ValidatingAdmissionPolicy does not hold for."
			f.Fix = "change the object, or the policy in " + b.at().String()
			out = append(out, f)
		}
	}
	return out, nil
}

// concerns says whether policy and binding are about a request, by the API server's own matcher. Its error says why that is
// not known.
func (b *bound) concerns(w *world, a *admission.VersionedAttributes) (bool, error) {
	if rules.IsExemptAdmissionConfigurationResource(a) {
		return false, nil
	}
	for _, m := range []*admissionv1.MatchResources{b.policy.Spec.MatchConstraints, b.binding.Spec.MatchResources} {
		if m == nil {
			continue
		}
		ok, err := w.matches(m, a)
		if err != nil {
			return false, err
		}
		if !ok {
			return false, w.otherVersion(m, a)
		}
	}
	return true, nil
}

var noEquivalents = admission.NewObjectInterfacesFromScheme(runtime.NewScheme())

func (w *world) matches(m *admissionv1.MatchResources, a admission.Attributes) (bool, error) {
	ok, _, _, err := matching.NewMatcher(lister{w}, nil).Matches(a, noEquivalents, criteria{m})
	return ok, err
}

// otherVersion is an error where only the version keeps a policy from matching: the API server would convert the object.
func (w *world) otherVersion(m *admissionv1.MatchResources, a admission.Attributes) error {
	if *m.MatchPolicy != admissionv1.Equivalent {
		return nil
	}
	any := m.DeepCopy()
	for i := range any.ResourceRules {
		any.ResourceRules[i].APIVersions = []string{"*"}
	}
	if ok, err := w.matches(any, a); ok && err == nil && len(any.ResourceRules) > 0 {
		return fmt.Errorf("it is written for another version of %s, into which the API server converts", a.GetResource().Resource)
	}
	return nil
}

// criteria are what a policy or a binding matches.
type criteria struct{ m *admissionv1.MatchResources }

func (c criteria) GetParsedNamespaceSelector() (labels.Selector, error) {
	return metav1.LabelSelectorAsSelector(c.m.NamespaceSelector)
}

func (c criteria) GetParsedObjectSelector() (labels.Selector, error) {
	return metav1.LabelSelectorAsSelector(c.m.ObjectSelector)
}

func (c criteria) GetMatchResources() admissionv1.MatchResources { return *c.m }

// lister finds the namespaces of the set; it never says NotFound, upon which the matcher would ask a cluster.
type lister struct{ w *world }

func (l lister) List(labels.Selector) ([]*corev1.Namespace, error) { return nil, nil }

func (l lister) Get(name string) (*corev1.Namespace, error) {
	if ns := l.w.namespaceObject(name); ns != nil {
		return ns, nil
	}
	return nil, errNamespace(name)
}

type errNamespace string

func (e errNamespace) Error() string {
	return fmt.Sprintf("namespace %s is not among what is validated, and the policy asks for its labels", string(e))
}

// namespaceObject is a namespace of the set; nil where it is not in it.
func (w *world) namespaceObject(name string) *corev1.Namespace {
	content, ok := w.namespaces[name]
	if !ok {
		return nil
	}
	ns := &corev1.Namespace{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(content, ns); err != nil {
		return nil
	}
	return ns
}

// parameters are the objects that a binding gives to its policy; a policy without is judged once, with none.
func (b *bound) parameters(w *world, s *subject) ([]runtime.Object, error) {
	kind, ref := b.policy.Spec.ParamKind, b.binding.Spec.ParamRef
	if kind == nil || ref == nil {
		return []runtime.Object{nil}, nil
	}
	selector, err := metav1.LabelSelectorAsSelector(ref.Selector)
	if err != nil {
		return nil, fmt.Errorf("its parameters' selector: %w", err)
	}
	var out []runtime.Object
	for _, p := range slices.Concat(w.params, w.subjects) {
		u := &unstructured.Unstructured{Object: p.content}
		if p.under != nil || p.object.APIVersion != kind.APIVersion || p.object.Kind != kind.Kind || !b.named(ref, s, p) {
			continue
		}
		if ref.Name != "" && p.name != ref.Name || ref.Name == "" && !selector.Matches(labels.Set(u.GetLabels())) {
			continue
		}
		out = append(out, u)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("its parameters (%s %s) are not in the repository", kind.Kind, ref.Name)
	}
	return out, nil
}

// named says whether a parameter lies in the namespace that a binding takes them from: its own, or that of the object.
func (b *bound) named(ref *admissionv1.ParamRef, s, param *subject) bool {
	switch {
	case param.namespace == "":
		return true
	case ref.Namespace != "":
		return param.namespace == ref.Namespace
	}
	return param.namespace == s.namespace
}
