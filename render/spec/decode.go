package spec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// MaxSize is the largest document that is read, in bytes. Documents of this kind are written by people; a larger one is
// a mistake or an attack.
const MaxSize = 1 << 20

// DecodePlatform reads modelops.yaml. The error is Problems.
func DecodePlatform(file string, data []byte) (*Platform, error) {
	return decode(file, data, KindPlatform, (*Platform).check)
}

// DecodeTeam reads a team.yaml. The error is Problems.
func DecodeTeam(file string, data []byte) (*Team, error) {
	return decode(file, data, KindTeam, (*Team).check)
}

// DecodeModel reads a model.yaml. The error is Problems.
func DecodeModel(file string, data []byte) (*Model, error) {
	return decode(file, data, KindModel, (*Model).check)
}

// DecodeRelease reads a release.yaml and checks that its id is the digest of its content. The error is Problems.
func DecodeRelease(file string, data []byte) (*Release, error) {
	return decode(file, data, KindRelease, (*Release).check)
}

// DecodeState reads a state file. The error is Problems.
func DecodeState(file string, data []byte) (*State, error) {
	return decode(file, data, KindState, (*State).check)
}

// DecodeTeamHold reads a file of tenants/TEAM/holds. The error is Problems.
func DecodeTeamHold(file string, data []byte) (*TeamHold, error) {
	return decode(file, data, KindHold, func(*TeamHold, *walker) {})
}

// Encode writes a document in its one form: two spaces of indentation, keys in the order of the type.
func Encode(doc any) ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(doc); err != nil {
		return nil, err
	}
	return b.Bytes(), e.Close()
}

// decode parses, checks every key and scalar against the type, and only then decodes the same tree.
func decode[T any](file string, data []byte, kind string, check func(*T, *walker)) (*T, error) {
	w := &walker{file: file}
	root := w.parse(data)
	if len(w.problems) > 0 {
		return nil, w.problems.sorted()
	}
	if !w.header(root, kind) {
		return nil, w.problems.sorted()
	}
	doc := new(T)
	w.value(root, reflect.TypeFor[T](), "", rules{})
	if len(w.problems) == 0 {
		if err := root.Decode(doc); err != nil {
			w.add(root, "", strings.TrimPrefix(err.Error(), "yaml: "), "")
		}
	}
	if len(w.problems) == 0 {
		w.root = root
		check(doc, w)
	}
	if len(w.problems) > 0 {
		return nil, w.problems.sorted()
	}
	return doc, nil
}

// walker collects the problems of one document.
type walker struct {
	file     string
	root     *yaml.Node
	problems Problems
}

func (w *walker) add(n *yaml.Node, path, message, hint string) {
	p := Problem{File: w.file, Path: path, Message: message, Hint: hint}
	if n != nil {
		p.Line, p.Column = n.Line, n.Column
	}
	w.problems = append(w.problems, p)
}

