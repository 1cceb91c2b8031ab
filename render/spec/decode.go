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
	"time"
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

// DecodePresent reads a state file without its past, which is most of it and which nobody needs who asks what runs now.
// The error is Problems, of the whole file.
func DecodePresent(file string, data []byte) (*State, error) {
	s, err := DecodeState(file, withoutPast(data))
	if err != nil {
		return DecodeState(file, data)
	}
	return s, nil
}

// withoutPast cuts the lines of spec.past out of a state file that is written as Encode writes it.
func withoutPast(data []byte) []byte {
	begin := bytes.Index(data, []byte("\n  past:\n"))
	if begin < 0 {
		return data
	}
	begin++
	end := begin + len("  past:\n")
	for line := range bytes.Lines(data[end:]) {
		if !bytes.HasPrefix(line, []byte("    ")) {
			break
		}
		end += len(line)
	}
	return slices.Concat(data[:begin], data[end:])
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

// decode parses, then checks every key and scalar against the type while it fills the document in. One with a problem is
// never returned.
func decode[T any](file string, data []byte, kind string, check func(*T, *walker)) (*T, error) {
	w := &walker{file: file, data: data}
	p := newQuickParser()
	defer p.done()
	root := w.parse(p, data)
	if len(w.problems) > 0 {
		return nil, w.problems.sorted()
	}
	if !w.header(root, kind) {
		return nil, w.problems.sorted()
	}
	doc := new(T)
	w.value(root, reflect.ValueOf(doc).Elem(), nil, &rules{})
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
	data     []byte
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

func (w *walker) parse(p *quickParser, data []byte) *yaml.Node {
	if w.check(data); len(w.problems) > 0 {
		return nil
	}
	root := p.parse(data)
	if root == nil {
		root = w.parseYAML(data)
	}
	if root != nil {
		w.plain(root, 0)
	}
	return root
}

// check refuses what is no text of a reasonable size.
func (w *walker) check(data []byte) {
	switch {
	case len(data) > MaxSize:
		w.add(nil, "", fmt.Sprintf("the file has %d bytes, at most %d are read", len(data), MaxSize), "")
	case bytes.IndexByte(data, 0) >= 0 || !utf8.Valid(data):
		w.add(nil, "", "the file is not UTF-8 text", "")
	case len(bytes.TrimSpace(data)) == 0:
		w.add(nil, "", "the file is empty", "")
	}
}

func (w *walker) parseYAML(data []byte) *yaml.Node {
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
	if doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 {
		return doc.Content[0]
	}
	return &doc
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

// place is where a value stands in the document. Its path is only written out where there is a problem.
type place struct {
	above *place
	name  string
	index int // in a list, which has no name for it
}

// String writes the path, such as spec.env[2].name.
func (p *place) String() string {
	switch {
	case p == nil:
		return ""
	case p.name == "":
		return fmt.Sprintf("%s[%d]", p.above, p.index)
	case p.above == nil:
		return p.name
	}
	return p.above.String() + "." + p.name
}

// problem adds a problem at a place.
func (w *walker) problem(n *yaml.Node, at *place, message, hint string) {
	w.add(n, at.String(), message, hint)
}

// value checks a node against the type of a value, and fills it in.
func (w *walker) value(n *yaml.Node, v reflect.Value, at *place, r *rules) {
	for v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch t := v.Type(); {
	case t == timeType:
		w.time(n, v, at)
	case t.Kind() == reflect.Struct:
		w.object(n, v, at)
	case t.Kind() == reflect.Map:
		w.mapping(n, v, at, r)
	case t.Kind() == reflect.Slice:
		w.list(n, v, at, r)
	case t == quantityType:
		w.quantity(n, at)
		v.SetString(strings.Clone(n.Value))
	case t.Kind() == reflect.String:
		w.text(n, at, r)
		v.SetString(strings.Clone(n.Value)) // a part of the text would keep all of it in memory
	case t.Kind() == reflect.Int:
		w.integer(n, v, at, r)
	case t.Kind() == reflect.Bool:
		w.boolean(n, v, at)
	}
}

func (w *walker) object(n *yaml.Node, v reflect.Value, at *place) {
	if n.Kind != yaml.MappingNode {
		w.problem(n, at, "expected fields, found "+kindOf(n), "")
		return
	}
	fields := fieldsOf(v.Type())
	var seen uint64           // a bit for each field
	below := place{above: at} // of one field after the other
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		below.name = key.Value
		f, known := fields.byName[key.Value]
		switch {
		case !known:
			w.problem(key, at, fmt.Sprintf("unknown field %q", key.Value), didYouMean(key.Value, fields.names))
		case seen>>f.order&1 == 1:
			w.problem(key, &below, "the field is given twice", "keep one of them")
		default:
			seen |= 1 << f.order
			w.value(n.Content[i+1], v.FieldByIndex(f.index), &below, &f.rules)
		}
	}
	if fields.required&^seen == 0 {
		return
	}
	for i, name := range fields.names {
		if (fields.required&^seen)>>i&1 == 1 {
			w.problem(n, at, fmt.Sprintf("the field %q is missing", name), "")
		}
	}
}

func didYouMean(written string, names []string) string {
	if s := suggest(written, names); s != "" {
		return fmt.Sprintf("did you mean %q?", s)
	}
	return "possible here: " + strings.Join(names, ", ")
}

func (w *walker) mapping(n *yaml.Node, v reflect.Value, at *place, r *rules) {
	if n.Kind != yaml.MappingNode {
		w.problem(n, at, "expected keys and values, found "+kindOf(n), "")
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, below := n.Content[i], &place{above: at, name: n.Content[i].Value}
		name := reflect.ValueOf(strings.Clone(key.Value)).Convert(v.Type().Key())
		if v.MapIndex(name).IsValid() {
			w.problem(key, below, "the key is given twice", "keep one of them")
		}
		w.text(key, at, &rules{})
		if r.form == "label" {
			w.form(key, below, "labelkey", key.Value)
		}
		one := reflect.New(v.Type().Elem()).Elem()
		w.value(n.Content[i+1], one, below, &rules{form: r.form})
		v.SetMapIndex(name, one)
	}
}

func (w *walker) list(n *yaml.Node, v reflect.Value, at *place, r *rules) {
	if n.Kind != yaml.SequenceNode {
		w.problem(n, at, "expected a list, found "+kindOf(n), "write each value on a line of its own after a dash")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, c := range n.Content {
		w.value(c, v.Index(i), &place{above: at, index: i}, &rules{form: r.form})
	}
	if r.required && len(n.Content) == 0 {
		w.problem(n, at, "the list is empty", "")
	}
}

// text takes only what every YAML reader takes for text. `version: 1.10` is the number 1.1 for some of them, and
// `region: no` is false.
func (w *walker) text(n *yaml.Node, at *place, r *rules) {
	if n.Kind != yaml.ScalarNode {
		w.problem(n, at, "expected text, found "+kindOf(n), "")
		return
	}
	quoted := n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
	if !quoted && (n.Tag != "!!str" || isYAML11Bool(n.Value)) {
		w.problem(n, at, "expected text, found "+kindOf(n), fmt.Sprintf("quote it: %q", n.Value))
		return
	}
	if r.required && n.Value == "" {
		w.problem(n, at, "must not be empty", "")
		return
	}
	if n.Value != "" {
		w.form(n, at, r.form, n.Value)
	}
	if len(r.enum) > 0 && !slices.Contains(r.enum, n.Value) {
		w.problem(n, at, fmt.Sprintf("%q is not one of %s", n.Value, strings.Join(r.enum, ", ")), didYouMean(n.Value, r.enum))
	}
}

// isYAML11Bool is true for words that YAML 1.1, and so kustomize and kubectl, read as a boolean.
func isYAML11Bool(s string) bool { return len(s) <= 3 && yaml11Bool[strings.ToLower(s)] }

var yaml11Bool = map[string]bool{"y": true, "n": true, "yes": true, "no": true, "on": true, "off": true}

func (w *walker) integer(n *yaml.Node, v reflect.Value, at *place, r *rules) {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" {
		w.problem(n, at, "expected a whole number, found "+kindOf(n), "")
		return
	}
	i, err := strconv.Atoi(n.Value)
	switch {
	case err != nil || len(n.Value) > 1 && n.Value[0] == '0': // which some readers take for octal
		w.problem(n, at, fmt.Sprintf("%s is not a plain whole number", n.Value), "write it in decimal digits")
	case r.min != nil && i < *r.min:
		w.problem(n, at, fmt.Sprintf("%d is less than %d", i, *r.min), "")
	case r.max != nil && i > *r.max:
		w.problem(n, at, fmt.Sprintf("%d is more than %d", i, *r.max), "")
	}
	v.SetInt(int64(i))
}

func (w *walker) quantity(n *yaml.Node, at *place) {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!bool" || n.Tag == "!!null" {
		w.problem(n, at, "expected a quantity, found "+kindOf(n), `a quantity is a number with a unit, such as 500m or 24Gi`)
		return
	}
	w.form(n, at, "quantity", n.Value)
}

func (w *walker) boolean(n *yaml.Node, v reflect.Value, at *place) {
	if w.scalar(n, at, "!!bool", "true or false") {
		v.SetBool(strings.EqualFold(n.Value, "true"))
	}
}

func (w *walker) time(n *yaml.Node, v reflect.Value, at *place) {
	if !w.scalar(n, at, "!!timestamp", "a time such as 2026-11-25T12:00:00Z") {
		return
	}
	t, ok := v.Addr().Interface().(*time.Time)
	if !ok {
		return
	}
	var err error
	if *t, err = time.Parse(time.RFC3339, n.Value); err == nil {
		return
	}
	if err := n.Decode(t); err != nil { // YAML knows more ways to write a time
		w.problem(n, at, strings.TrimPrefix(err.Error(), "yaml: "), "")
	}
}

func (w *walker) scalar(n *yaml.Node, at *place, tag, what string) bool {
	ok := n.Kind == yaml.ScalarNode && n.Tag == tag
	if !ok {
		w.problem(n, at, fmt.Sprintf("expected %s, found %s", what, kindOf(n)), "")
	}
	return ok
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
	if isYAML11Bool(n.Value) {
		return "the word " + n.Value + ", which YAML 1.1 reads as a boolean"
	}
	return fmt.Sprintf("the text %q", n.Value)
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
