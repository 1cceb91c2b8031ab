package build

import (
	"encoding/json"
	"fmt"
	"path"
	"sync"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// Object is one built manifest.
type Object struct {
	// APIVersion, Kind, Namespace and Name of the object; Namespace is empty for what has none.
	APIVersion, Kind, Namespace, Name string
	// Content of the manifest as JSON types. It is shared: read it, do not change it.
	Content map[string]any

	text func() []byte // costs as much as a quarter of the build, and few objects are printed
}

// String names the object as kubectl does: Kind/name.
func (o Object) String() string { return o.Kind + "/" + o.Name }

// YAML is the manifest as kustomize prints it.
func (o Object) YAML() []byte {
	if o.text == nil {
		return nil
	}
	return o.text()
}

// Objects are built manifests in the order in which kustomize prints them.
type Objects []Object

// YAML is the whole as `kustomize build` prints it, byte for byte.
func (os Objects) YAML() []byte {
	var out []byte
	for i, o := range os {
		if i > 0 {
			out = append(out, "---\n"...)
		}
		out = append(out, o.YAML()...)
	}
	return out
}

// Find gives the object of a kind and name.
func (os Objects) Find(kind, name string) (Object, bool) {
	for _, o := range os {
		if o.Kind == kind && o.Name == name {
			return o, true
		}
	}
	return Object{}, false
}

// RefusedError says that a folder is not built, and why.
type RefusedError struct {
	// File of the folder, with Line and Column from 1, or 0 where the whole file is meant.
	File         string
	Line, Column int
	// Why it is refused.
	Why string
	// NotBuilt says that kustomize could do it, with programs that are not run here, so that nobody knows what it gives.
	NotBuilt bool
}

func (e *RefusedError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Why)
	}
	return e.File + ": " + e.Why
}

// root of the folder in the file system that kustomize sees.
const root = "/overlay"

// Build builds a folder given by its files. Nothing outside of it is read. The error is *RefusedError for what would
// reach out, run a program, or silently do nothing; other errors are kustomize's own.
func Build(files map[string][]byte) (Objects, error) {
	in, err := inspect(files)
	if err != nil {
		return nil, err
	}
	fsys := filesys.MakeFsInMemory()
	for name, data := range files {
		if err := fsys.WriteFile(path.Join(root, name), data); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	withSchema(in.needs())
	defer schema.RUnlock()
	m, err := kustomize(fsys, root)
	if err != nil {
		return nil, err
	}
	objects, err := objectsOf(m)
	if err != nil {
		return nil, err
	}
	return objects, in.matched(objects)
}

// kustomize runs it with the options of the CLI: among them the order of the objects, which the library's own default
// leaves as it is. A panic over what somebody wrote is an error like others.
func kustomize(fsys filesys.FileSystem, dir string) (m resmap.ResMap, err error) {
	defer func() {
		if p := recover(); p != nil {
			m, err = nil, fmt.Errorf("kustomize broke down: %v", p)
		}
	}()
	limitCopies()
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionUnspecified
	m, err = krusty.MakeKustomizer(options).Run(fsys, dir)
	if err != nil {
		return nil, fmt.Errorf("kustomize: %w", err)
	}
	return m, nil
}

// limitCopies bounds what the steps of a JSON patch copy in all, in bytes: forty of them can make terabytes of one word.
var limitCopies = sync.OnceFunc(func() { jsonpatch.AccumulatedCopySizeLimit = MaxFile })

func objectsOf(m resmap.ResMap) (Objects, error) {
	objects := make(Objects, 0, m.Size())
	for _, r := range m.Resources() {
		content, err := r.Map()
		if err != nil {
			return nil, fmt.Errorf("read %s/%s: %w", r.GetKind(), r.GetName(), err)
		}
		if _, err := json.Marshal(content); err != nil {
			return nil, fmt.Errorf("write %s/%s: %w", r.GetKind(), r.GetName(), err)
		}
		text := sync.OnceValue(func() []byte {
			out, _ := r.AsYAML() // which goes by way of JSON and so cannot fail any more
			return out
		})
		objects = append(objects, Object{APIVersion: r.GetApiVersion(), Kind: r.GetKind(), Namespace: r.GetNamespace(), Name: r.GetName(),
			Content: content, text: text})
	}
	return objects, nil
}
