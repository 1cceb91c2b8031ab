package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apiserver/pkg/admission"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

// target is where Gatekeeper's templates are meant for the admission of objects.
const target = "admission.k8s.gatekeeper.sh"

// template is a ConstraintTemplate of Gatekeeper, by one of its two engines.
type template struct {
	cel      *expressions
	compiler *ast.Compiler
	rule     string
	// inventory says that it looks at other objects.
	inventory bool
	// unjudged says why it is not evaluated; empty where it is.
	unjudged string
}

// constraint is one use of a template.
type constraint struct {
	*template
	object     *manifest.Object
	match      match
	severity   finding.Severity
	parameters ast.Value
	params     *unstructured.Unstructured
}

// gatekeeper reads templates and the constraints that use them.
func (p *Policies) gatekeeper(objects []*manifest.Object) {
	templates, broken := map[string]*template{}, map[string]bool{}
	used := map[string]bool{}
	for _, o := range objects {
		if !strings.HasPrefix(o.APIVersion, "templates.gatekeeper.sh/") || o.Kind != "ConstraintTemplate" {
			continue
		}
		kind, t, err := readTemplate(o)
		if err != nil {
			p.unusable(o.Object.String(), o.Source.Position("spec", "targets"), err)
			broken[kind] = true
			continue
		}
		templates[kind] = t
	}
	for _, o := range objects {
		if !strings.HasPrefix(o.APIVersion, "constraints.gatekeeper.sh/") {
			continue
		}
		used[o.Kind] = true
		t := templates[o.Kind]
		switch {
		case broken[o.Kind]:
		case t == nil:
			p.gap(o.Object.String(), "its ConstraintTemplate is not in the folder")
		case t.unjudged != "":
			p.gap(o.Object.String(), t.unjudged)
		default:
			p.constraint(o, t)
		}
	}
	for kind := range templates {
		if !used[kind] {
			p.gap("ConstraintTemplate of "+kind, "no constraint in the folder uses it")
		}
	}
}

// readTemplate compiles a template. CEL comes first where a template brings both, as in Gatekeeper.
func readTemplate(o *manifest.Object) (string, *template, error) {
	kind, _ := o.At("spec", "crd", "spec", "names", "kind").(string)
	if kind == "" {
		return kind, nil, errors.New("spec.crd.spec.names.kind: Required value")
	}
	targets := list(asJSON(o.At("spec")), "targets")
	for _, t := range targets {
		if name := text(t, "target"); name != target {
			continue
		}
		var regoCode any = t
		version := ast.RegoV0
		for _, code := range list(t, "code") {
			source, _ := fields(code, "source")["rego"].(string)
			switch engine := text(code, "engine"); {
			case engine == "K8sNativeValidation":
				out, err := readNative(fields(code, "source"))
				return kind, out, err
			case engine == "Rego" && source != "":
				regoCode = fields(code, "source")
				if text(regoCode, "version") == "v1" {
					version = ast.RegoV1
				}
			}
		}
		out, err := readRego(kind, regoCode, version)
		return kind, out, err
	}
	return kind, nil, errors.New("spec.targets: no target " + target)
}

func readRego(kind string, code any, version ast.RegoVersion) (*template, error) {
	source := text(code, "rego")
	if source == "" {
		return nil, errors.New("spec.targets: neither Rego nor K8sNativeValidation")
	}
	all := []module{{kind, source, version}}
	for i, lib := range list(code, "libs") {
		s, _ := lib.(string)
		all = append(all, module{fmt.Sprintf("%s lib %d", kind, i+1), s, version})
	}
	parsed, err := parse(all)
	if err != nil {
		return nil, err
	}
	t := &template{rule: parsed[kind].Package.Path.String() + ".violation"}
	for _, m := range all {
		t.inventory = t.inventory || strings.Contains(m.text, "data.inventory")
		if strings.Contains(m.text, external) {
			t.unjudged = "it asks a provider in the cluster (" + external + ")"
			return t, nil
		}
	}
	t.compiler, err = compileRego(parsed)
	return t, err
}

// native are the two variables that Gatekeeper gives to templates in CEL.
var native = []admissionv1.Variable{
	{Name: "anyObject", Expression: `has(request.operation) && request.operation == "DELETE" && object == null ? oldObject : object`},
	{Name: "params", Expression: `!has(params.spec) ? null : !has(params.spec.parameters) ? null : params.spec.parameters`},
}

func readNative(source map[string]any) (*template, error) {
	var in struct {
		// Gatekeeper's name for them has no plural, and it passes over what it does not know.
		MatchConditions []admissionv1.MatchCondition   `json:"matchCondition"`
		Variables       []admissionv1.Variable         `json:"variables"`
		Validations     []admissionv1.Validation       `json:"validations"`
		FailurePolicy   *admissionv1.FailurePolicyType `json:"failurePolicy"`
		GenerateVAP     *bool                          `json:"generateVAP"`
	}
	if err := decode(source, &in); err != nil {
		return nil, err
	}
	s := celSource{in.MatchConditions, slices.Concat(native, in.Variables), in.Validations, in.FailurePolicy, true}
	cel, err := compile(s)
	if err != nil {
		return nil, err
	}
	t := &template{cel: cel}
	if why := s.needsCluster(); why != "" {
		t.unjudged = why + ", which no file says"
	}
	return t, nil
}

