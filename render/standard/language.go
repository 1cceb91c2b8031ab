package standard

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	celast "github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// costLimit of one evaluation, in CEL's units of about one operation: some ten milliseconds, far above any honest value.
const costLimit = 1_000_000

// language is plain CEL, and nothing that reads a clock, a file or the network. The extension for strings is left out:
// its replace and format can make gigabytes of a few kilobytes, and their cost is not counted.
type language struct{ env *cel.Env }

func newLanguage() (*language, error) {
	env, err := cel.NewEnv(cel.ParserExpressionSizeLimit(4096), cel.ParserRecursionLimit(64))
	if err != nil {
		return nil, err
	}
	return &language{env: env}, nil
}

// expression is a CEL expression at its place in a file. It is parsed when it is first needed, since most runs need few
// of a standard's expressions and parsing is what costs.
type expression struct {
	place
	source string
	// indent is the column of the expression's lines after the first, where they stand as they are written.
	indent int
	once   sync.Once
	path   []string
	equal  *equality
	prog   cel.Program
	err    error
}

// plainPath is an expression that only reads a field, as most bindings do, and simpleTest one that compares a field, as
// most conditions do. Go evaluates them a hundred times faster than CEL's parser reads them, and they mean the same; a
// test holds that against CEL.
var (
	plainPath  = regexp.MustCompile(`^[a-z][A-Za-z0-9]*(\.[a-z][A-Za-z0-9]*)*$`)
	simpleTest = regexp.MustCompile(`^([a-z][A-Za-z0-9]*(?:\.[a-z][A-Za-z0-9]*)*) (==|!=) (null|"[-A-Za-z0-9_.]*")$`)
)

// equality compares a field with a text or with null.
type equality struct {
	negated bool
	text    *string
}

// words of CEL that look like a path.
var reserved = map[string]bool{"true": true, "false": true, "null": true, "in": true}

func (e *expression) compile(l *language) error {
	e.once.Do(func() {
		if plainPath.MatchString(e.source) && !reserved[e.source] {
			e.path = strings.Split(e.source, ".")
			return
		}
		if m := simpleTest.FindStringSubmatch(e.source); m != nil {
			e.path, e.equal = strings.Split(m[1], "."), &equality{negated: m[2] == "!="}
			if text, quoted := strings.CutPrefix(m[3], `"`); quoted {
				text = strings.TrimSuffix(text, `"`)
				e.equal.text = &text
			}
			return
		}
		e.prog, e.err = e.parse(l)
	})
	return e.err
}

func (e *expression) parse(l *language) (cel.Program, error) {
	parsed, issues := l.env.Parse(e.source)
	if err := issues.Err(); err != nil {
		first := issues.Errors()[0]
		at := e.at(first.Location.Line(), first.Location.Column())
		return nil, at.problem("", "%s", strings.TrimPrefix(first.Message, "Syntax error: "))
	}
	var options []cel.ProgramOption
	if boundless(parsed.NativeRep()) {
		options = append(options, cel.CostLimit(costLimit))
	}
	prog, err := l.env.Program(parsed, options...)
	if err != nil {
		return nil, e.problem("", "%v", err)
	}
	return prog, nil
}

// at turns a position in the expression into one in the file: lines from 1, columns from 0 as CEL counts them.
func (e *expression) at(line, column int) place {
	p := e.place
	switch {
	case e.indent > 0:
		p.line, p.column = p.line+line, e.indent+column
	case line == 1:
		p.column += column
	}
	return p
}

// boundless says whether the cost of an expression can exceed its size times that of its values: loops, and functions
// that can multiply text. Counting the cost of all others would take longer than evaluating them.
func boundless(a *celast.AST) bool {
	found := false
	celast.PreOrderVisit(a.Expr(), celast.NewExprVisitor(func(e celast.Expr) {
		switch e.Kind() {
		case celast.ComprehensionKind:
			found = true
		case celast.CallKind:
			_, operator := operators.FindReverse(e.AsCall().FunctionName())
			found = found || !operator && !cheap[e.AsCall().FunctionName()]
		}
	}))
	return found
}

// cheap functions read their argument once at most.
var cheap = map[string]bool{
	operators.Conditional: true, operators.Index: true, "size": true, "string": true, "int": true, "startsWith": true, "endsWith": true, "contains": true,
}

// eval gives a Go value for a plain path, else a CEL value.
func (e *expression) eval(l *language, vars map[string]any) (any, error) {
	if err := e.compile(l); err != nil {
		return nil, err
	}
	if e.path != nil {
		v, err := e.lookup(vars)
		if err != nil || e.equal == nil {
			return v, err
		}
		return e.equal.holds(v), nil
	}
	v, _, err := e.prog.Eval(vars)
	if err != nil {
		return nil, e.problem("", "%s: %v", oneLine(e.source), err)
	}
	return v, nil
}

func (q *equality) holds(v any) bool {
	if c, ok := v.(ref.Val); ok {
		if v = c.Value(); c.Type() == types.NullType {
			v = nil
		}
	}
	same := v == nil
	if q.text != nil {
		text, ok := v.(string)
		same = ok && text == *q.text
	}
	return same != q.negated
}

func (e *expression) lookup(vars map[string]any) (any, error) {
	var v any = vars
	for i, name := range e.path {
		switch m := v.(type) {
		case map[string]any:
			next, ok := m[name]
			if !ok {
				return nil, e.problem("", "%s: no such value: %s", e.source, strings.Join(e.path[:i+1], "."))
			}
			v = next
		case ref.Val:
			return e.lookupCEL(m, e.path[i:])
		default:
			return nil, e.problem("", "%s: %s has no fields", e.source, strings.Join(e.path[:i], "."))
		}
	}
	return v, nil
}

// lookupCEL goes on inside a value that another expression made.
func (e *expression) lookupCEL(v ref.Val, path []string) (any, error) {
	type indexed interface{ Get(ref.Val) ref.Val }
	for _, name := range path {
		m, ok := v.(indexed)
		if !ok {
			return nil, e.problem("", "%s: %s has no fields", e.source, v.Type().TypeName())
		}
		if v = m.Get(stringValue(name)); isError(v) {
			return nil, e.problem("", "%s: %v", e.source, v)
		}
	}
	return v, nil
}

// truth evaluates a condition; none holds always.
func (e *expression) truth(l *language, vars map[string]any) (bool, error) {
	if e == nil {
		return true, nil
	}
	v, err := e.eval(l, vars)
	if err != nil {
		return false, err
	}
	if c, ok := v.(ref.Val); ok {
		v = c.Value()
	}
	b, ok := v.(bool)
	if !ok {
		return false, e.problem("", "%s: a condition gives true or false, not %s", oneLine(e.source), describe(v))
	}
	return b, nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func describe(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "text"
	case int64, float64:
		return "a number"
	}
	return fmt.Sprintf("%T", v)
}
