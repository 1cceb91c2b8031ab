// Package corpus compares what the offline layers say with what a real API server says, manifest by manifest.
//
// good/ holds manifests of real shapes; each begins with a comment that names it. broken.yaml breaks one of them in one way
// each. The rendered example repository is among the good ones.
package corpus

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"
)

//go:embed good broken.yaml setup.yaml
var files embed.FS

// Case is one manifest.
type Case struct {
	// Name says which one it is, and how it is broken.
	Name string
	// Of is the name of the good manifest that a broken one is made from, and Class the kind of its fault.
	Of, Class string
	// Good says that a cluster should take it.
	Good bool
	// Text is the manifest, one object.
	Text string
}

// Setup are the objects that are there before the manifests are sent.
func Setup() string {
	data, err := files.ReadFile("setup.yaml")
	if err != nil {
		panic(err) // It is embedded.
	}
	return string(data)
}

// Load gives all cases: those here, and the plain manifests of the example repository in a folder, as good ones.
func Load(example string) ([]Case, error) {
	good, err := goodOnes()
	if err != nil {
		return nil, err
	}
	broken, err := brokenOnes(good)
	if err != nil {
		return nil, err
	}
	rendered, err := exampleOnes(example)
	if err != nil {
		return nil, err
	}
	return append(append(good, rendered...), broken...), nil
}

func goodOnes() ([]Case, error) {
	var out []Case
	names, err := fs.Glob(files, "good/*.yaml")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		data, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		for _, text := range strings.Split(string(data), "\n---\n") {
			first, _, _ := strings.Cut(text, "\n")
			title, _, _ := strings.Cut(strings.TrimPrefix(first, "# "), ":")
			if !strings.HasPrefix(first, "# ") || strings.Contains(title, " ") {
				return nil, fmt.Errorf("%s: a manifest does not begin with its name: %s", name, first)
			}
			out = append(out, Case{Name: title, Good: true, Text: text + "\n"})
		}
	}
	return out, nil
}

// breakage is one line of broken.yaml.
type breakage struct{ Of, How, Class, Old, New string }

func brokenOnes(good []Case) ([]Case, error) {
	data, err := files.ReadFile("broken.yaml")
	if err != nil {
		return nil, err
	}
	var list []breakage
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&list); err != nil {
		return nil, fmt.Errorf("broken.yaml: %w", err)
	}
	texts := map[string]string{}
	for _, c := range good {
		texts[c.Name] = c.Text
	}
	var out []Case
	var wrong []error
	for _, b := range list {
		text := strings.Replace(texts[b.Of], b.Old, b.New, 1)
		if text == texts[b.Of] || b.Old == "" {
			wrong = append(wrong, fmt.Errorf("broken.yaml: %s: %s: nothing was replaced", b.Of, b.How))
		}
		if b.Class == "" {
			wrong = append(wrong, fmt.Errorf("broken.yaml: %s: %s: no class", b.Of, b.How))
		}
		out = append(out, Case{Name: b.Of + ": " + b.How, Of: b.Of, Class: b.Class, Text: text})
	}
	return out, errors.Join(wrong...)
}

// exampleOnes are the manifests of a deployment repository that are objects as they stand; patches are none.
func exampleOnes(root string) ([]Case, error) {
	var out []Case
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".yaml" || path.Base(name) == "kustomization.yaml" || strings.Contains(name, "/patches/") {
			return err
		}
		data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		for i, text := range strings.Split(string(data), "\n---\n") {
			var head struct {
				APIVersion string `yaml:"apiVersion"`
			}
			if err := yaml.Unmarshal([]byte(text), &head); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			// Specs, releases and states are of modelops alone.
			if head.APIVersion == "" || strings.HasPrefix(head.APIVersion, "modelops.dev/") {
				continue
			}
			out = append(out, Case{Name: fmt.Sprintf("example/%s#%d", name, i), Good: true, Text: text})
		}
		return nil
	})
	return out, err
}