// at adds a problem at the field with this path, or at its nearest parent that the document has.
func (w *walker) at(path, message, hint string) {
	w.add(find(w.root, path), path, message, hint)
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)`)

func (w *walker) parse(data []byte) *yaml.Node {
	switch {
	case len(data) > MaxSize:
		w.add(nil, "", fmt.Sprintf("the file has %d bytes, at most %d are read", len(data), MaxSize), "")
		return nil
	case bytes.IndexByte(data, 0) >= 0 || !utf8.Valid(data):
		w.add(nil, "", "the file is not UTF-8 text", "")
		return nil
	case len(bytes.TrimSpace(data)) == 0:
		w.add(nil, "", "the file is empty", "")
		return nil
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	var doc, next yaml.Node
	if err := d.Decode(&doc); err != nil {
		w.syntax(err)
		return nil
	}
	if err := d.Decode(&next); !errors.Is(err, io.EOF) {
		w.add(&next, "", "one document is expected, here another begins", "remove the line --- and what follows")
		return nil
	}
	root := &doc
	if doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 {
		root = doc.Content[0]
	}
	w.plain(root, 0)
	return root
}

func (w *walker) syntax(err error) {
	p := Problem{File: w.file, Message: strings.TrimPrefix(err.Error(), "yaml: ")}
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		p.Line, _ = strconv.Atoi(m[1])
		p.Column, p.Message = 1, m[2]
	}
	if strings.Contains(p.Message, "cannot start any token") || strings.Contains(p.Message, "tab character") {
		p.Hint = "YAML is indented with spaces, never with tabs"
	}
	if errors.Is(err, io.EOF) {
		p.Message = "the file holds no document"
	}
	w.problems = append(w.problems, p)
}

// maxDepth of nesting; the deepest spec has nine levels.
const maxDepth = 40

// plain refuses what a spec never needs and what other YAML readers understand differently: anchors, aliases, merge
// keys, custom tags, and nesting without end.
func (w *walker) plain(n *yaml.Node, depth int) {
	if depth > maxDepth {
		w.add(n, "", "nested too deeply", "")
		return
	}
	switch {
	case n.Kind == yaml.AliasNode, n.Anchor != "":
		w.add(n, "", "anchors and aliases are not accepted here", "write the value out in each place")
		return
	case n.Tag == "!!merge":
		w.add(n, "", "the merge key << is not accepted here", "write the fields out in each place")
		return
	case n.Style&yaml.TaggedStyle != 0:
		w.add(n, "", fmt.Sprintf("the tag %s is not accepted here", n.Tag), "")
		return
	}
	for _, c := range n.Content {
		w.plain(c, depth+1)
	}
}

// header checks apiVersion and kind first, so that a document of another kind gets one clear problem instead of many.
func (w *walker) header(root *yaml.Node, kind string) bool {
	if root.Kind != yaml.MappingNode {
		w.add(root, "", fmt.Sprintf("expected a %s document, found %s", kind, kindOf(root)), "it begins with apiVersion: "+APIVersion)
		return false
	}
	hint := fmt.Sprintf("it begins with apiVersion: %s and kind: %s", APIVersion, kind)
	for _, want := range [][2]string{{"apiVersion", APIVersion}, {"kind", kind}} {
		_, v := child(root, want[0])
		switch {
		case v == nil:
			w.add(root, "", "no "+want[0], hint)
			return false
		case v.Value != want[1]:
			w.add(v, want[0], fmt.Sprintf("expected %s, found %q", want[1], v.Value), hint)
			return false
		}
	}
	return true
}

// value checks a node against the type that it is decoded into.
func (w *walker) value(n *yaml.Node, t reflect.Type, path string, r rules) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == timeType:
		w.scalar(n, path, "!!timestamp", "a time such as 2026-11-25T12:00:00Z")
	case t.Kind() == reflect.Struct:
		w.object(n, t, path)
	case t.Kind() == reflect.Map:
		w.mapping(n, t, path, r)
	case t.Kind() == reflect.Slice:
		w.list(n, t, path, r)
	case t == quantityType:
		w.quantity(n, path)
	case t.Kind() == reflect.String:
		w.text(n, path, r)
	case t.Kind() == reflect.Int:
		w.integer(n, path, r)
	case t.Kind() == reflect.Bool:
		w.scalar(n, path, "!!bool", "true or false")
	}
}

func (w *walker) object(n *yaml.Node, t reflect.Type, path string) {
	if n.Kind != yaml.MappingNode {
		w.add(n, path, "expected fields, found "+kindOf(n), "")
		return
	}
	fields := fieldsOf(t)
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, v := n.Content[i], n.Content[i+1]
		at := join(path, key.Value)
		f, known := fields.byName[key.Value]
		switch {
		case seen[key.Value]:
			w.add(key, at, "the field is given twice", "keep one of them")
		case !known:
			w.add(key, path, fmt.Sprintf("unknown field %q", key.Value), didYouMean(key.Value, fields.names))
		default:
			w.value(v, f.typ, at, f.rules)
		}
		seen[key.Value] = true
	}
	for _, name := range fields.names {
		if fields.byName[name].rules.required && !seen[name] {
			w.add(n, path, fmt.Sprintf("the field %q is missing", name), "")
		}
	}
}

func didYouMean(written string, names []string) string {
	if s := suggest(written, names); s != "" {
		return fmt.Sprintf("did you mean %q?", s)
	}
	return "possible here: " + strings.Join(names, ", ")
}

func (w *walker) mapping(n *yaml.Node, t reflect.Type, path string, r rules) {
	if n.Kind != yaml.MappingNode {
		w.add(n, path, "expected keys and values, found "+kindOf(n), "")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, v := n.Content[i], n.Content[i+1]
		if seen[key.Value] {
			w.add(key, join(path, key.Value), "the key is given twice", "keep one of them")
		}
		seen[key.Value] = true
		w.text(key, path, rules{})
		if r.form == "label" {
			w.form(key, join(path, key.Value), "labelkey", key.Value)
		}
		w.value(v, t.Elem(), join(path, key.Value), rules{form: r.form})
	}
}

func (w *walker) list(n *yaml.Node, t reflect.Type, path string, r rules) {
	if n.Kind != yaml.SequenceNode {
		w.add(n, path, "expected a list, found "+kindOf(n), "write each value on a line of its own after a dash")
		return
	}
	for i, c := range n.Content {
		w.value(c, t.Elem(), fmt.Sprintf("%s[%d]", path, i), rules{form: r.form})
	}
	if r.required && len(n.Content) == 0 {
		w.add(n, path, "the list is empty", "")
	}
}

// text takes only what every YAML reader takes for text. `version: 1.10` is the number 1.1 for some of them, and
// `region: no` is false.
func (w *walker) text(n *yaml.Node, path string, r rules) {
	if n.Kind != yaml.ScalarNode {
		w.add(n, path, "expected text, found "+kindOf(n), "")
		return
	}
	quoted := n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
	if !quoted && (n.Tag != "!!str" || yaml11Bool[strings.ToLower(n.Value)]) {
		w.add(n, path, "expected text, found "+kindOf(n), fmt.Sprintf("quote it: %q", n.Value))
		return
	}
	if r.required && n.Value == "" {
		w.add(n, path, "must not be empty", "")
		return
	}
	if n.Value != "" {
		w.form(n, path, r.form, n.Value)
	}
	if len(r.enum) > 0 && !slices.Contains(r.enum, n.Value) {
		w.add(n, path, fmt.Sprintf("%q is not one of %s", n.Value, strings.Join(r.enum, ", ")), didYouMean(n.Value, r.enum))
	}
}

// yaml11Bool are words that YAML 1.1, and so kustomize and kubectl, read as a boolean.
var yaml11Bool = map[string]bool{"y": true, "n": true, "yes": true, "no": true, "on": true, "off": true}

func (w *walker) integer(n *yaml.Node, path string, r rules) {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" {
		w.add(n, path, "expected a whole number, found "+kindOf(n), "")
		return
	}
	v, err := strconv.Atoi(n.Value)
	switch {
	case err != nil:
		w.add(n, path, fmt.Sprintf("%s is not a plain whole number", n.Value), "write it in decimal digits")
	case r.min != nil && v < *r.min:
		w.add(n, path, fmt.Sprintf("%d is less than %d", v, *r.min), "")
	case r.max != nil && v > *r.max:
		w.add(n, path, fmt.Sprintf("%d is more than %d", v, *r.max), "")
	}
}

func (w *walker) quantity(n *yaml.Node, path string) {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!bool" || n.Tag == "!!null" {
		w.add(n, path, "expected a quantity, found "+kindOf(n), `a quantity is a number with a unit, such as 500m or 24Gi`)
		return
	}
	w.form(n, path, "quantity", n.Value)
}

func (w *walker) scalar(n *yaml.Node, path, tag, what string) {
	if n.Kind != yaml.ScalarNode || n.Tag != tag {
		w.add(n, path, fmt.Sprintf("expected %s, found %s", what, kindOf(n)), "")
	}
}

func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "fields"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	switch n.Tag {
	case "!!int", "!!float":
		return "the number " + n.Value
	case "!!null":
		return "nothing"
	case "!!timestamp":
		return "the date " + n.Value
	case "!!bool":
		return "the boolean " + n.Value
	}
	if yaml11Bool[strings.ToLower(n.Value)] {
		return "the word " + n.Value + ", which YAML 1.1 reads as a boolean"
	}
	return fmt.Sprintf("the text %q", n.Value)
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func child(n *yaml.Node, name string) (key, value *yaml.Node) {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i], n.Content[i+1]
		}
	}
	return nil, nil
}

// find returns the key of the field with this path, or of its nearest parent that is there.
func find(root *yaml.Node, path string) *yaml.Node {
	at, last := root, root
	for _, name := range strings.Split(path, ".") {
		key, v := child(at, name)
		if key == nil {
			return last
		}
		at, last = v, key
	}
	return last
}
