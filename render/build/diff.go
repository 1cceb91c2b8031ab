package build

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"sort"
	"strings"

	"github.com/pmezard/go-difflib/difflib"
)

// Op is what became of an object.
type Op string

// What became of an object.
const (
	Added   Op = "added"
	Removed Op = "removed"
	Changed Op = "changed"
)

// ObjectDiff is the difference of one object between two builds.
type ObjectDiff struct {
	// Kind, Name and Namespace of the object.
	Kind, Name, Namespace string
	// Op says what became of it.
	Op Op
	// Fields that changed, in the order of their paths; empty for an object that came or went.
	Fields []FieldChange
	// Unified difference of the object's YAML, with three lines of context.
	Unified string
}

// FieldChange is one changed value.
type FieldChange struct {
	// Path of the field; elements of lists are named where they have a name, as containers[server].
	Path string
	// Before and After hold the value as JSON; empty where the field was not there.
	Before, After string
}

// Diff compares two builds by object: what both have first, in the order of after, then what is gone. Objects that are
// equal are left out.
func Diff(before, after Objects) []ObjectDiff {
	old := map[string]Object{}
	for _, o := range before {
		old[o.key()] = o
	}
	var out []ObjectDiff
	for _, o := range after {
		was, ok := old[o.key()]
		delete(old, o.key())
		switch {
		case !ok:
			out = append(out, diffOf(Added, Object{}, o))
		case !reflect.DeepEqual(was.Content, o.Content):
			out = append(out, diffOf(Changed, was, o))
		}
	}
	for _, o := range before {
		if _, gone := old[o.key()]; gone {
			out = append(out, diffOf(Removed, o, Object{}))
		}
	}
	return out
}

// key leaves the API version out, so that an upgrade of it is a change and not another object.
func (o Object) key() string {
	group, _, ok := strings.Cut(o.APIVersion, "/")
	if !ok {
		group = ""
	}
	return group + "|" + o.Kind + "|" + o.Namespace + "|" + o.Name
}

func diffOf(op Op, before, after Object) ObjectDiff {
	named := after
	if op == Removed {
		named = before
	}
	d := ObjectDiff{Kind: named.Kind, Name: named.Name, Namespace: named.Namespace, Op: op, Unified: unified(before, after, named)}
	if op == Changed {
		fieldChanges("", before.Content, after.Content, &d.Fields)
	}
	return d
}

func unified(before, after, named Object) string {
	label := func(o Object) string {
		if o.Kind == "" {
			return "/dev/null"
		}
		return named.String()
	}
	// Writing to memory cannot fail.
	text, _ := difflib.GetUnifiedDiffString(difflib.UnifiedDiff{
		A: lines(before.YAML()), B: lines(after.YAML()), FromFile: label(before), ToFile: label(after), Context: 3,
	})
	return text
}

func lines(text []byte) []string {
	all := strings.SplitAfter(string(text), "\n")
	if all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	return all
}

func fieldChanges(at string, before, after any, out *[]FieldChange) {
	b, bok := before.(map[string]any)
	a, aok := after.(map[string]any)
	if bok && aok {
		mapChanges(at, b, a, out)
		return
	}
	bl, bok := before.([]any)
	al, aok := after.([]any)
	if bok && aok {
		listChanges(at, bl, al, out)
		return
	}
	if x, y := asJSON(before), asJSON(after); x != y {
		*out = append(*out, FieldChange{Path: at, Before: x, After: y})
	}
}

func mapChanges(at string, before, after map[string]any, out *[]FieldChange) {
	keys := map[string]bool{}
	for k := range before {
		keys[k] = true
	}
	for k := range after {
		keys[k] = true
	}
	for _, k := range sorted(keys) {
		path := k
		if strings.ContainsAny(k, "./") {
			path = "[" + k + "]"
		}
		if at != "" {
			path = at + "." + path
		}
		fieldChanges(path, present(before, k), present(after, k), out)
	}
}

// absent marks a field that is not there, which differs from one that is null.
type absent struct{}

func present(m map[string]any, k string) any {
	if v, ok := m[k]; ok {
		return v
	}
	return absent{}
}

// listChanges compares by name where all elements of both lists have one, else by place.
func listChanges(at string, before, after []any, out *[]FieldChange) {
	b, bok := byName(before)
	a, aok := byName(after)
	if bok && aok {
		keys := map[string]bool{}
		for k := range b {
			keys[k] = true
		}
		for k := range a {
			keys[k] = true
		}
		for _, k := range sorted(keys) {
			fieldChanges(at+"["+k+"]", present(b, k), present(a, k), out)
		}
		return
	}
	for i := range max(len(before), len(after)) {
		fieldChanges(fmt.Sprintf("%s[%d]", at, i), element(before, i), element(after, i), out)
	}
}

func element(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return absent{}
}

func byName(list []any) (map[string]any, bool) {
	out := map[string]any{}
	for _, e := range list {
		m, ok := e.(map[string]any)
		if !ok {
			return nil, false
		}
		name, ok := m["name"].(string)
		if _, twice := out[name]; !ok || twice {
			return nil, false
		}
		out[name] = e
	}
	return out, true
}

func asJSON(v any) string {
	if _, ok := v.(absent); ok {
		return ""
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func sorted(keys map[string]bool) []string {
	out := make([]string, 0, len(keys))
	for k := range keys {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
