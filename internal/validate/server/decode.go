package server

import (
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	kruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	kjson "sigs.k8s.io/json"
)

// decode reads the object into the type of its version, as fieldValidation=Strict does. It is nil where nothing could be
// read, which is then reported.
func (r *request) decode(gvk schema.GroupVersionKind) kruntime.Object {
	data, err := json.Marshal(r.Content)
	if err != nil {
		r.report("MO002", "schema-strict", "it is no JSON: "+err.Error(), "write a plain manifest")
		return nil
	}
	typed, err := legacyscheme.Scheme.New(gvk)
	if err != nil {
		r.skip(err.Error())
		return nil
	}
	strict, err := kjson.UnmarshalStrict(data, typed)
	if len(strict) > 0 || err != nil {
		if !r.misfits(reflect.TypeOf(typed), r.Content, nil) && len(r.newer) == 0 {
			// The walk has to find whatever the decoder finds; should it not, the decoder has the last word.
			for _, e := range append(strict, err) {
				if e != nil {
					r.report("MO002", "schema-strict", e.Error(), "write what the kind's fields take")
				}
			}
		}
	}
	if err != nil {
		return nil
	}
	typed.GetObjectKind().SetGroupVersionKind(gvk)
	return typed
}

var (
	unmarshaler     = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// misfits walks a value along the type that it is decoded into and reports what does not fit, each at its place: the
// decoder stops at the first wrong type, and names it without positions in lists. It says whether it found something.
func (r *request) misfits(t reflect.Type, v any, path []any) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if v == nil {
		return false
	}
	if reflect.PointerTo(t).Implements(unmarshaler) || reflect.PointerTo(t).Implements(textUnmarshaler) {
		return r.unreadable(t, v, path)
	}
	switch t.Kind() {
	case reflect.Struct:
		return r.strayFields(t, v, path)
	case reflect.Map:
		m, ok := v.(map[string]any)
		if !ok {
			return r.wrongType(v, "a map", path)
		}
		found := false
		for _, key := range slices.Sorted(maps.Keys(m)) {
			found = r.misfits(t.Elem(), m[key], extend(path, key)) || found
		}
		return found
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return r.unreadable(t, v, path)
		}
		l, ok := v.([]any)
		if !ok {
			return r.wrongType(v, "a list", path)
		}
		found := false
		for i, e := range l {
			found = r.misfits(t.Elem(), e, extend(path, i)) || found
		}
		return found
	}
	return r.unreadable(t, v, path)
}

// strayFields reports the fields that a struct does not have, and walks into the others.
func (r *request) strayFields(t reflect.Type, v any, path []any) bool {
	m, ok := v.(map[string]any)
	if !ok {
		return r.wrongType(v, "a map", path)
	}
	known := fieldsOf(t)
	found := false
	for _, key := range slices.Sorted(maps.Keys(m)) {
		at := extend(path, key)
		switch f, ok := known[key]; {
		case ok:
			found = r.misfits(f, m[key], at) || found
		case !r.isNewer(t, key, at):
			r.report("MO002", "schema-strict", fmt.Sprintf("unknown field %q", key), unknownFix(key, known), at...)
			found = true
		}
	}
	return found
}

// unreadable reports a value that its type does not take.
func (r *request) unreadable(t reflect.Type, v any, path []any) bool {
	data, err := json.Marshal(v)
	if err != nil {
		return r.wrongType(v, "a plain value", path)
	}
	err = kjson.UnmarshalCaseSensitivePreserveInts(data, reflect.New(t).Interface())
	if err == nil {
		return false
	}
	if want := typeName(t); want != "" && want != jsonName(v) {
		return r.wrongType(v, want, path)
	}
	message := fmt.Sprintf("%s is not valid here: %v", data, err)
	if r.Kind == "Secret" || len(data) > 200 {
		message = fmt.Sprintf("the value is not valid here: %v", err)
	}
	r.report("MO002", "schema-strict", message, "write a value of the field's form", path...)
	return true
}

func (r *request) wrongType(v any, want string, path []any) bool {
	fix := "write " + want
	if _, isText := v.(string); !isText && want == "a string" {
		fix = "put it in quotes"
	}
	r.report("MO002", "schema-strict", fmt.Sprintf("it is %s and must be %s", jsonName(v), want), fix, path...)
	return true
}

// typeName is how people call the values of a type; empty where they have no simple name.
func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "a whole number"
	}
	return ""
}

func jsonName(v any) string {
	switch n := v.(type) {
	case map[string]any:
		return "a map"
	case []any:
		return "a list"
	case string:
		return "a string"
	case bool:
		return "true or false"
	case float64:
		if n != float64(int64(n)) {
			return "a number with a fraction"
		}
	}
	return "a whole number"
}

// unknownFix names the field that was meant, where one is close.
func unknownFix(key string, known map[string]reflect.Type) string {
	best, distance := "", 3
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if strings.EqualFold(name, key) {
			return "write " + name
		}
		if d := edits(name, key); d < distance && d < len(name)/2 {
			best, distance = name, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %s? Otherwise remove it", best)
	}
	return "remove it, or move it to where it belongs"
}

// edits is the Levenshtein distance of two names.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal, row[j+1] = row[j+1], min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

var structs sync.Map // of reflect.Type to map[string]reflect.Type

// fieldsOf are the fields of a struct by their JSON names, those of embedded structs among them.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	if known, ok := structs.Load(t); ok {
		return known.(map[string]reflect.Type)
	}
	out := map[string]reflect.Type{}
	for f := range fields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-":
		case name == "" && f.Anonymous:
			maps.Copy(out, fieldsOf(f.Type))
		case name != "":
			out[name] = f.Type
		}
	}
	structs.Store(t, out)
	return out
}

func fields(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

// extend is a path with one more step, which shares nothing with the path.
func extend(path []any, step any) []any {
	return append(slices.Clone(path), step)
}