func (p *Policies) constraint(o *manifest.Object, t *template) {
	content, _ := asJSON(o.Content).(map[string]any)
	spec := fields(content, "spec")
	m, err := readMatch(fields(spec, "match"))
	if err != nil {
		p.unusable(o.Object.String(), o.Source.Position("spec", "match"), err)
		return
	}
	parameters, ok := spec["parameters"]
	if !ok {
		parameters = map[string]any{}
	}
	p.rules = append(p.rules, &constraint{template: t, object: o, match: m, severity: enforcement(spec), parameters: value(parameters), params: &unstructured.Unstructured{Object: content}})
}

// enforcement is an action as a severity. A scoped one counts as far as it is about admission.
func enforcement(spec map[string]any) finding.Severity {
	severities := map[string]finding.Severity{"deny": finding.Error, "": finding.Error, "warn": finding.Warning, "dryrun": finding.Info}
	action := text(spec, "enforcementAction")
	if action != "scoped" {
		if s, ok := severities[action]; ok {
			return s
		}
		return finding.Info
	}
	worst := finding.Info
	for _, scoped := range list(spec, "scopedEnforcementActions") {
		for _, point := range list(scoped, "enforcementPoints") {
			if s, ok := severities[text(scoped, "action")]; ok && (text(point, "name") == "*" || text(point, "name") == "validation.gatekeeper.sh") {
				worst = min(worst, s)
			}
		}
	}
	return worst
}

func (c *constraint) name() string { return c.object.Kind + "/" + c.object.Name }

func (c *constraint) at() finding.Position { return c.object.Source.Position() }

func (c *constraint) start(ctx context.Context, w *world) (judgement, error) {
	var q question
	store, err := inmem.New(), error(nil)
	if c.inventory {
		if !w.set.Whole {
			return nil, errors.New("it looks at other objects, and only a part of the repository is validated")
		}
		store = w.inventory()
	}
	if c.cel == nil {
		q, err = ask(ctx, c.compiler, store, c.rule)
	}
	return func(ctx context.Context, s *subject) ([]finding.Finding, error) { return c.judge(ctx, w, q, s) }, err
}

func (c *constraint) judge(ctx context.Context, w *world, q question, s *subject) ([]finding.Finding, error) {
	matches, err := c.match.matches(w, s)
	if err != nil || !matches {
		return nil, err
	}
	refusals, err := c.refusals(ctx, w, q, s)
	var out []finding.Finding
	for _, r := range refusals {
		f := s.about(r.fields)
		f.Check, f.Name, f.Severity, f.Message, f.Judge = idGatekeeper, "gatekeeper-constraint", c.severity, r.message, c.name()
		f.Why, f.Fix = "Gatekeeper refuses, or warns of, what a constraint does not hold for.", "change the object, or the constraint in "+c.at().String()
		out = append(out, f)
	}
	return out, err
}

func (c *constraint) refusals(ctx context.Context, w *world, q question, s *subject) ([]refusal, error) {
	if c.cel != nil {
		if c.cel.source.asksNamespace() && s.namespace != "" && w.namespaces[s.namespace] == nil {
			return nil, errNamespace(s.namespace)
		}
		return c.cel.evaluate(ctx, request{s.attributes(admission.Create), c.params, w.namespaceObject(s.namespace)})
	}
	found, err := q.of(ctx, c.review(w, s))
	out := make([]refusal, len(found))
	for i, m := range found {
		out[i].message = m
	}
	return out, err
}

// review is the input of a template: the request as Gatekeeper gives it, and the constraint's parameters.
func (c *constraint) review(w *world, s *subject) ast.Value {
	term := func(v ast.Value) *ast.Term { return ast.NewTerm(v) }
	key := ast.StringTerm
	review := [][2]*ast.Term{
		{key("kind"), term(value(map[string]any{"group": s.kind.Group, "version": s.kind.Version, "kind": s.kind.Kind}))},
		{key("resource"), term(value(map[string]any{"group": s.resource.Group, "version": s.resource.Version, "resource": s.resource.Resource}))},
		{key("name"), key(s.name)}, {key("operation"), key("CREATE")},
		{key("userInfo"), term(ast.NewObject())}, {key("object"), term(s.value())}, {key("oldObject"), term(ast.NullValue)},
	}
	if s.namespace != "" { // a request without one has no such field, which templates ask for
		review = append(review, [2]*ast.Term{key("namespace"), key(s.namespace)})
	}
	if ns, ok := w.namespaces[s.namespace]; ok {
		v := term(value(ns))
		review = append(review, [2]*ast.Term{key("namespaceObject"), v}, [2]*ast.Term{key("_unstable"), ast.ObjectTerm([2]*ast.Term{key("namespace"), v})})
	}
	return ast.NewObject([2]*ast.Term{key("review"), ast.ObjectTerm(review...)}, [2]*ast.Term{key("parameters"), term(c.parameters)})
}
