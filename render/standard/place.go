package standard

import (
	"fmt"
	"sort"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

func typeError(got string) error { return fmt.Errorf("a list or a map is expected, not %s", got) }

func entries(m map[string]any) []any {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	items := make([]any, len(keys))
	for i, k := range keys {
		items[i] = map[string]any{"key": k, "value": m[k]}
	}
	return items
}

// set puts a value at a path, creating what lies above it; nothing, or an empty list or map, takes the field away.
func set(n *yaml.RNode, path []string, value *yaml.Node) error {
	last := path[len(path)-1]
	if empty(value) {
		parent, err := n.Pipe(yaml.Lookup(path[:len(path)-1]...))
		if err != nil || parent == nil {
			return err
		}
		if yaml.IsListIndex(last) {
			return fmt.Errorf("an element of a list cannot be taken away")
		}
		return parent.PipeE(yaml.Clear(last))
	}
	if yaml.IsListIndex(last) {
		return fmt.Errorf("the path ends at an element of a list: name a field of it")
	}
	parent, err := n.Pipe(yaml.LookupCreate(yaml.MappingNode, path[:len(path)-1]...))
	if err != nil {
		return err
	}
	return setField(parent.YNode(), last, value)
}

// setField does what kyaml's FieldSetter does, but for one thing: that takes the style of what was there, and so writes
// a text such as "yes" without its quotes over one that needed none.
func setField(n *yaml.Node, name string, value *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("%s cannot be set in something that has no fields", name)
	}
	if old := fieldOf(n, name); old != nil {
		*old = *value
		return nil
	}
	key, err := text(name)
	if err != nil {
		return err
	}
	n.Content = append(n.Content, key, value)
	return nil
}

// add puts the keys of a map, or the elements of a list, to those at the path.
func add(n *yaml.RNode, path []string, value *yaml.Node) error {
	if empty(value) {
		return nil
	}
	if value.Kind == yaml.ScalarNode {
		return fmt.Errorf("a list or a map is added, not a single value")
	}
	at, err := n.Pipe(yaml.LookupCreate(value.Kind, path...))
	if err != nil {
		return err
	}
	if at.YNode().Kind != value.Kind {
		return fmt.Errorf("a list cannot be added to a map, nor a map to a list")
	}
	if value.Kind == yaml.SequenceNode {
		return at.PipeE(yaml.Append(value.Content...))
	}
	for i := 0; i+1 < len(value.Content); i += 2 {
		if err := setField(at.YNode(), value.Content[i].Value, value.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}
