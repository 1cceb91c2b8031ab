package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

// document is one YAML document of a file, and the source of an object that is written there as it is.
type document struct {
	file string
	root *yaml.Node
	// lines and columns are how far further down and in a document lies that stands in another as text; only is the place
	// that stands for all of it where that cannot be told.
	lines, columns int
	only           *yaml.Node
}

// Position implements manifest.Source.
func (d document) Position(path ...any) finding.Position {
	key, _, _ := d.find(path)
	return d.at(key)
}

func (d document) at(n *yaml.Node) finding.Position {
	if d.only != nil {
		return finding.Position{File: d.file, Line: d.only.Line, Column: d.only.Column}
	}
	return finding.Position{File: d.file, Line: n.Line + d.lines, Column: n.Column + d.columns}
}

// below is a part of the document.
func (d document) below(n *yaml.Node) document {
	d.root = n
	return d
}

// find follows a path as far as it goes: to the key of the last field that is there, and its value.
func (d document) find(path []any) (key, value *yaml.Node, whole bool) {
	key, value = d.root, d.root
	for _, p := range path {
		k, v := child(value, p)
		if v == nil {
			return key, value, false
		}
		key, value = k, v
	}
	return key, value, true
}

// child is a field of a map with its key, or an element of a list.
func child(n *yaml.Node, step any) (key, value *yaml.Node) {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch s := step.(type) {
	case string:
		if n.Kind != yaml.MappingNode {
			return nil, nil
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == s {
				return n.Content[i], n.Content[i+1]
			}
		}
	case int:
		if n.Kind == yaml.SequenceNode && s >= 0 && s < len(n.Content) {
			return n.Content[s], n.Content[s]
		}
	}
	return nil, nil
}

// textAt is a text below a node; "" where there is none.
func textAt(n *yaml.Node, path ...any) string {
	_, v, whole := document{root: n}.find(path)
	if !whole || v.Kind != yaml.ScalarNode {
		return ""
	}
	return v.Value
}

// Error says that a file cannot be read as manifests.
type Error struct {
	At      finding.Position
	Message string
}

func (e *Error) Error() string { return e.At.String() + ": " + e.Message }

// Manifests reads a file of plain manifests; a List counts as its items. Documents that are no objects are an *Error;
// empty ones are none.
func Manifests(file string, data []byte) ([]*manifest.Object, error) {
	docs, err := documents(file, data)
	if err != nil {
		return nil, err
	}
	var out []*manifest.Object
	for _, d := range docs {
		objects, err := d.objects()
		if err != nil {
			return nil, err
		}
		out = append(out, objects...)
	}
	return out, nil
}

// documents are the YAML documents of a file that hold something. The error is an *Error.
func documents(file string, data []byte) ([]document, error) {
	var out []document
	d := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var n yaml.Node
		err := d.Decode(&n)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, syntax(file, err)
		}
		if n.Kind == yaml.DocumentNode && len(n.Content) == 1 && n.Content[0].Tag != "!!null" {
			out = append(out, document{file: file, root: n.Content[0]})
		}
	}
}

var lineOf = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)`)

func syntax(file string, err error) *Error {
	e := &Error{At: finding.Position{File: file}, Message: strings.TrimPrefix(err.Error(), "yaml: ")}
	if m := lineOf.FindStringSubmatch(err.Error()); m != nil {
		e.At.Line, _ = strconv.Atoi(m[1])
		e.Message = m[2]
	}
	return e
}

// objects is what a document holds: one object, or the items of a list of them.
func (d document) objects() ([]*manifest.Object, error) {
	_, items := child(d.root, "items")
	if items == nil || items.Kind != yaml.SequenceNode || !strings.HasSuffix(textAt(d.root, "kind"), "List") {
		o, err := d.object()
		return []*manifest.Object{o}, err
	}
	var out []*manifest.Object
	for _, n := range items.Content {
		o, err := d.below(n).object()
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

func (d document) object() (*manifest.Object, error) {
	r := reader{left: maxValues}
	v := r.value(d.root)
	content, ok := v.(map[string]any)
	switch {
	case r.left < 0:
		return nil, &Error{d.at(d.root), fmt.Sprintf("its aliases stand for more than %d values", maxValues)}
	case !ok:
		return nil, &Error{d.at(d.root), "fields are expected in it"}
	}
	o := &manifest.Object{Content: content, Source: d}
	o.APIVersion, _ = content["apiVersion"].(string)
	o.Kind, _ = content["kind"].(string)
	o.Name, _ = o.At("metadata", "name").(string)
	o.Namespace, _ = o.At("metadata", "namespace").(string)
	if o.APIVersion == "" || o.Kind == "" {
		return nil, &Error{d.at(d.root), "it has no apiVersion and kind"}
	}
	return o, nil
}

// maxValues bounds one document once its aliases are written out.
const maxValues = 1 << 20

// reader makes JSON types of nodes: maps with text keys, lists, texts, int, float64, bool and nil.
type reader struct{ left int }

func (r *reader) value(n *yaml.Node) any {
	if r.left--; r.left < 0 {
		return nil
	}
	switch n.Kind {
	case yaml.AliasNode:
		return r.value(n.Alias)
	case yaml.MappingNode:
		return r.fields(n)
	case yaml.SequenceNode:
		out := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			out = append(out, r.value(c))
		}
		return out
	}
	return scalar(n)
}

func (r *reader) fields(n *yaml.Node) map[string]any {
	out := make(map[string]any, len(n.Content)/2)
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		if key := n.Content[i]; key.Tag == "!!merge" {
			merged = append(merged, n.Content[i+1])
		} else {
			out[key.Value] = r.value(n.Content[i+1])
		}
	}
	for _, m := range merged {
		r.merge(out, r.value(m))
	}
	return out
}

// merge puts what a merge key names below the map's own fields.
func (r *reader) merge(into map[string]any, from any) {
	switch from := from.(type) {
	case []any:
		for _, v := range from {
			r.merge(into, v)
		}
	case map[string]any:
		for k, v := range from {
			if _, own := into[k]; !own {
				into[k] = v
			}
		}
	}
}

// scalar leaves what JSON has no type for, such as a date, as it is written.
func scalar(n *yaml.Node) any {
	switch n.ShortTag() {
	case "!!null", "!!bool", "!!int", "!!float":
		var v any
		if n.Decode(&v) == nil {
			return v
		}
	}
	return n.Value
}
