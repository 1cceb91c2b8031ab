package isolation

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	kjson "sigs.k8s.io/json"

	"github.com/modelops/modelops/internal/parallel"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/validate/report"
	"github.com/modelops/modelops/render/spec"
)

// metadataName is the label that the API server puts on every namespace.
const (
	metadataName = "kubernetes.io/metadata.name"
	argoGroup    = "argoproj.io"
	rbacGroup    = "rbac.authorization.k8s.io"
)

// world is what the objects of a set make of a cluster: namespaces, with what runs in them and what bounds it.
type world struct {
	set        *manifest.Set
	namespaces []*namespace // by name
	byName     map[string]*namespace
	projects   []*project
	projectOf  map[string]*project
	apps       []*application
	unread     []unread
	// tenants are the teams by the names of their namespaces, as the specs and the units have them.
	tenants map[string]string
	// servings are what the releases of overlays ask for in their environment.
	servings map[*manifest.Unit]spec.Serving
	outside  []*node
	// cluster is who may do what in every namespace.
	cluster access
	// gaps are what could not be judged.
	gaps []report.Gap
}

// serving is what the release of an overlay asks for; nothing elsewhere, and where its spec cannot be merged, which is
// reported where it is read.
func (w *world) serving(u *manifest.Unit) spec.Serving {
	if u.Release == nil {
		return spec.Serving{}
	}
	s, ok := w.servings[u]
	if !ok {
		s, _ = u.Release.Spec.Model.For(u.Target.Env)
		w.servings[u] = s
	}
	return s
}

// gap notes what is not judged, once.
func (w *world) gap(what, why string) {
	if g := (report.Gap{What: what, Why: why}); !slices.Contains(w.gaps, g) {
		w.gaps = append(w.gaps, g)
	}
}

// namespace is one that an object of the set is in, or that the set makes.
type namespace struct {
	name    string
	cluster string
	// target that the namespace is of; only team and environment are set, and neither where it is no tenant of ours.
	target spec.Target
	labels map[string]string
	// object is the Namespace itself, tenant the unit that makes it; nil where the set has none.
	object *manifest.Object
	tenant *manifest.Unit
	// objects in it, of every kind.
	objects  []*manifest.Object
	pods     []*node
	works    []*workload
	policies []*policy
	quotas   []quota
	ranges   []corev1.LimitRange
	roles    access
}

// unread is an object whose fields are not of the types that they should be, so that nothing is known about it.
type unread struct {
	*manifest.Object
	err error
}

// newWorld reads a set.
func newWorld(set *manifest.Set) *world {
	w := &world{set: set, byName: map[string]*namespace{}, projectOf: map[string]*project{}, servings: map[*manifest.Unit]spec.Serving{}, tenants: tenants(set)}
	var objects []*manifest.Object
	for _, u := range set.Units {
		if u.Kind == manifest.Tenant {
			w.namespace(u.Target.Namespace()).tenant = u
		}
		objects = append(objects, u.Objects...)
	}
	// To decode them is most of the work, and each is decoded by itself.
	contents := make([]content, len(objects))
	parallel.For(len(objects), func(i int) { contents[i] = read(objects[i]) })
	for i, o := range objects {
		w.place(o, contents[i])
	}
	w.namespaces = slices.SortedFunc(maps.Values(w.byName), func(a, b *namespace) int { return cmp.Compare(a.name, b.name) })
	for _, n := range w.namespaces {
		for _, k := range n.works {
			n.pods = append(n.pods, k.node(n))
		}
	}
	w.outside = w.outsiders()
	return w
}

func tenants(set *manifest.Set) map[string]string {
	out := map[string]string{}
	if set.Platform != nil {
		for team := range set.Teams {
			for _, e := range set.Platform.Spec.Environments {
				out[spec.Target{Team: team, Env: e.Name}.Namespace()] = team
			}
		}
	}
	for _, u := range set.Units {
		if u.Kind == manifest.Overlay || u.Kind == manifest.Tenant {
			out[u.Target.Namespace()] = u.Target.Team
		}
	}
	return out
}

