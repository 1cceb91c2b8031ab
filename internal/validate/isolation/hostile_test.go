package isolation

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/modelops/modelops/internal/validate/manifest"
)

var rounds = flag.Int("rounds", 60, "how often objects are spoilt")

// strange are values of every type, put where another is expected.
var strange = []any{nil, true, 7, -1.5, "text", "", []any{}, []any{nil, "x", map[string]any{}}, map[string]any{}, map[string]any{"spec": []any{1}}, map[any]any{1: 2},
	int64(1) << 62, strings.Repeat("9", 400)}

// TestStrangeTypesEndNothing puts values of other types into every field of the five teams' objects, one at a time, and
// judges: what cannot be read is a finding, and never a panic.
func TestStrangeTypesEndNothing(t *testing.T) {
	t.Parallel()
	set := *unbroken()
	r := rand.New(rand.NewPCG(5, 6))
	var kept []*manifest.Unit // one tenant, one model and Argo CD's objects are enough
	for _, u := range set.Units {
		if strings.HasPrefix(u.Path, "tenants/vision/prod") || strings.HasPrefix(u.Path, resnet) || u.Kind == manifest.ArgoCD {
			kept = append(kept, u)
		}
	}
	for range *rounds {
		units := make([]*manifest.Unit, len(kept))
		for i, u := range kept {
			units[i] = broken(u, r)
		}
		set.Units = units
		Judge(&set)
		Reachability(&set).Text()
		QuotaText(Quota(&set))
	}
}

// broken is a unit in which a field of each of some objects is not what it should be.
func broken(u *manifest.Unit, r *rand.Rand) *manifest.Unit {
	out := *u
	out.Objects = nil
	for _, o := range u.Objects {
		b := *o
		b.Unit = &out
		if r.IntN(3) == 0 {
			b.Content, _ = spoil(o.Content, r, 1+r.IntN(7)).(map[string]any)
		}
		out.Objects = append(out.Objects, &b)
	}
	return &out
}

// spoil copies a value and puts a strange one in at a depth.
func spoil(v any, r *rand.Rand, depth int) any {
	switch t := v.(type) {
	case map[string]any:
		if depth == 0 || len(t) == 0 {
			break
		}
		chosen, i, out := r.IntN(len(t)), 0, map[string]any{}
		for k, e := range t {
			if out[k] = e; i == chosen {
				out[k] = spoil(e, r, depth-1)
			}
			i++
		}
		return out
	case []any:
		if depth == 0 || len(t) == 0 {
			break
		}
		out := append([]any(nil), t...)
		i := r.IntN(len(out))
		out[i] = spoil(out[i], r, depth-1)
		return out
	}
	return strange[r.IntN(len(strange))]
}

// TestOpenCrowdIsBounded: pods that all reach each other fill no memory without end.
func TestOpenCrowdIsBounded(t *testing.T) {
	t.Parallel()
	set := setOf(t, pods)
	proto := set.Units[0].Objects[2]
	for range 400 {
		o := *proto
		set.Units[0].Objects = append(set.Units[0].Objects, &o)
	}
	m := Reachability(set)
	if !m.Cut || len(m.Connections) != maxConnections {
		t.Errorf("%d connections, cut: %v", len(m.Connections), m.Cut)
	}
}

// TestHostileSizes judges what is large or never ends where it is read without care.
func TestHostileSizes(t *testing.T) {
	t.Parallel()
	const many = 5000
	var excepts, ports, subjects strings.Builder
	for i := range many {
		fmt.Fprintf(&excepts, "10.%d.%d.0/25, ", i/256, i%256)
		fmt.Fprintf(&ports, "{port: %d}, ", 1+2*i)
		fmt.Fprintf(&subjects, "{kind: Group, name: g%d}, ", i)
	}
	policy := np("policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [" + excepts.String() + "]}}], ports: [" + ports.String() + "]}]")
	role := object("rbac.authorization.k8s.io/v1", "Role", "r", "") + "rules: [{apiGroups: [''], resources: [secrets], verbs: [get]}]\n" +
		object("rbac.authorization.k8s.io/v1", "RoleBinding", "r", "") + "roleRef: {kind: Role, name: r}\nsubjects: [" + subjects.String() + "]\n"
	found, gaps := Judge(setOf(t, pods+policy+role))
	if len(found) < maxHolders || len(gaps) == 0 {
		t.Errorf("%d findings, gaps %v", len(found), gaps)
	}

	amount := setOf(t, hard("requests.cpu")+object("apps/v1", "Deployment", "x", strings.Replace(podTemplate, "cpu: 2", "cpu: '1e-2000000000'", 1)))
	found, _ = Judge(amount)
	if len(found) == 0 || found[0].Check != "MO303" {
		t.Errorf("an amount without end is not found: %+v", found)
	}
}
