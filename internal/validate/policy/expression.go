package policy

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	celtypes "github.com/google/cel-go/common/types"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/admission"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	apiservercel "k8s.io/apiserver/pkg/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

// expressions are the CEL of one policy, as the API server compiles it.
type expressions struct {
	source     celSource
	conditions plugincel.ConditionEvaluator
	checks     plugincel.ConditionEvaluator
	messages   plugincel.ConditionEvaluator
}

// celSource is the CEL that ValidatingAdmissionPolicies and Gatekeeper's templates have in common.
type celSource struct {
	Conditions    []admissionv1.MatchCondition
	Variables     []admissionv1.Variable
	Validations   []admissionv1.Validation
	FailurePolicy *admissionv1.FailurePolicyType
	params        bool
}

// expression is one of them for the compiler.
type expression struct {
	name, text string
	types      []*cel.Type
}

func (e *expression) GetName() string          { return e.name }
func (e *expression) GetExpression() string    { return e.text }
func (e *expression) ReturnTypes() []*cel.Type { return e.types }

// environmentOf is the API server's environment for expressions; its making takes some milliseconds.
var environmentOf = sync.OnceValue(func() *environment.EnvSet {
	return environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion(), true)
})

// compile compiles the expressions of a policy; the error lists those that do not.
func compile(s celSource) (*expressions, error) {
	// Variables become fields of a type in this environment, so that each policy needs its own.
	env, err := plugincel.NewCompositionEnv(plugincel.VariablesTypeName, environmentOf())
	if err != nil {
		return nil, err
	}
	compiler := plugincel.NewCompositedCompilerFromTemplate(env)
	declared := plugincel.OptionalVariableDeclarations{HasParams: s.params, HasAuthorizer: true, StrictCost: true}
	var problems []error
	for _, v := range s.Variables {
		if r := compiler.CompileAndStoreVariable(&expression{v.Name, v.Expression, []*cel.Type{cel.AnyType, cel.DynType}}, declared, environment.StoredExpressions); r.Error != nil {
			problems = append(problems, fmt.Errorf("variable %s: %w", v.Name, r.Error))
		}
	}
	condition := func(what string, all []plugincel.ExpressionAccessor) plugincel.ConditionEvaluator {
		c := compiler.CompileCondition(all, declared, environment.StoredExpressions)
		for _, err := range c.CompilationErrors() {
			problems = append(problems, fmt.Errorf("%s: %w", what, err))
		}
		return c
	}
	var conditions, checks, messages []plugincel.ExpressionAccessor
	for _, c := range s.Conditions {
		conditions = append(conditions, &expression{c.Name, c.Expression, []*cel.Type{cel.BoolType}})
	}
	for _, v := range s.Validations {
		checks = append(checks, &expression{"", v.Expression, []*cel.Type{cel.BoolType}})
		var message plugincel.ExpressionAccessor
		if v.MessageExpression != "" {
			message = &expression{"", v.MessageExpression, []*cel.Type{cel.StringType}}
		}
		messages = append(messages, message)
	}
	e := &expressions{source: s, conditions: condition("match condition", conditions), checks: condition("validation", checks), messages: condition("message", messages)}
	return e, errors.Join(problems...)
}

// unknown are the variables of which nothing is known without a cluster, and what they are.
var unknown = []struct {
	pattern *regexp.Regexp
	why     string
}{
	{regexp.MustCompile(`\bauthorizer\b`), "it asks what the requester may do (authorizer)"},
	{regexp.MustCompile(`\brequest\.(userInfo|uid)\b`), "it asks who makes the request (request.userInfo)"},
}

// needsCluster says why expressions cannot be judged here; empty where they can.
func (s celSource) needsCluster() string {
	for _, e := range s.texts() {
		for _, u := range unknown {
			if u.pattern.MatchString(e) {
				return u.why
			}
		}
	}
	return ""
}

// asksNamespace says that an expression reads the object of the namespace.
func (s celSource) asksNamespace() bool {
	return strings.Contains(strings.Join(s.texts(), " "), "namespaceObject")
}

func (s celSource) texts() []string {
	var all []string
	for _, c := range s.Conditions {
		all = append(all, c.Expression)
	}
	for _, v := range s.Variables {
		all = append(all, v.Expression)
	}
	for _, v := range s.Validations {
		all = append(all, v.Expression, v.MessageExpression)
	}
	return all
}

// refusal is a validation that did not hold.
type refusal struct {
	message string
	// fields of the object that the expression is about.
	fields []any
}

// request is one question to admit something.
type request struct {
	attributes *admission.VersionedAttributes
	params     runtime.Object
	namespace  *corev1.Namespace
}

