package schema

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/modelops/modelops/internal/validate/manifest"
)

// definitions is the group of definitions themselves.
const definitions = "apiextensions.k8s.io"

//go:embed crds
var carried embed.FS

// Library holds definitions, and compiles each when it is first asked for.
type Library struct {
	mu sync.Mutex
	// sources say how to get a definition that has not been asked for, by its kind.
	sources map[schema.GroupKind]func() (*definition, error)
	ready   map[schema.GroupKind]*definition
}

// Carried is the library of the definitions that are embedded.
var Carried = sync.OnceValue(func() *Library {
	l := &Library{sources: map[schema.GroupKind]func() (*definition, error){}, ready: map[schema.GroupKind]*definition{}}
	entries, err := carried.ReadDir("crds")
	if err != nil {
		panic(err) // They are embedded.
	}
	for _, e := range entries {
		group, kind, ok := strings.Cut(strings.TrimSuffix(e.Name(), ".json.gz"), "_")
		if ok {
			l.sources[schema.GroupKind{Group: group, Kind: kind}] = func() (*definition, error) {
				crd, err := embedded(path.Join("crds", e.Name()))
				if err != nil {
					return nil, err
				}
				return define(crd, crd.Annotations["modelops.dev/source"])
			}
		}
	}
	return l
})

// embedded reads a carried definition.
func embedded(name string) (*apiextensionsv1.CustomResourceDefinition, error) {
	data, err := carried.ReadFile(name)
	if err != nil {
		return nil, err
	}
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	var crd apiextensionsv1.CustomResourceDefinition
	return &crd, json.NewDecoder(r).Decode(&crd)
}

// Manifests are the carried definitions as JSON, for a cluster that is to have them.
func Manifests() ([]string, error) {
	names, err := fs.Glob(carried, "crds/*.json.gz")
	if err != nil {
		return nil, err
	}
	var out []string
	for _, name := range names {
		data, err := carried.ReadFile(name)
		if err != nil {
			return nil, err
		}
		r, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		out = append(out, string(text))
	}
	return out, nil
}

// Kinds are the kinds that the library has definitions of, each in every version that is served.
func (l *Library) Kinds() ([]schema.GroupVersionKind, error) {
	l.mu.Lock()
	known := slices.Collect(maps.Keys(l.sources))
	l.mu.Unlock()
	var out []schema.GroupVersionKind
	for _, kind := range known {
		d, err := l.find(kind)
		if err != nil {
			return nil, err
		}
		for version := range d.versions {
			out = append(out, kind.WithVersion(version))
		}
	}
	return out, nil
}

// copied is a library with the same definitions, to which others can be added.
func (l *Library) copied() *Library {
	l.mu.Lock()
	defer l.mu.Unlock()
	return &Library{sources: maps.Clone(l.sources), ready: maps.Clone(l.ready)}
}

// find gives the definition of a kind; nil where there is none.
func (l *Library) find(kind schema.GroupKind) (*definition, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if d, ok := l.ready[kind]; ok {
		return d, nil
	}
	get, ok := l.sources[kind]
	if !ok {
		// JSON schemas do not say how a kind is written.
		get, ok = l.sources[schema.GroupKind{Group: kind.Group, Kind: strings.ToLower(kind.Kind)}]
	}
	if !ok {
		return nil, nil
	}
	d, err := get()
	if err != nil {
		return nil, fmt.Errorf("the definition of %s cannot be used: %w", kind, err)
	}
	l.ready[kind] = d
	return d, nil
}

// add takes a definition in, in the place of one of the same kind.
func (l *Library) add(crd *apiextensionsv1.CustomResourceDefinition, from string) {
	kind := schema.GroupKind{Group: crd.Spec.Group, Kind: crd.Spec.Names.Kind}
	delete(l.ready, kind)
	l.sources[kind] = func() (*definition, error) { return define(crd, from) }
}

// with is the library and the definitions that a set brings along, those judged.
func (l *Library) with(set *manifest.Set) (*Library, verdict) {
	var v verdict
	out := l
	set.Objects(func(o *manifest.Object) {
		if schema.FromAPIVersionAndKind(o.APIVersion, o.Kind).Group != definitions {
			return
		}
		if o.Kind != "CustomResourceDefinition" || o.APIVersion != definitions+"/v1" {
			v.skip(o, "the code that judges "+o.Kind+" of "+o.APIVersion+" is not linked")
			return
		}
		if crd := v.definition(o); crd != nil {
			if out == l {
				out = l.copied()
			}
			out.add(crd, "the definition in "+o.Source.Position().File)
		}
	})
	return out, v
}

// maxSchema bounds a file of schemas, in bytes.
const maxSchema = 8 << 20

// Load reads the definitions of a folder, on top of the carried ones: files of CustomResourceDefinitions, and JSON schemas
// with the names that kubeconform gives them, GROUP/KIND_VERSION.json.
func Load(dir fs.FS) (*Library, error) {
	l := Carried().copied()
	return l, fs.WalkDir(dir, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		ext := path.Ext(name)
		if ext != ".yaml" && ext != ".yml" && ext != ".json" {
			return nil
		}
		if info, err := e.Info(); err != nil || info.Size() > maxSchema {
			return errors.Join(err, fmt.Errorf("%s: it is larger than %d MiB", name, maxSchema>>20))
		}
		data, err := fs.ReadFile(dir, name)
		if err != nil {
			return err
		}
		if err := l.file(name, data); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
}

// file takes the definitions of a file in. Other documents in it are left alone.
func (l *Library) file(name string, data []byte) error {
	found := false
	for d := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var document map[string]any
		if err := d.Decode(&document); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		if document["kind"] != "CustomResourceDefinition" {
			continue
		}
		found = true
		text, err := json.Marshal(document)
		if err != nil {
			return err
		}
		var crd apiextensionsv1.CustomResourceDefinition
		if err := json.Unmarshal(text, &crd); err != nil {
			return err
		}
		l.add(&crd, name)
	}
	if !found && path.Ext(name) == ".json" {
		return l.jsonSchema(name, data)
	}
	return nil
}

// jsonSchema takes a schema in whose name says what it is of: GROUP/KIND_VERSION.json, the kind in small letters.
func (l *Library) jsonSchema(name string, data []byte) error {
	kind, served, ok := strings.Cut(strings.TrimSuffix(path.Base(name), ".json"), "_")
	group := path.Base(path.Dir(name))
	if !ok || group == "." {
		return errors.New("it is no definition, and its name is not GROUP/KIND_VERSION.json")
	}
	var props apiextensions.JSONSchemaProps
	if err := readJSONSchema(data, &props); err != nil {
		return err
	}
	small := schema.GroupKind{Group: group, Kind: strings.ToLower(kind)}
	others := l.sources[small]
	l.sources[small] = func() (*definition, error) {
		d := &definition{source: name, namespaced: true, versions: map[string]func() (*version, error){}}
		if others != nil {
			earlier, err := others()
			if err != nil {
				return nil, err
			}
			maps.Copy(d.versions, earlier.versions)
		}
		d.versions[served] = sync.OnceValues(func() (*version, error) { return loose(&props) })
		return d, nil
	}
	return nil
}
