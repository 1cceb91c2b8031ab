package catalogue_test

import (
	"maps"
	"testing"

	"github.com/google/cel-go/cel"

	"github.com/modelops/modelops/internal/validate/catalogue"
	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

// TestGuardsAgreeWithTheirChecks runs the expression for the API server on the objects of all examples: what it refuses
// the check finds there too, and of the check's own examples it refuses something.
func TestGuardsAgreeWithTheirChecks(t *testing.T) {
	env, err := cel.NewEnv(cel.Variable("object", cel.DynType), cel.Variable("variables", cel.MapType(cel.StringType, cel.DynType)), cel.CrossTypeNumericComparisons(true))
	if err != nil {
		t.Fatal(err)
	}
	var guarded []guard
	for _, c := range catalogue.All() {
		if c.Guard != nil {
			guarded = append(guarded, guard{check: c, prg: program(t, env, c.Guard.Expression)})
		}
	}
	pod := program(t, env, catalogue.PodVariable)
	for _, owner := range catalogue.All() {
		for _, path := range examples(t, owner.ID) {
			set := read(t, path).set
			for i := range guarded {
				g := &guarded[i]
				for _, refused := range g.refuses(t, pod, set) {
					if !found(g.check, set)[refused] {
						t.Errorf("%s: the guard of %s refuses %s, in which the check finds nothing", path, g.check.ID, refused)
					}
					if owner.ID == g.check.ID {
						g.refused++
					}
				}
			}
		}
	}
	for _, g := range guarded {
		if g.refused == 0 {
			t.Errorf("the guard of %s refuses none of the check's examples", g.check.ID)
		}
	}
}

// guard of a check, with how often it refused one of the check's own examples.
type guard struct {
	check   *catalogue.Check
	prg     cel.Program
	refused int
}

func (g *guard) refuses(t *testing.T, pod cel.Program, set *manifest.Set) []finding.Object {
	t.Helper()
	var out []finding.Object
	set.Objects(func(o *manifest.Object) {
		if !g.check.Guard.Holds(o.APIVersion, o.Kind) || o.At("spec", "workloadRef") != nil {
			return
		}
		in := map[string]any{"object": admitted(o), "variables": map[string]any{}}
		if v, _, err := pod.Eval(in); err == nil {
			in["variables"] = map[string]any{"pod": v}
		}
		v, _, err := g.prg.Eval(in)
		if err != nil {
			t.Fatalf("%s: %s: %v", g.check.ID, o.Object, err)
		}
		if v.Value() != true {
			out = append(out, o.Object)
		}
	})
	return out
}

func found(c *catalogue.Check, set *manifest.Set) map[finding.Object]bool {
	out := map[finding.Object]bool{}
	for _, f := range c.Run(set) {
		out[f.Object] = true
	}
	return out
}

// admitted is the object with the fields that the API server insists on, which most examples leave out.
func admitted(o *manifest.Object) map[string]any {
	switch o.Kind {
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Rollout":
		return with(with(o.Content, map[string]any{}, "spec", "selector"), []any{}, "spec", "template", "spec", "containers")
	case "PodDisruptionBudget", "Service", "LimitRange", "ApplicationSet":
		return with(o.Content, map[string]any{}, "spec")
	}
	return o.Content
}

// with is a copy in which a field is there.
func with(m map[string]any, v any, path ...string) map[string]any {
	out := maps.Clone(m)
	if out == nil {
		out = map[string]any{}
	}
	if len(path) > 1 {
		inner, _ := out[path[0]].(map[string]any)
		v = with(inner, v, path[1:]...)
	} else if out[path[0]] != nil {
		v = out[path[0]]
	}
	out[path[0]] = v
	return out
}

func program(t *testing.T, env *cel.Env, expression string) cel.Program {
	t.Helper()
	ast, issues := env.Compile(expression)
	if issues.Err() != nil {
		t.Fatal(issues.Err())
	}
	prg, err := env.Program(ast)
	if err != nil {
		t.Fatal(err)
	}
	return prg
}
