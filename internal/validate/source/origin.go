package source

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

// origins are the files that one unit is built from. They are only read again once somebody asks where a field was
// written: most runs find nothing.
type origins struct {
	unit  place
	files map[string][]byte
	// tree holds the specs that generated files are made from.
	tree fs.FS
	// standards of the run, by name.
	standards *standards

	once    sync.Once
	written []written
	mu      sync.Mutex
	parsed  map[string][]document
}

// written is an object as a file holds it, with the kustomizations that it goes through, inner ones first.
type written struct {
	document
	// generator is set where a kustomization makes the object of other files.
	generator bool
	kind      string
	through   []*kustomization
}

// kustomization is one on the way of an object.
type kustomization struct {
	document
	dir     string
	patches []patch // in the order in which kustomize applies them
}

func (o *origins) parse() {
	o.parsed = map[string][]document{}
	o.written = o.accumulate(o.unit.path, nil)
}

// docs are the documents of a file.
func (o *origins) docs(name string) []document {
	o.mu.Lock()
	defer o.mu.Unlock()
	docs, ok := o.parsed[name]
	if !ok {
		docs, _ = documents(name, o.files[name]) // it was built, so it can be read
		o.parsed[name] = docs
	}
	return docs
}

func (o *origins) kustomizationIn(dir string) *kustomization {
	for _, name := range kustomizationFiles {
		if docs := o.docs(path.Join(dir, name)); len(docs) > 0 {
			k := &kustomization{document: docs[0], dir: dir}
			k.patches = o.patches(k)
			return k
		}
	}
	return nil
}

// accumulate lists what a kustomization builds, in the order in which kustomize reads it. What a component has, it puts
// beside what is there already.
func (o *origins) accumulate(dir string, list []written) []written {
	k := o.kustomizationIn(dir)
	if k == nil {
		return list
	}
	for _, name := range slices.Concat(k.texts("resources"), k.texts("bases")) {
		at := path.Join(dir, name)
		if _, isFile := o.files[at]; !isFile {
			list = append(list, o.accumulate(at, nil)...)
			continue
		}
		for _, d := range o.docs(at) {
			list = append(list, d.written()...)
		}
	}
	for _, kind := range []string{"ConfigMap", "Secret"} {
		for _, n := range k.nodes(strings.ToLower(kind[:1]) + kind[1:] + "Generator") {
			list = append(list, written{document: k.below(n), generator: true, kind: kind})
		}
	}
	for _, name := range k.texts("components") {
		list = o.accumulate(path.Join(dir, name), list)
	}
	for i := range list {
		list[i].through = append(slices.Clip(list[i].through), k)
	}
	return list
}

// written are the objects of a document.
func (d document) written() []written {
	if _, items := child(d.root, "items"); items != nil && items.Kind == yaml.SequenceNode && strings.HasSuffix(textAt(d.root, "kind"), "List") {
		var out []written
		for _, n := range items.Content {
			out = append(out, written{document: d.below(n), kind: textAt(n, "kind")})
		}
		return out
	}
	return []written{{document: d, kind: textAt(d.root, "kind")}}
}

// nodes are the elements of a list in a kustomization, texts those that are texts.
func (k *kustomization) nodes(field string) []*yaml.Node {
	_, n := child(k.root, field)
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}

func (k *kustomization) texts(field string) []string {
	var out []string
	for _, n := range k.nodes(field) {
		out = append(out, n.Value)
	}
	return out
}

func (w written) name() string {
	if w.generator {
		return textAt(w.root, "name")
	}
	return textAt(w.root, "metadata", "name")
}

// names are all that the object has on its way, the last one being what it is built with.
func (w written) names() []string {
	name := w.name()
	out := []string{name}
	for _, k := range w.through {
		if next := textAt(k.root, "namePrefix") + name + textAt(k.root, "nameSuffix"); next != name {
			name = next
			out = append(out, name)
		}
	}
	return out
}

func (w written) namespace() string {
	ns := textAt(w.root, "metadata", "namespace")
	if w.generator {
		ns = textAt(w.root, "namespace")
	}
	for _, k := range w.through {
		if n := textAt(k.root, "namespace"); n != "" {
			ns = n
		}
	}
	return ns
}

// is says whether a built object is this one. Some kinds keep their names, and generated ones get a hash behind theirs.
func (w written) is(o *manifest.Object) bool {
	if w.kind != o.Kind {
		return false
	}
	names := w.names()
	last := names[len(names)-1]
	return o.Name == last || o.Name == names[0] || w.generator && strings.HasPrefix(o.Name, last+"-")
}

// find is the written object that a built one is; false where there is none or more than one.
func (o *origins) find(obj *manifest.Object) (written, bool) {
	var found []written
	for _, w := range o.written {
		if w.is(obj) {
			found = append(found, w)
		}
	}
	if len(found) > 1 {
		found = slices.DeleteFunc(found, func(w written) bool { return w.namespace() != obj.Namespace })
	}
	if len(found) > 1 {
		found = slices.DeleteFunc(found, func(w written) bool { n := w.names(); return n[len(n)-1] != obj.Name })
	}
	if len(found) != 1 {
		return written{}, false
	}
	return found[0], true
}

// builtSource finds the fields of a built object.
type builtSource struct {
	origins *origins
	object  *manifest.Object
}

// Position implements manifest.Source.
func (s builtSource) Position(path ...any) finding.Position {
	p := s.position(path)
	if u := s.origins.unit; u.pending && strings.HasPrefix(p.File, u.path+"/") {
		return finding.Position{File: u.target.ModelFile()} // it is rendered from there, and lies nowhere yet
	}
	return p
}

func (s builtSource) position(path []any) finding.Position {
	s.origins.once.Do(s.origins.parse)
	w, ok := s.origins.find(s.object)
	if !ok {
		return s.origins.top()
	}
	t := trail{origins: s.origins, object: s.object, written: w}
	t.steps, t.value, t.whole = route(s.object.Content, path)
	at := t.place()
	if s.origins.unit.kind != manifest.Folder {
		return t.spec(at)
	}
	return at.position()
}

// top is the unit itself.
func (o *origins) top() finding.Position {
	if k := o.kustomizationIn(o.unit.path); k != nil {
		return finding.Position{File: k.file}
	}
	return finding.Position{File: o.unit.path}
}
