package policy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"github.com/modelops/modelops/internal/validate/finding"
)

// unsafe are Rego's functions that reach out of the policy: to the network, the environment, the host. Schemas may refer to
// addresses.
var unsafe = map[string]struct{}{
	"http.send": {}, "net.lookup_ip_addr": {}, "opa.runtime": {}, "json.match_schema": {}, "json.verify_schema": {}, "rego.parse_module": {},
}

// external is Gatekeeper's function that asks a provider in the cluster.
const external = "external_data"

// module is one text of Rego.
type module struct {
	file, text string
	version    ast.RegoVersion
}

// parse parses modules; one of an unknown version is of the newest that it can be read as.
func parse(all []module) (map[string]*ast.Module, error) {
	parsed := map[string]*ast.Module{}
	var problems []error
	for _, m := range all {
		versions := []ast.RegoVersion{m.version}
		if m.version == ast.RegoUndefined {
			versions = []ast.RegoVersion{ast.RegoV1, ast.RegoV0}
		}
		var first error
		for _, v := range versions {
			mod, err := ast.ParseModuleWithOpts(m.file, m.text, ast.ParserOptions{RegoVersion: v})
			if err == nil {
				parsed[m.file], first = mod, nil
				break
			}
			if first == nil {
				first = err
			}
		}
		if first != nil {
			problems = append(problems, first)
		}
	}
	return parsed, errors.Join(problems...)
}

// compileRego compiles modules without any function that reaches out.
func compileRego(parsed map[string]*ast.Module) (*ast.Compiler, error) {
	capabilities := ast.CapabilitiesForThisVersion()
	capabilities.AllowNet = []string{}
	//lint:ignore SA1019 capabilities without a function say that there is none of its name, and not that it is unsafe
	c := ast.NewCompiler().WithCapabilities(capabilities).WithUnsafeBuiltins(unsafe)
	c.Compile(parsed)
	if c.Failed() {
		return nil, c.Errors
	}
	return c, nil
}

// question is a rule that is ready to be asked.
type question struct{ ready rego.PreparedEvalQuery }

func ask(ctx context.Context, c *ast.Compiler, store storage.Store, rule string) (question, error) {
	ready, err := rego.New(rego.Query(rule), rego.Compiler(c), rego.Store(store)).PrepareForEval(ctx)
	return question{ready}, err
}

// of gives what the rule says about an input.
func (q question) of(ctx context.Context, input ast.Value) ([]string, error) {
	results, err := q.ready.Eval(ctx, rego.EvalParsedInput(input))
	if err != nil {
		return nil, fmt.Errorf("it fails: %s", oneLine(err))
	}
	if len(results) == 0 {
		return nil, nil
	}
	return messages(results[0].Expressions[0].Value), nil
}

// messages are what a rule's value says: a text, an object with one in msg, or several of them. A truth without words is one
// finding too.
func messages(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case bool:
		if v {
			return []string{"refused"}
		}
	case []any:
		var all []string
		for _, e := range v {
			all = append(all, messages(e)...)
		}
		return all
	case map[string]any:
		if msg, ok := v["msg"].(string); ok {
			return []string{msg}
		}
		// A partial object, as an old style of writing rules makes one.
		var all []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			all = append(all, messages(v[k])...)
		}
		return all
	}
	return nil
}

// plain is one rule of the platform's own Rego: deny, warn or violation in package main.
type plain struct {
	rule     string
	file     string
	line     int
	severity finding.Severity
	compiler *ast.Compiler
}

var plainRules = regexp.MustCompile(`^(deny|warn|violation)(_[A-Za-z0-9_]+)?$`)

// plainRego reads the Rego that stands by itself.
func (p *Policies) plainRego(texts map[string]string) {
	if len(texts) == 0 {
		return
	}
	parsed := map[string]*ast.Module{}
	for _, file := range slices.Sorted(maps.Keys(texts)) {
		one, err := parse([]module{{file, texts[file], ast.RegoUndefined}})
		if err != nil {
			p.brokenRego(err)
			continue
		}
		maps.Copy(parsed, one)
	}
	c, err := compileRego(parsed)
	if err != nil {
		p.brokenRego(err)
		return
	}
	found := map[string]bool{}
	for _, file := range slices.Sorted(maps.Keys(parsed)) {
		if parsed[file].Package.Path.String() != "data.main" {
			continue
		}
		for _, r := range parsed[file].Rules {
			name := r.Head.Ref().GroundPrefix()[0].Value.String()
			name = strings.Trim(name, `"`)
			if kind := plainRules.FindStringSubmatch(name); kind != nil && !found[name] {
				found[name] = true
				p.rules = append(p.rules, &plain{rule: name, file: file, line: r.Loc().Row, severity: severityOf(kind[1]), compiler: c})
			}
		}
	}
	if len(found) == 0 && len(parsed) == len(texts) {
		p.gap("Rego", "no rule deny, warn or violation in a package main")
	}
}

// brokenRego gives each of a compiler's errors its place.
func (p *Policies) brokenRego(err error) {
	var all ast.Errors
	if !errors.As(err, &all) {
		p.unusable("Rego", finding.Position{}, err)
		return
	}
	for _, e := range all {
		var at finding.Position
		if e.Location != nil {
			at = finding.Position{File: e.Location.File, Line: e.Location.Row, Column: e.Location.Col}
		}
		p.unusable("Rego", at, errors.New(e.Message))
	}
}

func severityOf(kind string) finding.Severity {
	if kind == "warn" {
		return finding.Warning
	}
	return finding.Error
}

func (r *plain) name() string { return "Rego " + r.file + " " + r.rule }

func (r *plain) at() finding.Position { return finding.Position{File: r.file, Line: r.line} }

func (r *plain) start(ctx context.Context, _ *world) (judgement, error) {
	q, err := ask(ctx, r.compiler, inmem.New(), "data.main."+r.rule)
	return func(ctx context.Context, s *subject) ([]finding.Finding, error) { return r.judge(ctx, q, s) }, err
}

// judge looks at objects as they are written, without the pods that they would run: that is what this form is used to.
func (r *plain) judge(ctx context.Context, q question, s *subject) ([]finding.Finding, error) {
	if s.under != nil {
		return nil, nil
	}
	said, err := q.of(ctx, value(s.plain))
	var out []finding.Finding
	for _, m := range said {
		f := s.about(nil)
		f.Check, f.Name, f.Severity, f.Message, f.Judge = idRego, "rego-policy", r.severity, m, r.name()
		f.Why, f.Fix = "The platform's own policy does not allow it.", "change the object, or the policy in "+r.at().String()
		out = append(out, f)
	}
	return out, err
}