// namespace gives the one of a name, and makes it where it was not seen yet.
func (w *world) namespace(name string) *namespace {
	if n := w.byName[name]; n != nil {
		return n
	}
	n := &namespace{name: name, labels: map[string]string{metadataName: name}}
	w.byName[name] = n
	return n
}

// place puts an object where it belongs, and what was read of it.
func (w *world) place(o *manifest.Object, read content) {
	switch {
	case o.Kind == "Namespace":
		n := w.namespace(o.Name)
		n.object = o
		for k, v := range fields(o.At("metadata", "labels")) {
			n.labels[k] = text(v)
		}
		n.labels[metadataName] = o.Name
		return
	case group(o) == argoGroup && o.Kind != "Rollout":
		w.note(o, w.readArgo(o))
		return
	case clusterScoped[o.Kind]:
		if group(o) == rbacGroup {
			w.note(o, w.cluster.read(o))
		}
		return
	}
	n := w.namespace(cmp.Or(o.Namespace, "default"))
	if u := o.Unit; (u.Kind == manifest.Overlay || u.Kind == manifest.Tenant) && n.name == u.Target.Namespace() {
		n.target = spec.Target{Team: u.Target.Team, Env: u.Target.Env}
		n.cluster = w.clusterOf(u.Target.Env)
	}
	n.objects = append(n.objects, o)
	w.note(o, read(n))
}

// content puts what was read of an object into its namespace. The error says why it could not be read.
type content func(*namespace) error

// read decodes what bounds or runs.
func read(o *manifest.Object) content {
	switch {
	case group(o) == "networking.k8s.io" && o.Kind == "NetworkPolicy":
		return decoded(o, func(n *namespace, p networkingv1.NetworkPolicy) { n.policies = append(n.policies, compile(o, p)) })
	case group(o) == "" && o.Kind == "ResourceQuota":
		return decoded(o, func(n *namespace, q corev1.ResourceQuota) { n.quotas = append(n.quotas, quota{o, q}) })
	case group(o) == "" && o.Kind == "LimitRange":
		return decoded(o, func(n *namespace, r corev1.LimitRange) { n.ranges = append(n.ranges, filledIn(r)) })
	case group(o) == rbacGroup:
		return func(n *namespace) error { return n.roles.read(o) }
	}
	k, err := workloadOf(o)
	return func(n *namespace) error {
		if k != nil {
			n.works = append(n.works, k)
		}
		return err
	}
}

func decoded[T any](o *manifest.Object, put func(*namespace, T)) content {
	v, err := decode[T](o)
	return func(n *namespace) error {
		if err == nil {
			put(n, v)
		}
		return err
	}
}

// note keeps what could not be read.
func (w *world) note(o *manifest.Object, err error) {
	if err != nil {
		w.unread = append(w.unread, unread{o, err})
	}
}

// clusterOf an environment: two environments of one cluster can reach each other, two clusters cannot.
func (w *world) clusterOf(env string) string {
	if w.set.Platform == nil {
		return ""
	}
	for _, e := range w.set.Platform.Spec.Environments {
		if e.Name == env {
			return cmp.Or(e.Cluster.Server, e.Cluster.Name)
		}
	}
	return ""
}

// decode reads an object as the type that it says it is, as the API server does: names of fields count by case.
func decode[T any](o *manifest.Object) (T, error) {
	var out T
	if path := o.Endless(); path != nil {
		return out, fmt.Errorf("%.40v is no amount that can be counted with", o.At(path...))
	}
	data, err := json.Marshal(o.Content)
	if err == nil {
		err = kjson.UnmarshalCaseSensitivePreserveInts(data, &out)
	}
	return out, err
}

// group of an object's API; empty for the core.
func group(o *manifest.Object) string {
	for i, c := range o.APIVersion {
		if c == '/' {
			return o.APIVersion[:i]
		}
	}
	return ""
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func fields(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// in joins paths of fields.
func in(path []any, more ...any) []any { return slices.Concat(path, more) }
