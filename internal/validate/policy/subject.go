package policy

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

// world is what policies see in one run.
type world struct {
	set        *manifest.Set
	subjects   []*subject
	namespaces map[string]map[string]any
	params     []*subject
	inventory  func() storage.Store
}

// subject is an object that a cluster would be asked to admit: one of the set, or a pod that one of them would run.
type subject struct {
	object *manifest.Object
	// under is the path of the pod's template in the object; nil where the subject is the object itself.
	under     []any
	kind      schema.GroupVersionKind
	resource  schema.GroupVersionResource
	namespace string
	name      string
	// content as the API server stores it, and before as it is in the commit compared with; nil where it is not there.
	content, before map[string]any
	// plain is the content as it is written.
	plain map[string]any
	value func() ast.Value
	// beside says that it is there for others to be judged beside it.
	beside bool
}

func (p *Policies) world(set *manifest.Set) *world {
	w := &world{set: set, namespaces: map[string]map[string]any{}}
	for _, u := range set.Units {
		before := u.Was()
		for _, o := range u.Objects {
			s := p.subject(o)
			if old := before[o.Object]; old != nil {
				s.before = p.stored(old)
			}
			s.beside = u.Context
			w.subjects = append(w.subjects, s)
			if pod := p.podOf(s); pod != nil {
				w.subjects = append(w.subjects, pod)
			}
		}
	}
	for _, s := range w.subjects {
		if s.kind == (schema.GroupVersionKind{Version: "v1", Kind: "Namespace"}) {
			w.namespaces[s.name] = s.content
			meta := fields(s.content, "metadata")
			labels := maps.Clone(fields(meta, "labels"))
			if labels == nil {
				labels = map[string]any{}
			}
			labels["kubernetes.io/metadata.name"] = s.name
			meta["labels"] = labels
		}
	}
	for _, o := range p.params {
		w.params = append(w.params, p.subject(o))
	}
	w.inventory = sync.OnceValue(w.store)
	return w
}

func (p *Policies) subject(o *manifest.Object) *subject {
	kind := schema.FromAPIVersionAndKind(o.APIVersion, o.Kind)
	plain, _ := asJSON(o.Content).(map[string]any)
	resource, _ := meta.UnsafeGuessKindToResource(kind)
	return (&subject{object: o, kind: kind, resource: resource, namespace: o.Namespace, name: o.Name, content: p.stored(o), plain: plain}).valued()
}

func (s *subject) valued() *subject {
	s.value = sync.OnceValue(func() ast.Value { return value(s.content) })
	return s
}

// stored is an object as the API server stores it: its own copy, whole numbers as int64.
func (p *Policies) stored(o *manifest.Object) map[string]any {
	content := o.Content
	if p.Default != nil {
		content = p.Default(content)
	}
	out, _ := asJSON(content).(map[string]any)
	return out
}

// templates says where the kinds that run pods keep the pod's template.
var templates = map[string][]any{
	"Deployment": {"spec", "template"}, "ReplicaSet": {"spec", "template"}, "StatefulSet": {"spec", "template"}, "DaemonSet": {"spec", "template"},
	"ReplicationController": {"spec", "template"}, "Rollout": {"spec", "template"}, "Job": {"spec", "template"}, "CronJob": {"spec", "jobTemplate", "spec", "template"},
}

// podOf is the pod that a workload would run, named and owned as Gatekeeper makes it up from an ExpansionTemplate. Policies
// about pods let the workload itself pass, and then refuse its pods.
func (p *Policies) podOf(s *subject) *subject {
	path, ok := templates[s.kind.Kind]
	if !ok {
		return nil
	}
	var template any = s.content
	for _, step := range path {
		m, _ := template.(map[string]any)
		template = m[step.(string)]
	}
	spec := fields(template, "spec")
	if spec == nil {
		return nil
	}
	metadata := maps.Clone(fields(template, "metadata"))
	if metadata == nil {
		metadata = map[string]any{}
	}
	name := strings.ToLower(s.name + "-pod")
	owner := map[string]any{"apiVersion": s.object.APIVersion, "kind": s.object.Kind, "name": s.name, "uid": ""}
	metadata["name"], metadata["ownerReferences"] = name, append(slices.Clone(list(metadata, "ownerReferences")), owner)
	if s.namespace != "" {
		metadata["namespace"] = s.namespace
	}
	content := map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
	return (&subject{object: s.object, under: path, beside: s.beside, kind: schema.GroupVersionKind{Version: "v1", Kind: "Pod"}, resource: schema.GroupVersionResource{Version: "v1", Resource: "pods"},
		namespace: s.namespace, name: name, content: content}).valued()
}

// about makes a finding on the subject, at a field of it.
func (s *subject) about(path []any) finding.Finding {
	path = append(slices.Clone(s.under), path...)
	return finding.Finding{Object: s.object.Object, Field: manifest.Field(path...), At: s.object.Source.Position(path...)}
}

// store holds data.inventory, as Gatekeeper keeps it: namespace.NS.APIVERSION.KIND.NAME and cluster.APIVERSION.KIND.NAME.
func (w *world) store() storage.Store {
	namespaced, cluster := map[string]any{}, map[string]any{}
	for _, s := range slices.Concat(w.subjects, w.params) {
		if s.under != nil {
			continue
		}
		at := cluster
		if s.namespace != "" {
			at = into(namespaced, s.namespace)
		}
		into(into(at, s.object.APIVersion), s.object.Kind)[s.name] = s.content
	}
	return inmem.NewFromObject(map[string]any{"inventory": map[string]any{"namespace": namespaced, "cluster": cluster}})
}

func into(m map[string]any, key string) map[string]any {
	sub, ok := m[key].(map[string]any)
	if !ok {
		sub = map[string]any{}
		m[key] = sub
	}
	return sub
}

// fields is a map in a map; nil where it is none.
func fields(v any, key string) map[string]any {
	m, _ := v.(map[string]any)
	sub, _ := m[key].(map[string]any)
	return sub
}

// text is a field that is a text; empty where it is none.
func text(v any, key string) string {
	m, _ := v.(map[string]any)
	s, _ := m[key].(string)
	return s
}

// list is a field that is a list; nil where it is none.
func list(v any, key string) []any {
	m, _ := v.(map[string]any)
	l, _ := m[key].([]any)
	return l
}

// asJSON copies a value with the types of Kubernetes' JSON: whole numbers are int64.
func asJSON(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = asJSON(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = asJSON(e)
		}
		return out
	case int:
		return int64(v)
	case uint64:
		return float64(v)
	case nil, bool, string, int64, float64:
		return v
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		f, _ := v.Float64()
		return f
	}
	return nil
}

// value makes Rego's value of JSON.
func value(v any) ast.Value {
	out, err := ast.InterfaceToValue(v)
	if err != nil { // not of what asJSON makes
		return ast.NullValue
	}
	return out
}
