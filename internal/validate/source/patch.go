package source

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/modelops/modelops/internal/validate/manifest"
)

// patch is a strategic merge patch, or a JSON patch: a list of steps.
type patch struct {
	document
	target *yaml.Node // what it is for; nil where the patch itself says that
}

func (p patch) list() bool { return p.root.Kind == yaml.SequenceNode }

// patches of a kustomization.
func (o *origins) patches(k *kustomization) []patch {
	var out []patch
	for _, n := range k.nodes("patchesStrategicMerge") {
		out = append(out, o.patch(k, n, nil)...)
	}
	for _, field := range []string{"patches", "patchesJson6902"} {
		for _, n := range k.nodes(field) {
			_, target := child(n, "target")
			for _, from := range []string{"path", "patch"} {
				if _, v := child(n, from); v != nil {
					out = append(out, o.patch(k, v, target)...)
				}
			}
		}
	}
	return out
}

// patch reads one by its path, or as it stands.
func (o *origins) patch(k *kustomization, n *yaml.Node, target *yaml.Node) []patch {
	docs := o.docs(path.Join(k.dir, n.Value))
	if len(docs) == 0 {
		docs = o.inline(k, n)
	}
	var out []patch
	for _, d := range docs {
		out = append(out, patch{d, target})
	}
	return out
}

// inline reads a document that stands in a kustomization as text. Lines of a block are those of the file, further in; a
// text in quotes is one place.
func (o *origins) inline(k *kustomization, n *yaml.Node) []document {
	docs, err := documents(k.file, []byte(n.Value))
	if err != nil {
		return nil
	}
	for i := range docs {
		if n.Style&yaml.LiteralStyle == 0 {
			docs[i].only = n
			continue
		}
		lines := strings.Split(string(o.files[k.file]), "\n")
		first := n.Line
		for first < len(lines) && strings.TrimSpace(lines[first]) == "" {
			first++
		}
		docs[i].lines = n.Line
		if first < len(lines) {
			docs[i].columns = len(lines[first]) - len(strings.TrimLeft(lines[first], " "))
		}
	}
	return docs
}

// meets says whether the patch is for an object that has or had these names.
func (p patch) meets(o *manifest.Object, names []string) bool {
	if p.target == nil {
		return textAt(p.root, "kind") == o.Kind && slices.Contains(names, textAt(p.root, "metadata", "name"))
	}
	group, version, _ := strings.Cut(o.APIVersion, "/")
	if version == "" {
		group, version = "", group
	}
	return whole(textAt(p.target, "kind"), o.Kind) && whole(textAt(p.target, "name"), names...) &&
		whole(textAt(p.target, "group"), group) && whole(textAt(p.target, "version"), version) &&
		whole(textAt(p.target, "namespace"), o.Namespace) &&
		selects(textAt(p.target, "labelSelector"), o, "labels") && selects(textAt(p.target, "annotationSelector"), o, "annotations")
}

// whole matches a pattern of a target as kustomize does: against all of a word. No pattern matches everything.
func whole(pattern string, words ...string) bool {
	if pattern == "" {
		return true
	}
	re, err := regexp.Compile("^(?:" + pattern + ")$")
	return err == nil && slices.ContainsFunc(words, re.MatchString)
}

func selects(selector string, o *manifest.Object, field string) bool {
	if selector == "" {
		return true
	}
	s, err := labels.Parse(selector)
	if err != nil {
		return false
	}
	set := labels.Set{}
	pairs, _ := o.At("metadata", field).(map[string]any)
	for k, v := range pairs {
		set[k] = text(v)
	}
	return s.Matches(set)
}

// sets finds where the patch writes the value that a field has.
func (p patch) sets(t trail) (spot, bool) {
	if !p.list() {
		key, v, n := p.follow(t.steps)
		return spot{p.document, key, byPatch}, n == len(t.steps) && says(v, t.value)
	}
	for _, op := range slices.Backward(p.root.Content) {
		rest, ok := t.leads(textAt(op, "path"))
		key, value := child(op, "value")
		if !ok || value == nil || textAt(op, "op") != "add" && textAt(op, "op") != "replace" {
			continue
		}
		k, v, n := document{root: value}.follow(rest)
		if n != len(rest) || !says(v, t.value) {
			continue
		}
		if n > 0 {
			key = k
		}
		return spot{p.document, key, byPatch}, true
	}
	return spot{}, false
}

// removes finds where the patch takes a field away that the object lacks.
func (p patch) removes(t trail) (spot, bool) {
	if p.list() {
		for _, op := range slices.Backward(p.root.Content) {
			if _, ok := t.leads(textAt(op, "path")); ok && textAt(op, "op") == "remove" {
				return spot{p.document, op, byPatch}, true
			}
		}
		return spot{}, false
	}
	at := p.root
	for _, s := range t.steps {
		if key, v := child(at, "$patch"); v != nil && v.Value == "delete" {
			return spot{p.document, key, byPatch}, true
		}
		key, v := s.in(at)
		if v == nil {
			return spot{}, false
		}
		if v.Kind == yaml.ScalarNode && v.ShortTag() == "!!null" {
			return spot{p.document, key, byPatch}, true
		}
		at = v
	}
	return spot{}, false
}
