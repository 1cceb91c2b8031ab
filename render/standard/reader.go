package standard

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/modelops/modelops/render/spec"
	"sigs.k8s.io/kustomize/kyaml/utils"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// reader reads one document of a standard and collects what is wrong with it.
type reader struct {
	file     string
	lines    []string
	problems spec.Problems
}

func (r *reader) bad(n *yaml.Node, format string, args ...any) {
	var ps spec.Problems
	if errors.As((place{r.file, n.Line, n.Column}).problem("", format, args...), &ps) {
		r.problems = append(r.problems, ps...)
	}
}

var yamlError = regexp.MustCompile(`^yaml: line (\d+): (.*)`)

// document parses a file that holds one YAML document, and gives the document's content.
func (r *reader) document(data []byte) *yaml.Node {
	r.lines = strings.Split(string(data), "\n")
	d := yaml.NewDecoder(bytes.NewReader(data))
	doc, next := &yaml.Node{}, &yaml.Node{}
	if err := d.Decode(doc); err != nil {
		at := &yaml.Node{}
		message := strings.TrimPrefix(err.Error(), "yaml: ")
		if m := yamlError.FindStringSubmatch(err.Error()); m != nil {
			at.Line, _ = strconv.Atoi(m[1])
			at.Column, message = 1, m[2]
		}
		if errors.Is(err, io.EOF) {
			message = "the file holds no document"
		}
		r.bad(at, "%s", message)
		return nil
	}
	if err := d.Decode(next); !errors.Is(err, io.EOF) {
		r.bad(next, "one document is expected, here another begins")
		return nil
	}
	r.unique(doc)
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return doc
	}
	return doc.Content[0]
}

// unique refuses keys that are given twice, of which YAML readers silently take one, and aliases, which would share a
// node between two places.
func (r *reader) unique(n *yaml.Node) {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		r.bad(n, "anchors and aliases are not accepted in a standard")
		return
	}
	if n.Kind == yaml.MappingNode {
		seen := map[string]bool{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if key := n.Content[i]; seen[key.Value] {
				r.bad(key, "the key %q is given twice", key.Value)
			}
			seen[n.Content[i].Value] = true
		}
	}
	for _, c := range n.Content {
		r.unique(c)
	}
}

// header checks apiVersion and kind, and gives the spec.
func (r *reader) header(root *yaml.Node, kind string) *yaml.Node {
	fields := r.fields(root, "apiVersion", "kind", "metadata", "spec")
	want := map[string]string{"apiVersion": spec.APIVersion, "kind": kind}
	for _, name := range []string{"apiVersion", "kind"} {
		if n := fields[name]; n == nil {
			r.bad(root, "the field %q is missing: it is %s", name, want[name])
		} else if n.Value != want[name] {
			r.bad(n, "%s is %s, not %q", name, want[name], n.Value)
		}
	}
	if fields["spec"] == nil {
		r.bad(root, `the field "spec" is missing`)
		return nil
	}
	return fields["spec"]
}

// fields gives the fields of an object, of which only the known ones may occur.
func (r *reader) fields(n *yaml.Node, known ...string) map[string]*yaml.Node {
	out := map[string]*yaml.Node{}
	if n == nil {
		return out
	}
	if n.Kind != yaml.MappingNode {
		r.bad(n, "fields are expected here: %s", strings.Join(known, ", "))
		return out
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if !slices.Contains(known, key.Value) {
			r.bad(key, "unknown field %q; possible here: %s", key.Value, strings.Join(known, ", "))
			continue
		}
		out[key.Value] = n.Content[i+1]
	}
	return out
}

func (r *reader) list(n *yaml.Node) []*yaml.Node {
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		r.bad(n, "a list is expected here")
		return nil
	}
	return n.Content
}

func (r *reader) text(n *yaml.Node) string {
	if n == nil {
		return ""
	}
	if n.Kind != yaml.ScalarNode {
		r.bad(n, "text is expected here")
		return ""
	}
	return n.Value
}

// expression reads CEL. A number or a boolean in YAML is CEL as well.
func (r *reader) expression(n *yaml.Node) *expression {
	if n == nil {
		return nil
	}
	e := &expression{place: place{r.file, n.Line, n.Column}, source: r.text(n)}
	switch {
	case n.Style&yaml.LiteralStyle != 0 && n.Line < len(r.lines):
		first := r.lines[n.Line]
		e.indent = len(first) - len(strings.TrimLeft(first, " ")) + 1
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		e.column++
	}
	if strings.TrimSpace(e.source) == "" {
		r.bad(n, "an expression is expected here")
	}
	return e
}

// path reads a field's path in kustomize's notation: dots between the parts, [key=value] for an element of a list,
// [a.b/c] for a key with dots.
func (r *reader) path(n *yaml.Node, parent *yaml.Node) []string {
	if n == nil {
		r.bad(parent, `the field "path" is missing`)
		return nil
	}
	parts := utils.SmarterPathSplitter(r.text(n), ".")
	for i, p := range parts {
		if yaml.IsListIndex(p) && !strings.Contains(p, "=") {
			// The splitter keeps the brackets of a key without a dot.
			parts[i] = strings.Trim(p, "[]")
		}
		if p == "" || p == "-" || p == "*" {
			r.bad(n, "the path %q has a part %q, which names no field", n.Value, p)
		}
	}
	return parts
}