// evaluate is what the API server does with a policy whose constraints match (its plugin policy/validating, validator.go): the
// same order, the same words.
func (e *expressions) evaluate(ctx context.Context, r request) ([]refusal, error) {
	fails := e.source.FailurePolicy == nil || *e.source.FailurePolicy == admissionv1.Fail
	failed := func(err error) ([]refusal, error) {
		if ctx.Err() != nil || !fails {
			return nil, ctx.Err()
		}
		return []refusal{{message: err.Error()}}, nil
	}
	a := r.attributes
	asked := plugincel.CreateAdmissionRequest(a.Attributes, metav1.GroupVersionResource(a.GetResource()), metav1.GroupVersionKind(a.VersionedKind))
	bound := plugincel.OptionalVariableBindings{VersionedParams: r.params}
	matches, err := e.matches(ctx, r)
	if err != nil {
		return failed(err)
	}
	if !matches {
		return nil, nil
	}
	ns := plugincel.CreateNamespaceObject(r.namespace)
	results, left, err := e.checks.ForInput(ctx, a, asked, bound, ns, celconfig.RuntimeCELCostBudget)
	if err != nil {
		return failed(err)
	}
	messages, _, messagesErr := e.messages.ForInput(ctx, a, asked, bound, ns, left)
	var out []refusal
	for i, result := range results {
		v := e.source.Validations[i]
		switch {
		case result.Error != nil:
			if f, err := failed(result.Error); err != nil {
				return nil, err
			} else if f != nil {
				out = append(out, refusal{f[0].message, e.source.fieldsOf(v.Expression)})
			}
		case errors.Is(messagesErr, apiservercel.ErrInternal) || errors.Is(messagesErr, apiservercel.ErrOutOfBudget):
			if fails {
				out = append(out, refusal{"failed messageExpression: " + messagesErr.Error(), e.source.fieldsOf(v.Expression)})
			}
		case result.EvalResult != celtypes.True:
			out = append(out, refusal{message(v, i, messages), e.source.fieldsOf(v.Expression)})
		}
	}
	return out, nil
}

// matches makes the match conditions: one that is false leaves the request alone, whatever the others say.
func (e *expressions) matches(ctx context.Context, r request) (bool, error) {
	if len(e.source.Conditions) == 0 {
		return true, nil
	}
	a := r.attributes
	asked := plugincel.CreateAdmissionRequest(a.Attributes, metav1.GroupVersionResource(a.GetResource()), metav1.GroupVersionKind(a.VersionedKind))
	results, _, err := e.conditions.ForInput(ctx, a, asked, plugincel.OptionalVariableBindings{VersionedParams: r.params}, nil, celconfig.RuntimeCELCostBudgetMatchConditions)
	if err != nil {
		return false, err
	}
	var problems []error
	for _, result := range results {
		if result.Error != nil {
			problems = append(problems, result.Error)
		} else if result.EvalResult == celtypes.False {
			return false, nil
		}
	}
	return len(problems) == 0, errors.Join(problems...)
}

// message is what a refusal says: of one line, and not longer than the API server takes.
func message(v admissionv1.Validation, i int, results []plugincel.EvaluationResult) string {
	if i < len(results) && results[i].Error == nil && results[i].EvalResult != nil {
		if s, ok := results[i].EvalResult.Value().(string); ok {
			s = strings.TrimSpace(s)
			if s != "" && len(s) <= celconfig.MaxEvaluatedMessageExpressionSizeBytes && !strings.Contains(s, "\n") {
				return s
			}
		}
	}
	if s := strings.TrimSpace(v.Message); s != "" {
		return s
	}
	return "failed expression: " + strings.TrimSpace(v.Expression)
}

// reads finds what an expression reads: the object's fields, or a variable's value and fields of that; a name before a
// parenthesis is a function.
var reads = regexp.MustCompile(`\b(?:object|variables\.(\w+))((?:\.\??[A-Za-z_]\w*)*)(\s*\()?`)

// fieldsOf is the path of the object's fields that an expression has in common in all it reads: the place where the fix goes.
func (s celSource) fieldsOf(text string) []any {
	var common []string
	first := true
	for _, path := range s.pathsOf(text, 0) {
		if first {
			common, first = path, false
			continue
		}
		n := 0
		for n < len(common) && n < len(path) && common[n] == path[n] {
			n++
		}
		common = common[:n]
	}
	out := make([]any, len(common))
	for i, c := range common {
		out[i] = c
	}
	return out
}

// pathsOf follows variables that are fields of the object themselves, some steps deep.
func (s celSource) pathsOf(text string, depth int) [][]string {
	var all [][]string
	for _, m := range reads.FindAllStringSubmatch(text, -1) {
		steps := strings.FieldsFunc(strings.ReplaceAll(m[2], "?", ""), func(r rune) bool { return r == '.' })
		if m[3] != "" && len(steps) > 0 {
			steps = steps[:len(steps)-1]
		}
		if m[1] == "" || m[1] == "anyObject" { // Gatekeeper's name for the object
			all = append(all, steps)
			continue
		}
		if depth > 4 {
			continue
		}
		for _, v := range s.Variables {
			if v.Name != m[1] {
				continue
			}
			under := s.pathsOf(v.Expression, depth+1)
			if len(under) == 1 {
				under[0] = append(under[0], steps...)
			}
			all = append(all, under...)
		}
	}
	return all
}

// attributes are the request to create a subject, or to change it from what it was.
func (s *subject) attributes(op admission.Operation) *admission.VersionedAttributes {
	object := &unstructured.Unstructured{Object: s.content}
	var old runtime.Object
	var options runtime.Object = &metav1.CreateOptions{}
	if op == admission.Update {
		old, options = &unstructured.Unstructured{Object: s.before}, &metav1.UpdateOptions{}
	}
	namespace := s.namespace
	if s.resource.Resource == "namespaces" {
		namespace = s.name
	}
	a := admission.NewAttributesRecord(object, old, s.kind, namespace, s.name, s.resource, "", op, options, false, nil)
	return &admission.VersionedAttributes{Attributes: a, VersionedKind: s.kind, VersionedObject: object, VersionedOldObject: old}
}
