package policy

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// match is what a constraint of Gatekeeper is about (its pkg/mutation/match).
type match struct {
	Kinds []struct {
		APIGroups []string `json:"apiGroups"`
		Kinds     []string `json:"kinds"`
	} `json:"kinds"`
	Scope              string                `json:"scope"`
	Namespaces         []string              `json:"namespaces"`
	ExcludedNamespaces []string              `json:"excludedNamespaces"`
	LabelSelector      *metav1.LabelSelector `json:"labelSelector"`
	NamespaceSelector  *metav1.LabelSelector `json:"namespaceSelector"`
	Name               string                `json:"name"`
	Source             string                `json:"source"`

	labels, namespaceLabels labels.Selector
}

// patterns of names that Gatekeeper takes (its pkg/wildcard).
var patterns = regexp.MustCompile(`^\*?[-:a-z0-9]*\*?$`)

func readMatch(content map[string]any) (match, error) {
	var m match
	data, err := json.Marshal(content)
	if err != nil {
		return m, err
	}
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return m, fmt.Errorf("spec.match: %w", err)
	}
	for _, pattern := range slices.Concat(m.Namespaces, m.ExcludedNamespaces, []string{m.Name}) {
		if !patterns.MatchString(pattern) {
			return m, fmt.Errorf("spec.match: %q is no name with a star before or behind it", pattern)
		}
	}
	if !slices.Contains([]string{"", "All", "Generated", "Original"}, m.Source) {
		return m, fmt.Errorf("spec.match.source: %q: it is All, Generated or Original", m.Source)
	}
	for _, s := range []struct {
		from *metav1.LabelSelector
		to   *labels.Selector
	}{{m.LabelSelector, &m.labels}, {m.NamespaceSelector, &m.namespaceLabels}} {
		if s.from == nil {
			s.from = &metav1.LabelSelector{}
		}
		if *s.to, err = metav1.LabelSelectorAsSelector(s.from); err != nil {
			return m, fmt.Errorf("spec.match: %w", err)
		}
	}
	return m, nil
}

// matches says whether a constraint is about a subject. The error says why that is not known.
func (m match) matches(w *world, s *subject) (bool, error) {
	isNamespace := s.kind.Group == "" && s.kind.Kind == "Namespace"
	namespace := s.namespace
	if isNamespace {
		namespace = s.name
	}
	switch {
	case !m.kind(s), m.Name != "" && !wild(m.Name, s.name), m.Scope == "Cluster" && s.namespace != "", m.Scope == "Namespaced" && (s.namespace == "" || isNamespace),
		m.Source == "Generated" && s.under == nil, !m.labels.Matches(labelsOf(s.content)),
		namespace != "" && len(m.Namespaces) > 0 && !anyWild(m.Namespaces, namespace), namespace != "" && anyWild(m.ExcludedNamespaces, namespace):
		return false, nil
	case m.namespaceLabels.Empty() || namespace == "":
		return true, nil
	case isNamespace:
		return m.namespaceLabels.Matches(labelsOf(s.content)), nil
	}
	ns, ok := w.namespaces[namespace]
	if !ok {
		return false, errNamespace(namespace)
	}
	return m.namespaceLabels.Matches(labelsOf(ns)), nil
}

func (m match) kind(s *subject) bool {
	if len(m.Kinds) == 0 {
		return true
	}
	for _, k := range m.Kinds {
		if oneOf(k.APIGroups, s.kind.Group) && oneOf(k.Kinds, s.kind.Kind) {
			return true
		}
	}
	return false
}

// oneOf is true for an empty list, as in Gatekeeper.
func oneOf(list []string, s string) bool {
	return len(list) == 0 || slices.Contains(list, "*") || slices.Contains(list, s)
}

func anyWild(patterns []string, s string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return wild(p, s) })
}

// wild matches a name, with a star at its ends.
func wild(pattern, s string) bool {
	before, after := strings.HasPrefix(pattern, "*"), strings.HasSuffix(pattern, "*")
	core := strings.TrimSuffix(strings.TrimPrefix(pattern, "*"), "*")
	switch {
	case before && after:
		return strings.Contains(s, core)
	case before:
		return strings.HasSuffix(s, core)
	case after:
		return strings.HasPrefix(s, core)
	}
	return s == pattern
}

func labelsOf(content map[string]any) labels.Set {
	out := labels.Set{}
	for k, v := range fields(fields(content, "metadata"), "labels") {
		if s, ok := v.(string); ok {
			out[k] = s
		}
	}
	return out
}
