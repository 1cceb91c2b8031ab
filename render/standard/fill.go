package standard

import (
	"bytes"
	"maps"
	"strings"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Vars are the variables that expressions see, by name, as Value makes them.
type Vars map[string]any

// Manifest is one filled manifest.
type Manifest struct {
	// File is the manifest's name in its sheet's folder.
	File string
	// Kind and Name of the object.
	Kind, Name string
	// Data is the manifest as YAML.
	Data []byte
}

// Fill fills the manifests of a sheet in the order that the sheet lists them. The manifests see vars alone; release holds
// what only the sheet's release section may see beside them. Its parts come back as patches: strategic merge patches
// that hold what a version changes. The error names a place in the standard.
func (s *Standard) Fill(sheetName string, vars, release Vars) (manifests, patches []Manifest, err error) {
	sh, err := s.sheets[sheetName]()
	if err != nil {
		return nil, nil, err
	}
	f := filler{lang: s.lang, sheet: sh, vars: maps.Clone(vars), nodes: map[string]*yaml.RNode{}}
	if err := f.all(); err != nil {
		return nil, nil, err
	}
	if manifests, err = f.encode(f.nodes); err != nil {
		return nil, nil, err
	}
	maps.Copy(f.vars, release)
	if err := f.releases(); err != nil {
		return nil, nil, err
	}
	patches, err = f.encode(f.patches)
	return manifests, patches, err
}

type filler struct {
	lang     *language
	sheet    *sheet
	vars     map[string]any
	sections []section
	nodes    map[string]*yaml.RNode
	patches  map[string]*yaml.RNode
}

func (f *filler) all() error {
	if err := f.name(f.sheet.values); err != nil {
		return err
	}
	for _, p := range f.sheet.parts {
		ok, err := p.when.truth(f.lang, f.vars)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		f.nodes[p.file] = f.sheet.manifests[p.file].Copy()
		if err := f.fill(f.nodes[p.file], p); err != nil {
			return err
		}
	}
	f.sections = append(f.sections, f.sheet.section)
	for _, c := range f.sheet.components {
		if err := f.component(c); err != nil {
			return err
		}
	}
	return nil
}

func (f *filler) component(c section) error {
	ok, err := c.when.truth(f.lang, f.vars)
	if err != nil || !ok {
		return err
	}
	if err := f.name(c.values); err != nil {
		return err
	}
	f.sections = append(f.sections, c)
	for _, p := range c.parts {
		n := f.nodes[p.file]
		if n == nil {
			continue
		}
		if ok, err := p.when.truth(f.lang, f.vars); err != nil {
			return err
		} else if !ok {
			continue
		}
		if err := f.fill(n, p); err != nil {
			return err
		}
	}
	return nil
}

func (f *filler) name(values []named) error {
	for _, v := range values {
		value, err := v.value.eval(f.lang, f.vars)
		if err != nil {
			return err
		}
		f.vars[v.name] = value
	}
	return nil
}

// releases makes one patch for each manifest that the release sections of the sheet and of the components in force name.
func (f *filler) releases() error {
	f.patches = map[string]*yaml.RNode{}
	for _, sec := range f.sections {
		for _, p := range sec.release {
			ok, err := p.when.truth(f.lang, f.vars)
			if err != nil {
				return err
			}
			if !ok || f.nodes[p.file] == nil {
				continue
			}
			if f.patches[p.file] == nil {
				f.patches[p.file] = patchOf(f.nodes[p.file])
			}
			if err := f.fill(f.patches[p.file], p); err != nil {
				return err
			}
		}
	}
	return nil
}

// patchOf begins a patch of an object with what names it.
func patchOf(n *yaml.RNode) *yaml.RNode {
	scalar := func(s string) *yaml.Node {
		v, _ := text(s) // only a text beyond a megabyte fails
		return v
	}
	mapping := func(content ...*yaml.Node) *yaml.Node {
		return &yaml.Node{Kind: yaml.MappingNode, Tag: yaml.NodeTagMap, Content: content}
	}
	return yaml.NewRNode(mapping(scalar("apiVersion"), scalar(n.GetApiVersion()), scalar("kind"), scalar(n.GetKind()),
		scalar("metadata"), mapping(scalar("name"), scalar(n.GetName()))))
}

func (f *filler) fill(n *yaml.RNode, p part) error {
	if p.merge != nil {
		merge(n.YNode(), p.merge)
	}
	for _, b := range p.bindings {
		if err := f.bind(n, b); err != nil {
			return err
		}
	}
	return nil
}

// merge puts a piece of YAML over a manifest: fields go into fields, list elements over the element of the same name, or
// to the end.
func merge(into, from *yaml.Node) {
	for i := 0; i+1 < len(from.Content); i += 2 {
		key, v := from.Content[i], from.Content[i+1]
		old := fieldOf(into, key.Value)
		switch {
		case old == nil:
			into.Content = append(into.Content, yaml.CopyYNode(key), yaml.CopyYNode(v))
		case old.Kind == yaml.MappingNode && v.Kind == yaml.MappingNode:
			merge(old, v)
		case old.Kind == yaml.SequenceNode && v.Kind == yaml.SequenceNode:
			mergeList(old, v)
		default:
			*old = *yaml.CopyYNode(v)
		}
	}
}

func mergeList(into, from *yaml.Node) {
	for _, v := range from.Content {
		if old := elementLike(into, v); old != nil {
			merge(old, v)
			continue
		}
		into.Content = append(into.Content, yaml.CopyYNode(v))
	}
}

func elementLike(list, v *yaml.Node) *yaml.Node {
	name := fieldOf(v, "name")
	if name == nil {
		return nil
	}
	for _, e := range list.Content {
		if n := fieldOf(e, "name"); n != nil && n.Value == name.Value {
			return e
		}
	}
	return nil
}

func fieldOf(n *yaml.Node, name string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}

func (f *filler) bind(n *yaml.RNode, b binding) error {
	if b.each == nil {
		return f.put(n, b)
	}
	v, err := b.each.eval(f.lang, f.vars)
	if err != nil {
		return err
	}
	items, err := itemsOf(v)
	if err != nil {
		return b.each.problem("", "%s: %v", oneLine(b.each.source), err)
	}
	defer delete(f.vars, "item")
	for _, item := range items {
		f.vars["item"] = item
		if err := f.put(n, b); err != nil {
			return err
		}
	}
	return nil
}

func (f *filler) put(n *yaml.RNode, b binding) error {
	e := b.value
	if e == nil {
		e = b.add
	}
	v, err := e.eval(f.lang, f.vars)
	if err != nil {
		return err
	}
	value, err := node(v)
	if err == nil && b.add != nil {
		err = add(n, b.path, value)
	} else if err == nil {
		err = set(n, b.path, value)
	}
	if err != nil {
		return e.problem(strings.Join(b.path, "."), "%v", err)
	}
	return nil
}

func empty(n *yaml.Node) bool {
	return n == nil || n.Kind != yaml.ScalarNode && len(n.Content) == 0
}

// encode writes all manifests with one encoder, whose buffers cost more than a manifest.
func (f *filler) encode(nodes map[string]*yaml.RNode) ([]Manifest, error) {
	var out []Manifest
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	for _, p := range f.sheet.parts {
		n := nodes[p.file]
		if n == nil {
			continue
		}
		if err := e.Encode(n.YNode()); err != nil {
			return nil, p.problem("", "%s: %v", p.file, err)
		}
		data := bytes.TrimPrefix(bytes.Clone(b.Bytes()), []byte("---\n"))
		out = append(out, Manifest{File: p.file, Kind: n.GetKind(), Name: n.GetName(), Data: data})
		b.Reset()
	}
	return out, nil
}

// itemsOf lists the elements of a list, or the entries of a map as key and value, in order.
func itemsOf(v any) ([]any, error) {
	switch v := v.(type) {
	case []any:
		return v, nil
	case map[string]any:
		return entries(v), nil
	case traits.Lister:
		n, _ := v.Size().(types.Int)
		items := make([]any, n)
		for i := range items {
			items[i] = v.Get(types.Int(i))
		}
		return items, nil
	case traits.Mapper:
		m := map[string]any{}
		for it := v.Iterator(); it.HasNext() == types.True; {
			key := it.Next()
			m[string(key.ConvertToType(types.StringType).(types.String))] = v.Get(key)
		}
		return entries(m), nil
	case ref.Val:
		return nil, typeError(v.Type().TypeName())
	}
	return nil, typeError(describe(v))
}
