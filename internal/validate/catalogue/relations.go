package catalogue

import (
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

// index finds the objects that an object may refer to. It is made once for a pass, so that no check takes longer than a
// stranger's files are long.
type index struct {
	near, around map[string]*place
	selectors    map[*manifest.Object]labels.Selector
	before       map[*manifest.Unit]map[finding.Object]*manifest.Object
}

// place is a set of objects that belong together.
type place struct {
	kinds map[string][]*manifest.Object
	pods  []workload
}

func (p *Pass) index() *index {
	if p.known != nil {
		return p.known
	}
	x := &index{near: map[string]*place{}, around: map[string]*place{}, selectors: map[*manifest.Object]labels.Selector{},
		before: map[*manifest.Unit]map[finding.Object]*manifest.Object{}}
	p.Set.Objects(func(o *manifest.Object) {
		put(x.near, nearKey(o), o)
		put(x.around, aroundKey(o), o)
	})
	p.known = x
	return x
}

func put(places map[string]*place, key string, o *manifest.Object) {
	at := places[key]
	if at == nil {
		at = &place{kinds: map[string][]*manifest.Object{}}
		places[key] = at
	}
	at.kinds[o.Kind] = append(at.kinds[o.Kind], o)
	if w, ok := workloadOf(o); ok {
		w.ofPods = w.labels()
		at.pods = append(at.pods, w)
	}
}

// nearKey joins what is applied together: a unit, or the plain files of one folder.
func nearKey(o *manifest.Object) string {
	if o.Unit.Kind == manifest.File {
		return path.Dir(o.Unit.Path) + "/\x00" + o.Namespace
	}
	return o.Unit.Path + "\x00" + o.Namespace
}

// aroundKey joins what lives in one namespace. Where none is written, it is decided when the manifests are applied, and
// only what is applied together is known to meet.
func aroundKey(o *manifest.Object) string {
	if o.Namespace == "" {
		return nearKey(o)
	}
	return o.Namespace
}

// near are the objects of a kind that are applied together with one. A folder for another cluster may use the same names:
// so what must not be there twice is looked for here alone.
func (p *Pass) near(o *manifest.Object, kind string) []*manifest.Object {
	return p.index().near[nearKey(o)].kinds[kind]
}

// around are the objects of a kind in its namespace, wherever they come from: what must exist is looked for here.
func (p *Pass) around(o *manifest.Object, kind string) []*manifest.Object {
	return p.index().around[aroundKey(o)].kinds[kind]
}

// complete says whether what is not around an object does not exist. An overlay is hermetic; of anything else only the
// whole repository tells.
func (p *Pass) complete(o *manifest.Object) bool {
	return p.Set.Whole || o.Unit.Kind == manifest.Overlay
}

// operated are kinds whose pods or Services somebody else makes, so that they stand in no manifest.
var operated = []string{"InferenceService", "LLMInferenceService", "InferenceGraph", "SeldonDeployment", "RayService", "RayCluster", "LeaderWorkerSet", "Canary"}

// completePods is complete for what selects pods or Services.
func (p *Pass) completePods(o *manifest.Object) bool {
	return p.complete(o) && !slices.ContainsFunc(operated, func(kind string) bool { return len(p.around(o, kind)) > 0 })
}

// named finds an object around another. What is near comes first: it is nearly always there, and a namespace is large.
func (p *Pass) named(o *manifest.Object, kind, name string) *manifest.Object {
	for _, place := range [][]*manifest.Object{p.near(o, kind), p.around(o, kind)} {
		for _, other := range place {
			if other.Name == name {
				return other
			}
		}
	}
	return nil
}

// workloads whose pods a selector means: those near an object, else those around it.
func (p *Pass) workloads(o *manifest.Object, s labels.Selector) []workload {
	if near := p.workloadsNear(o, s); len(near) > 0 {
		return near
	}
	return matching(p.index().around[aroundKey(o)].pods, s)
}

func (p *Pass) workloadsNear(o *manifest.Object, s labels.Selector) []workload {
	return matching(p.index().near[nearKey(o)].pods, s)
}

func matching(pods []workload, s labels.Selector) []workload {
	var out []workload
	for _, w := range pods {
		if s.Matches(w.ofPods) {
			out = append(out, w)
		}
	}
	return out
}

// selects is the selector of an object for pods or Services; ok is false where it selects none.
func (p *Pass) selects(o *manifest.Object) (labels.Selector, bool) {
	known := p.index().selectors
	s, ok := known[o]
	if !ok {
		if o.Kind == "Service" {
			s, _ = equals(o.At("spec", "selector"))
		} else {
			s, _ = selector(o.At("spec", "selector"))
		}
		known[o] = s
	}
	return s, s != nil
}

// before is the same object in the commit that is compared with.
func (p *Pass) before(o *manifest.Object) *manifest.Object {
	if len(o.Unit.Before) == 0 {
		return nil
	}
	x := p.index()
	if x.before[o.Unit] == nil {
		x.before[o.Unit] = o.Unit.Was()
	}
	return x.before[o.Unit][o.Object]
}

// scalers near a workload that set its replicas.
func (p *Pass) scalers(w workload) []*manifest.Object {
	var out []*manifest.Object
	for _, scaler := range []string{"HorizontalPodAutoscaler", "ScaledObject"} {
		for _, o := range p.near(w.Object, scaler) {
			kind, named := text(o.At("spec", "scaleTargetRef", "kind")), text(o.At("spec", "scaleTargetRef", "name"))
			if named == w.Name && (kind == w.Kind || kind == "" && w.Kind == "Deployment") {
				out = append(out, o)
			}
		}
	}
	return out
}

// least is the number of replicas that a workload has at least, by its autoscaler or by itself.
func (p *Pass) least(w workload) int64 {
	if scalers := p.scalers(w); len(scalers) > 0 {
		s, field, otherwise := scalers[0], "minReplicas", int64(1)
		if s.Kind == "ScaledObject" {
			field, otherwise = "minReplicaCount", 0
		}
		if n, ok := number(s.At("spec", field)); ok {
			return n
		}
		return otherwise
	}
	if n, ok := number(w.At("spec", "replicas")); ok {
		return n
	}
	return 1
}

// selector reads a LabelSelector; ok is false where it is none, or is not there.
func selector(v any) (labels.Selector, bool) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, false
	}
	out := labels.NewSelector()
	for _, k := range sorted(fields(m["matchLabels"])) {
		out = add(out, k, selection.Equals, []any{fields(m["matchLabels"])[k]})
	}
	for _, e := range list(m["matchExpressions"]) {
		f := fields(e)
		op := strings.ToLower(text(f["operator"]))
		if op == "doesnotexist" {
			op = string(selection.DoesNotExist)
		}
		out = add(out, text(f["key"]), selection.Operator(op), list(f["values"]))
	}
	return out, out != nil
}

// equals reads the plain selector of a Service; one without labels selects nothing.
func equals(v any) (labels.Selector, bool) {
	m := fields(v)
	if len(m) == 0 {
		return nil, false
	}
	return selector(map[string]any{"matchLabels": m})
}

// add is nil where the selector is not valid: the API server's own rules say so.
func add(s labels.Selector, key string, op selection.Operator, values []any) labels.Selector {
	if s == nil {
		return nil
	}
	words := make([]string, 0, len(values))
	for _, v := range values {
		word, ok := v.(string)
		if !ok {
			return nil
		}
		words = append(words, word)
	}
	if op == "notin" {
		op = selection.NotIn
	}
	r, err := labels.NewRequirement(key, op, words)
	if err != nil {
		return nil
	}
	return s.Add(*r)
}

// labels of the workload's pods.
func (w workload) labels() labels.Set {
	path := []any{"metadata", "labels"}
	if len(w.pod) > 1 {
		path = append(slices.Clone(w.pod[:len(w.pod)-1]), path...)
	}
	out := labels.Set{}
	for k, v := range fields(w.At(path...)) {
		out[k] = text(v)
	}
	return out
}
