package standard

import (
	"strings"
	"testing"

	"github.com/google/cel-go/common/types/ref"
)

func lang(t testing.TB) *language {
	t.Helper()
	l, err := newLanguage()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func expr(source string) *expression {
	return &expression{place: place{"v/overlay.yaml", 7, 14}, source: source}
}

var vars = map[string]any{
	"target": map[string]any{"model": "resnet", "empty": ""},
	"model":  map[string]any{"gpu": map[string]any{"count": nil}, "ports": []any{int64(1), int64(2)}, "n": int64(4)},
	"yes":    true,
}

// TestShortcutsMeanTheSame evaluates what Go evaluates itself once more through CEL.
func TestShortcutsMeanTheSame(t *testing.T) {
	l := lang(t)
	for _, source := range []string{
		"target.model", "model.n", "model.gpu.count", "yes", `target.model == "resnet"`, `target.model != "resnet"`, `target.model == "x"`,
		"model.gpu.count == null", "model.gpu.count != null", "target.model == null", "target.empty == null", `target.empty == ""`,
		`model.n == "4"`, `model.gpu.count == "x"`, `model.gpu.count != "x"`, "model.ports == null",
	} {
		short := expr(source)
		got, err := short.eval(l, vars)
		if err != nil || short.prog != nil {
			t.Errorf("%s: not evaluated by the shortcut: %v", source, err)
			continue
		}
		prog, err := expr(source).parse(l)
		if err != nil {
			t.Fatal(err)
		}
		v, _, err := prog.Eval(vars)
		if err != nil {
			t.Fatal(err)
		}
		want, err := node(v)
		if err != nil {
			t.Fatal(err)
		}
		have, err := node(got)
		if err != nil {
			t.Fatal(err)
		}
		if (want == nil) != (have == nil) || want != nil && (want.Value != have.Value || want.Tag != have.Tag) {
			t.Errorf("%s: shortcut gives %v, CEL gives %v", source, have, want)
		}
	}
}

func TestExpressionErrors(t *testing.T) {
	l := lang(t)
	for _, c := range []struct{ source, want string }{
		{"target.modle", "v/overlay.yaml:7:14: target.modle: no such value: target.modle"},
		{"nothing", "v/overlay.yaml:7:14: nothing: no such value: nothing"},
		{"target.model.x", "v/overlay.yaml:7:14: target.model.x: target.model has no fields"},
		{`target.model + `, "v/overlay.yaml:7:29: mismatched input '<EOF>'"},
		{`target.model ++ "x"`, "v/overlay.yaml:7:28: extraneous input '+'"},
		{`target.modle + "x"`, `v/overlay.yaml:7:14: target.modle + "x": no such key: modle`},
		{`foo + "x"`, `v/overlay.yaml:7:14: foo + "x": no such attribute`},
		{`timestamp("2026-01-01T00:00:00Z")`, "a value of type google.protobuf.Timestamp cannot be written as YAML"},
	} {
		v, err := expr(c.source).eval(l, vars)
		if err == nil {
			_, err = node(v)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s:\n got %v\nwant %s", c.source, err, c.want)
		}
	}
}

// TestCostIsBounded runs expressions that would not end.
func TestCostIsBounded(t *testing.T) {
	l := lang(t)
	big := make([]any, 2000)
	for i := range big {
		big[i] = strings.Repeat("a", 100)
	}
	many := map[string]any{"big": big}
	for _, source := range []string{
		"big.map(a, big.map(b, big.map(c, a + b + c)))",
		"big.map(a, big.filter(b, a == b))",
	} {
		if _, err := expr(source).eval(l, many); err == nil || !strings.Contains(err.Error(), "cost") {
			t.Errorf("%s: %v, want the cost limit", source, err)
		}
	}
	if _, err := expr(`target.model.replace("a", target.model)`).eval(l, vars); err == nil {
		t.Error("replace is there, whose cost is not counted")
	}
	v := any("0123456789")
	for range 40 {
		var err error
		if v, err = expr("v + v").eval(l, map[string]any{"v": v}); err != nil {
			return
		}
		if _, err = node(v); err != nil {
			return
		}
		v = v.(ref.Val).Value()
	}
	t.Error("a text was doubled forty times")
}

func TestConditionMustBeABoolean(t *testing.T) {
	_, err := expr("target.model").truth(lang(t), vars)
	if err == nil || err.Error() != "v/overlay.yaml:7:14: target.model: a condition gives true or false, not text" {
		t.Error(err)
	}
}
