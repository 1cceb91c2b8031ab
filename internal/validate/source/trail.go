package source

import (
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

// trail looks for the place at which one field of a built object was written.
type trail struct {
	origins *origins
	object  *manifest.Object
	written written
	steps   []step
	value   any
	whole   bool
}

// spot is a place in a document; by says which part of kustomize wrote there.
type spot struct {
	document
	node *yaml.Node
	by   writer
}

func (s spot) position() finding.Position { return s.at(s.node) }

// writer is what sets a field.
type writer int

const (
	byManifest writer = iota
	byPatch
	byImage
	byLabel
	byNamespace
	byReplicas
)

// place is where the field was written last, where it was taken away, or the nearest place around it. A single value
// belongs to its last writer; fields and lists that several places add to, to the first.
func (t trail) place() spot {
	if t.whole && isScalar(t.value) {
		if s, ok := t.last(); ok {
			return s
		}
	}
	if !t.whole {
		if s, ok := t.removed(); ok {
			return s
		}
	}
	return t.nearest()
}

// last asks the kustomizations from the outermost, and in each what kustomize does last first.
func (t trail) last() (spot, bool) {
	for i, k := range slices.Backward(t.written.through) {
		names := written{document: t.written.document, generator: t.written.generator, through: t.written.through[:i+1]}.names()
		for _, look := range []func(*kustomization, []string) (spot, bool){t.image, t.replicas, t.label, t.annotation, t.namespace} {
			if s, ok := look(k, names); ok {
				return s, true
			}
		}
		for _, p := range slices.Backward(k.patches) {
			if !p.meets(t.object, names) {
				continue
			}
			if s, ok := p.sets(t); ok {
				return s, true
			}
		}
	}
	if t.written.generator {
		return spot{}, false
	}
	key, _, n := t.written.follow(t.steps)
	return spot{t.written.document, key, byManifest}, n == len(t.steps)
}

// removed finds the patch that took a field away.
func (t trail) removed() (spot, bool) {
	for i, k := range slices.Backward(t.written.through) {
		names := written{document: t.written.document, generator: t.written.generator, through: t.written.through[:i+1]}.names()
		for _, p := range slices.Backward(k.patches) {
			if !p.meets(t.object, names) {
				continue
			}
			if s, ok := p.removes(t); ok {
				return s, true
			}
		}
	}
	return spot{}, false
}

// nearest is the deepest place on the way to the field.
func (t trail) nearest() spot {
	best := spot{t.written.document, t.written.root, byManifest}
	depth := -1
	if !t.written.generator {
		best.node, _, depth = t.written.follow(t.steps)
	}
	for i, k := range t.written.through {
		names := written{document: t.written.document, generator: t.written.generator, through: t.written.through[:i+1]}.names()
		for _, p := range k.patches {
			if p.list() || !p.meets(t.object, names) {
				continue
			}
			if key, _, n := p.follow(t.steps); n > depth && n > 0 {
				best, depth = spot{p.document, key, byPatch}, n
			}
		}
	}
	return best
}

// ends says whether the path ends in these fields.
func (t trail) ends(fields ...string) bool {
	if len(t.steps) < len(fields) {
		return false
	}
	for i, f := range fields {
		s := t.steps[len(t.steps)-len(fields)+i]
		if !s.isField() || s.field != f {
			return false
		}
	}
	return true
}

// image is an entry of images: that the built reference shows.
func (t trail) image(k *kustomization, _ []string) (spot, bool) {
	ref, isText := t.value.(string)
	if !isText || !t.ends("image") {
		return spot{}, false
	}
	for _, n := range k.nodes("images") {
		name, tag, digest := textAt(n, "newName"), textAt(n, "newTag"), textAt(n, "digest")
		if name == "" {
			name = textAt(n, "name")
		}
		rest, ok := strings.CutPrefix(ref, name)
		if !ok || rest != "" && rest[0] != ':' && rest[0] != '@' || !strings.Contains(rest, digest) || tag != "" && !strings.HasPrefix(rest, ":"+tag) {
			continue
		}
		for _, field := range []string{"digest", "newTag", "newName"} {
			if key, _ := child(n, field); key != nil {
				return spot{k.document, key, byImage}, true
			}
		}
	}
	return spot{}, false
}

func (t trail) replicas(k *kustomization, names []string) (spot, bool) {
	if !t.ends("spec", "replicas") || len(t.steps) != 2 {
		return spot{}, false
	}
	for _, n := range k.nodes("replicas") {
		if key, v := child(n, "count"); v != nil && slices.Contains(names, textAt(n, "name")) && says(v, t.value) {
			return spot{k.document, key, byReplicas}, true
		}
	}
	return spot{}, false
}

// label is a pair of labels: or commonLabels:, wherever kustomize puts it.
func (t trail) label(k *kustomization, _ []string) (spot, bool) {
	if len(t.steps) < 2 || !slices.Contains([]string{"labels", "matchLabels", "selector"}, t.steps[len(t.steps)-2].field) {
		return spot{}, false
	}
	var pairs []*yaml.Node
	for _, n := range k.nodes("labels") {
		if _, p := child(n, "pairs"); p != nil {
			pairs = append(pairs, p)
		}
	}
	if _, p := child(k.root, "commonLabels"); p != nil {
		pairs = append(pairs, p)
	}
	return t.pair(k, pairs, byLabel)
}

func (t trail) annotation(k *kustomization, _ []string) (spot, bool) {
	_, pairs := child(k.root, "commonAnnotations")
	if pairs == nil || len(t.steps) < 2 || t.steps[len(t.steps)-2].field != "annotations" {
		return spot{}, false
	}
	return t.pair(k, []*yaml.Node{pairs}, byLabel)
}

func (t trail) pair(k *kustomization, maps []*yaml.Node, by writer) (spot, bool) {
	for _, m := range maps {
		if key, v := child(m, t.steps[len(t.steps)-1].field); v != nil && says(v, t.value) {
			return spot{k.document, key, by}, true
		}
	}
	return spot{}, false
}

func (t trail) namespace(k *kustomization, _ []string) (spot, bool) {
	key, v := child(k.root, "namespace")
	if v == nil || !t.ends("namespace") || !says(v, t.value) {
		return spot{}, false
	}
	return spot{k.document, key, byNamespace}, true
}

// leads says whether a JSON pointer leads to the path or to something above it, and returns what is left of the path.
func (t trail) leads(to string) ([]step, bool) {
	parts := pointer(to)
	if len(parts) > len(t.steps) {
		return nil, false
	}
	for i, part := range parts {
		s := t.steps[i]
		n, err := strconv.Atoi(part)
		atIndex := err == nil && n == s.index || part == "-" && s.index == s.of-1
		if s.isField() && part != s.field || !s.isField() && !atIndex {
			return nil, false
		}
	}
	return t.steps[len(parts):], true
}
