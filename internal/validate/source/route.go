package source

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// step is one step of a path through a built object: into a field, or into an element of a list. Lists are written in
// several places in several orders, so an element is known by what it holds and not by where it stands.
type step struct {
	field   string
	element any
	index   int
	of      int // length of the list
}

// isField says whether the step goes into a field.
func (s step) isField() bool { return s.of == 0 }

// route follows a path through a built object. It is not whole where the object has nothing at its end.
func route(content any, path []any) (steps []step, value any, whole bool) {
	value, whole = content, true
	for _, p := range path {
		switch p := p.(type) {
		case string:
			fields, _ := value.(map[string]any)
			v, ok := fields[p]
			steps, value, whole = append(steps, step{field: p}), v, whole && ok
		case int:
			list, _ := value.([]any)
			s := step{index: p, of: max(len(list), p+1)}
			if ok := p >= 0 && p < len(list); ok {
				s.element, value = list[p], list[p]
			} else {
				value, whole = nil, false
			}
			steps = append(steps, s)
		}
	}
	return steps, value, whole
}

// follow goes the same way through a document, as far as it goes: to the key of the last field, its value, and the number
// of steps.
func (d document) follow(steps []step) (key, value *yaml.Node, n int) {
	key, value = d.root, d.root
	for i, s := range steps {
		k, v := s.in(value)
		if v == nil {
			return key, value, i
		}
		key, value = k, v
	}
	return key, value, len(steps)
}

// in finds the step's field or element.
func (s step) in(n *yaml.Node) (key, value *yaml.Node) {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if s.isField() {
		return child(n, s.field)
	}
	if n.Kind != yaml.SequenceNode {
		return nil, nil
	}
	e := s.among(n.Content)
	return e, e
}

// elementKeys are the fields that tell the elements of Kubernetes' lists apart, as kustomize's merge keys do.
var elementKeys = []string{"name", "mountPath", "devicePath", "containerPort", "port", "topologyKey", "key", "ip", "type", "kind", "path"}

// among finds the element that a list's own is; nil where that cannot be told.
func (s step) among(list []*yaml.Node) *yaml.Node {
	fields, isMap := s.element.(map[string]any)
	if !isMap {
		return s.scalarAmong(list)
	}
	for _, key := range elementKeys {
		want, ok := fields[key]
		if !ok || !isScalar(want) {
			continue
		}
		var found []*yaml.Node
		for _, n := range list {
			if textAt(n, key) == text(want) {
				found = append(found, n)
			}
		}
		switch len(found) {
		case 0:
			return nil
		case 1:
			return found[0]
		}
		if same := alike(found, fields); same != nil {
			return same
		}
		break
	}
	return s.inPlace(list)
}

// inPlace takes the element at the same place of a list that is as long.
func (s step) inPlace(list []*yaml.Node) *yaml.Node {
	if len(list) == s.of && s.index >= 0 && s.index < len(list) {
		return list[s.index]
	}
	return nil
}

func (s step) scalarAmong(list []*yaml.Node) *yaml.Node {
	if s.element == nil {
		return nil
	}
	if n := s.inPlace(list); n != nil && n.Value == text(s.element) {
		return n
	}
	var found *yaml.Node
	for _, n := range list {
		if n.Kind == yaml.ScalarNode && n.Value == text(s.element) {
			if found != nil {
				return nil
			}
			found = n
		}
	}
	return found
}

// alike finds the one element that contradicts no scalar field, such as the port of a number and a protocol.
func alike(list []*yaml.Node, fields map[string]any) *yaml.Node {
	var found *yaml.Node
	for _, n := range list {
		differs := false
		for key, want := range fields {
			if have := textAt(n, key); isScalar(want) && have != "" && have != text(want) {
				differs = true
			}
		}
		if differs {
			continue
		}
		if found != nil {
			return nil
		}
		found = n
	}
	return found
}

func isScalar(v any) bool {
	switch v.(type) {
	case map[string]any, []any, nil:
		return false
	}
	return true
}

// text is how a scalar is written.
func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return fmt.Sprint(v)
}

// says whether a node holds a scalar: numbers are written in several ways, and kustomize keeps the one it found.
func says(n *yaml.Node, value any) bool {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.ScalarNode {
		return false
	}
	return n.Value == text(value) || text(scalar(n)) == text(value)
}

// pointer splits a JSON pointer.
func pointer(s string) []string {
	parts := strings.Split(strings.TrimPrefix(s, "/"), "/")
	for i, p := range parts {
		parts[i] = strings.ReplaceAll(strings.ReplaceAll(p, "~1", "/"), "~0", "~")
	}
	return parts
}
