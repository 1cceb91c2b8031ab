package build

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// allowed are the fields of a kustomization that only say what the folder's own files become. All others fetch, run a
// program, are deprecated, or change selectors.
var allowed = map[string]bool{
	"apiVersion": true, "kind": true, "metadata": true, "namespace": true, "resources": true, "components": true, "images": true,
	"labels": true, "commonAnnotations": true, "patches": true, "replicas": true, "configMapGenerator": true,
	"generatorOptions": true, "replacements": true, "sortOptions": true, "namePrefix": true, "nameSuffix": true,
}

// inspection holds the kustomizations of a folder that have been looked through.
type inspection struct {
	files map[string][]byte
	seen  map[string]bool
	list  []kustomization
	// read are the documents of the files that were, without those that are empty.
	read map[string][]*yaml.Node
}

type kustomization struct {
	dir, file string
	types.Kustomization
}

// inspect walks from the folder's kustomization to everything that it reaches.
func inspect(files map[string][]byte) (*inspection, error) {
	in := &inspection{files: files, seen: map[string]bool{}, read: map[string][]*yaml.Node{}}
	return in, in.folder(".")
}

func (in *inspection) folder(dir string) error {
	file, err := in.kustomizationIn(dir)
	if err != nil {
		return err
	}
	if in.seen[file] {
		return &RefusedError{File: file, Why: "it is reached twice"}
	}
	in.seen[file] = true
	root, err := in.document(file)
	if err != nil {
		return err
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		if key := root.Content[i]; !allowed[key.Value] {
			return refuse(file, key, "the field %q is not accepted in an overlay", key.Value)
		}
	}
	k := kustomization{dir: dir, file: file}
	if err := root.Decode(&k.Kustomization); err != nil {
		return &RefusedError{File: file, Why: strings.TrimPrefix(err.Error(), "yaml: ")}
	}
	in.list = append(in.list, k)
	return in.references(k)
}

func (in *inspection) kustomizationIn(dir string) (string, error) {
	var found []string
	for _, name := range kustomizationFiles {
		if file := path.Join(dir, name); in.files[file] != nil {
			found = append(found, file)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", &RefusedError{File: path.Join(dir, "kustomization.yaml"), Why: "there is no such file"}
	}
	return "", &RefusedError{File: found[1], Why: "it stands beside " + path.Base(found[0]) + ": keep one of them"}
}

// references follows what a kustomization names.
func (in *inspection) references(k kustomization) error {
	for _, r := range append(append([]string(nil), k.Resources...), k.Components...) {
		at, err := in.resolve(k, r)
		if err != nil {
			return err
		}
		if in.files[at] == nil {
			err = in.folder(at)
		} else {
			_, err = in.document(at)
		}
		if err != nil {
			return err
		}
	}
	for _, f := range k.paths() {
		at, err := in.resolve(k, f)
		if err != nil {
			return err
		}
		if in.files[at] == nil {
			return &RefusedError{File: k.file, Why: fmt.Sprintf("%s: there is no such file", f)}
		}
	}
	return in.patches(k)
}

// paths of the plain files that a kustomization reads, beside resources and components.
func (k kustomization) paths() []string {
	var out []string
	for _, p := range k.Patches {
		if p.Path != "" {
			out = append(out, p.Path)
		}
	}
	for _, r := range k.Replacements {
		if r.Path != "" {
			out = append(out, r.Path)
		}
	}
	for _, c := range k.ConfigMapGenerator {
		out = append(out, sources(c.KvPairSources)...)
	}
	return out
}

// patches looks for keys that are given twice: kustomize takes the last one without a word.
func (in *inspection) patches(k kustomization) error {
	for _, p := range k.Patches {
		data, file := []byte(p.Patch), k.file+": patches"
		if p.Path != "" {
			file = path.Join(k.dir, p.Path)
			data = in.files[file]
		}
		if err := unique(file, data); err != nil {
			return err
		}
	}
	return nil
}

// local is what a path inside a folder looks like. Colons, question marks and @ make kustomize try a URL; so does a
// folder that is called like a Git host.
var local = regexp.MustCompile(`^[A-Za-z0-9_.][-A-Za-z0-9_. ]*(/[-A-Za-z0-9_. ]+)*/?$`)

func isLocal(name string) bool {
	lower := strings.ToLower(name)
	return local.MatchString(name) && !strings.Contains(lower, "github.com") && !strings.Contains(lower, ".git/") && !strings.HasSuffix(lower, ".git")
}

func (in *inspection) resolve(k kustomization, name string) (string, error) {
	at := path.Join(k.dir, name)
	switch {
	case !isLocal(name):
		return "", &RefusedError{File: k.file, Why: fmt.Sprintf("%q is not a path in the overlay's folder", name)}
	case at == ".." || strings.HasPrefix(at, "../"):
		return "", &RefusedError{File: k.file, Why: fmt.Sprintf("%q lies outside of the overlay's folder", name)}
	}
	return at, nil
}

// document reads a file that must hold YAML, and gives its first document.
func (in *inspection) document(file string) (*yaml.Node, error) {
	docs, err := documents(file, in.files[file])
	if err != nil {
		return nil, err
	}
	if len(docs) == 0 || docs[0].Kind != yaml.MappingNode {
		return nil, &RefusedError{File: file, Line: 1, Column: 1, Why: "fields are expected in it"}
	}
	in.read[file] = docs
	return docs[0], nil
}

func unique(file string, data []byte) error {
	_, err := documents(file, data)
	return err
}

func documents(file string, data []byte) ([]*yaml.Node, error) {
	var out []*yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var n yaml.Node
		err := d.Decode(&n)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, &RefusedError{File: file, Why: strings.TrimPrefix(err.Error(), "yaml: ")}
		}
		if err := measured(file, &n); err != nil {
			return nil, err
		}
		if err := uniqueKeys(file, &n); err != nil {
			return nil, err
		}
		if n.Kind == yaml.DocumentNode && len(n.Content) == 1 {
			out = append(out, n.Content[0])
		}
	}
}

func uniqueKeys(file string, n *yaml.Node) error {
	if n.Kind == yaml.MappingNode {
		seen := make(map[string]bool, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			if key := n.Content[i]; seen[key.Value] {
				return refuse(file, key, "the key %q is given twice", key.Value)
			}
			seen[n.Content[i].Value] = true
		}
	}
	for _, c := range n.Content {
		if err := uniqueKeys(file, c); err != nil {
			return err
		}
	}
	return nil
}

func refuse(file string, n *yaml.Node, format string, args ...any) error {
	return &RefusedError{File: file, Line: n.Line, Column: n.Column, Why: fmt.Sprintf(format, args...)}
}
