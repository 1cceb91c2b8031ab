package spec

import (
	"fmt"

	"gopkg.in/yaml.v3"
)

// For is the serving of the model in one environment: the spec with that environment's changes. Maps merge key by key,
// fields of nested objects likewise; lists and scalars replace.
func (m *ModelSpec) For(env string) (Serving, error) {
	change, ok := m.Environments[env]
	if !ok {
		return m.Serving, nil
	}
	return merged(m.Serving, change)
}

// For is what the team may use in one environment.
func (t *TeamSpec) For(env string) (Tenancy, error) {
	change, ok := t.PerEnvironment[env]
	if !ok {
		return t.Tenancy, nil
	}
	return merged(t.Tenancy, change)
}

func merged[T any](base, change T) (T, error) {
	var out T
	var b, c yaml.Node
	if err := b.Encode(base); err != nil {
		return out, err
	}
	if err := c.Encode(change); err != nil {
		return out, err
	}
	overlay(&b, &c)
	if err := b.Decode(&out); err != nil {
		return out, fmt.Errorf("merge of an environment's changes: %w", err)
	}
	return out, nil
}

// overlay puts the fields of change over those of base.
func overlay(base, change *yaml.Node) {
	for i := 0; i+1 < len(change.Content); i += 2 {
		key, v := change.Content[i], change.Content[i+1]
		_, old := child(base, key.Value)
		switch {
		case old == nil:
			base.Content = append(base.Content, key, v)
		case old.Kind == yaml.MappingNode && v.Kind == yaml.MappingNode:
			overlay(old, v)
		default:
			*old = *v
		}
	}
}
