package isolation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/modelops/modelops/internal/validate/catalogue"
	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/render/spec"
)

// quota is a ResourceQuota with the object that it was read from.
type quota struct {
	*manifest.Object
	read corev1.ResourceQuota
}

// Use is how much of one line of a quota the manifests of a namespace can use at once: all autoscalers at their most, all
// rollouts at the same time, and nothing that is there besides.
type Use struct {
	Namespace string
	Quota     string
	// Resource is the quota's key, such as requests.cpu.
	Resource string
	// Hard is what the quota allows, Most what can be used, in Kubernetes' notation.
	Hard string
	Most string
	// Fits says whether it is enough. Known is false where manifests do not say how much is used.
	Fits  bool
	Known bool
	Parts []Share

	object *manifest.Object
}

// Share is what one object adds to it.
type Share struct {
	// Object as Kind/name, Unit the path of what builds it.
	Object string
	Unit   string
	// Pods at once and how they come about, as "3 + 1 surge"; 0 for what is no workload.
	Pods int64
	How  string
	// Each pod's part, and the Sum of them.
	Each string
	Sum  string

	sum    resource.Quantity
	object *manifest.Object
	path   []any
}

func (s Share) String() string {
	if s.Pods == 0 {
		return s.Object + " " + s.Sum
	}
	return fmt.Sprintf("%s %s (%s pods of %s)", s.Object, s.Sum, s.How, s.Each)
}

// Quota adds up, for every ResourceQuota of the set, what its namespace can use of it at most.
func Quota(set *manifest.Set) []Use { return newWorld(set).uses() }

func (w *world) uses() []Use {
	var out []Use
	for _, n := range w.namespaces {
		for _, q := range n.quotas {
			out = append(out, n.use(q)...)
		}
	}
	return out
}

// part is what one object takes of a quota, by the quota's keys.
type part struct {
	share Share
	each  corev1.ResourceList
	pods  int64
	work  *workload // nil for what is none
}

func (n *namespace) use(q quota) []Use {
	parts := n.parts(q)
	var out []Use
	for _, key := range names(q.read.Spec.Hard) {
		hard := q.read.Spec.Hard[key]
		u := Use{Namespace: n.name, Quota: q.Name, Resource: string(key), Hard: hard.String(), Known: known(key), object: q.Object}
		most := inCluster[key].DeepCopy()
		for _, p := range parts {
			each, ok := p.each[key]
			if !ok || each.IsZero() {
				continue
			}
			s := p.share
			s.sum, s.Each = each.DeepCopy(), each.String()
			if p.pods > 0 {
				s.sum.Mul(p.pods)
				s.path = p.work.asks(key)
			} else {
				s.Each = ""
			}
			s.Sum = s.sum.String()
			most.Add(s.sum)
			u.Parts = append(u.Parts, s)
		}
		u.Most, u.Fits = most.String(), most.Cmp(hard) <= 0
		out = append(out, u)
	}
	return out
}

// parts lists what each object of the namespace takes of a quota.
func (n *namespace) parts(q quota) []part {
	scales := n.scales()
	var out []part
	for _, k := range n.works {
		pods, how := k.atMost(scales)
		pod := admitted(&k.pod, n.ranges)
		if pods > 0 && counts(q.read, pod) {
			out = append(out, part{Share{Object: k.title(), Unit: k.Unit.Path, Pods: pods, How: how, object: k.Object}, podUsage(pod), pods, k})
		}
	}
	if len(q.read.Spec.Scopes) > 0 || q.read.Spec.ScopeSelector != nil {
		return out // scopes are of pods
	}
	for _, o := range n.objects {
		if each, err := objectUsage(o); err == nil {
			out = append(out, part{Share{Object: o.Kind + "/" + o.Name, Unit: o.Unit.Path, object: o}, each, 0, nil})
		}
	}
	return out
}

// asks is where a pod asks for what a key of a quota counts: at the container that asks for most of it.
func (k *workload) asks(key corev1.ResourceName) []any {
	field := "requests"
	name, limits := strings.CutPrefix(string(key), "limits.")
	if limits {
		field = "limits"
	} else {
		name = strings.TrimPrefix(name, "requests.")
	}
	at, most := k.spec(), resource.Quantity{}
	k.containers(func(c *corev1.Container, path []any) {
		list := c.Resources.Requests
		if limits {
			list = c.Resources.Limits
		}
		if asked := list[corev1.ResourceName(name)]; asked.Cmp(most) > 0 {
			at, most = in(path, "resources", field, name), asked
		}
	})
	return at
}

// scale is what another object makes of a workload's replicas.
type scale struct {
	most  int64
	twice bool
}

// scales are the changes of replicas by the kind and name of what is scaled: autoscalers at their most, and controllers of
// canaries that keep a second set of pods.
func (n *namespace) scales() map[string]scale {
	out := map[string]scale{}
	for _, o := range n.objects {
		ref, change := "scaleTargetRef", scale{}
		switch group(o) + "/" + o.Kind {
		case "autoscaling/HorizontalPodAutoscaler":
			change.most = whole(o.At("spec", "maxReplicas"))
		case "keda.sh/ScaledObject":
			const ofKEDA = 100
			change.most = cmp.Or(whole(o.At("spec", "maxReplicaCount")), ofKEDA)
		case "flagger.app/Canary":
			ref, change.twice = "targetRef", true
		default:
			continue
		}
		title := cmp.Or(text(o.At("spec", ref, "kind")), "Deployment") + "/" + text(o.At("spec", ref, "name"))
		was := out[title]
		out[title] = scale{max(was.most, change.most), was.twice || change.twice}
	}
	return out
}

func whole(v any) int64 {
	switch n := v.(type) {
	case int:
		return int64(n)
	case int64:
		return n
	case float64:
		return int64(n)
	}
	return 0
}

// atMost is the number of pods that a workload has at once, and how it comes about. One that is scaled to nothing stays
// there: autoscalers leave it alone.
func (k *workload) atMost(scales map[string]scale) (int64, string) {
	if k.replicas <= 0 {
		return 0, "0"
	}
	s := scales[k.title()]
	pods, how := k.most(max(k.replicas, s.most))
	if s.twice {
		return 2 * pods, "twice (" + how + ")"
	}
	return pods, how
}

// before is the world as it was in the commit that the set is compared with.
func (w *world) before() *world {
	old := *w.set
	old.Units = nil
	for _, u := range w.set.Units {
		was := *u
		if u.Before != nil {
			was.Objects = nil
			for _, o := range u.Before {
				was.Objects = append(was.Objects, &manifest.Object{Object: o.Object, Content: o.Content, Unit: &was, Source: o.Source})
			}
		}
		old.Units = append(old.Units, &was)
	}
	return newWorld(&old)
}

// culprits are the objects by which a line of a quota does not fit: those that take more of it than before. There are none
// where the line itself changed, or nothing is compared.
func culprits(u Use, before []Use) []Share {
	i := slices.IndexFunc(before, func(b Use) bool { return b.Namespace == u.Namespace && b.Quota == u.Quota && b.Resource == u.Resource })
	if i < 0 || before[i].Hard != u.Hard {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(u.Parts), func(s Share) bool {
		j := slices.IndexFunc(before[i].Parts, func(b Share) bool { return b.Object == s.Object && b.Unit == s.Unit })
		return j >= 0 && before[i].Parts[j].sum.Cmp(s.sum) >= 0
	})
}

// QuotaText is the table for people.
func QuotaText(uses []Use) string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	last := ""
	for _, u := range uses {
		if head := u.Namespace + " " + u.Quota; head != last {
			fmt.Fprintf(t, "%s, ResourceQuota/%s\tAT MOST\tOF\t\t\n", u.Namespace, u.Quota)
			last = head
		}
		note := ""
		switch {
		case !u.Known:
			u.Most, note = "?", "the manifests do not say"
		case !u.Fits:
			note = "too much"
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t\n", u.Resource, u.Most, u.Hard, note)
		for _, s := range u.Parts {
			how := ""
			if s.Pods > 0 {
				how = s.How + " pods of " + s.Each
			}
			fmt.Fprintf(t, "    %s\t%s\t\t%s\t\n", s.Object, s.Sum, how)
		}
	}
	t.Flush()
	return trimmed(b.String())
}

// trimmed takes the spaces off the ends of lines, which a tabwriter leaves there.
func trimmed(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

// quotaFits is MO303.
func (w *world) quotaFits(p *catalogue.Pass) {
	w.sums(p)
	for _, n := range w.namespaces {
		for _, k := range n.works {
			w.admits(p, n, k)
		}
		for _, o := range n.objects {
			if group(o) != "" || o.Kind != "PersistentVolumeClaim" {
				continue
			}
			c, err := decode[corev1.PersistentVolumeClaim](o)
			if err != nil {
				continue // reported as unread
			}
			for _, why := range claimRefusals(c.Spec.Resources.Requests, n.ranges) {
				p.Report(o, "the claim is refused by the namespace's LimitRange: "+why, "ask for a size within the bounds", "spec", "resources", "requests")
			}
		}
	}
}

func (w *world) sums(p *catalogue.Pass) {
	compared := slices.ContainsFunc(w.set.Units, func(u *manifest.Unit) bool { return u.Before != nil })
	before := sync.OnceValue(func() []Use {
		if !compared {
			return nil
		}
		return w.before().uses()
	})
	for _, n := range w.namespaces {
		if len(n.quotas) > 0 && !w.set.Whole && n.target == (spec.Target{}) {
			w.gap("what else is in the quota of namespace "+n.name, "only what was read is added up")
		}
	}
	for _, u := range w.uses() {
		if !u.Known {
			w.gap(fmt.Sprintf("%s in ResourceQuota %s of namespace %s", u.Resource, u.Quota, u.Namespace), "controllers make these objects, and the manifests do not say how many")
			continue
		}
		if u.Fits {
			continue
		}
		message := fmt.Sprintf("%s of %s can be %s at most, and ResourceQuota %s allows %s: %s", u.Resource, u.Namespace, u.Most, u.Quota, u.Hard, shares(u.Parts))
		changed := culprits(u, before())
		for _, s := range changed {
			p.Report(s.object, message, "ask for less here, or raise the team's quota in team.yaml first", s.path...)
		}
		if len(changed) > 0 {
			continue
		}
		f := p.Report(u.object, message, "raise the team's quota in team.yaml, or lower the replicas, the surge or the resources of its models", "spec", "hard", u.Resource)
		if u.object.Unit.Context && compared {
			f.Severity = finding.Warning // it is so without the change
		}
	}
}

func shares(parts []Share) string {
	if len(parts) == 0 {
		return "what Kubernetes itself puts into a namespace"
	}
	parts = slices.Clone(parts)
	slices.SortStableFunc(parts, func(a, b Share) int { return b.sum.Cmp(a.sum) })
	var out []string
	for i, s := range parts {
		const few = 8
		if i == few {
			out = append(out, fmt.Sprintf("and %d more", len(parts)-few))
			break
		}
		out = append(out, s.String())
	}
	return strings.Join(out, ", ")
}

// admits reports why the pods of a workload are refused one by one, however much is left.
func (w *world) admits(p *catalogue.Pass, n *namespace, k *workload) {
	if k.endless && len(n.quotas) > 0 {
		w.gap("the share of "+n.name+" "+k.title()+" in the quota", "it starts a pod on every node")
	}
	if k.replicas <= 0 {
		return
	}
	pod := admitted(&k.pod, n.ranges)
	for _, r := range refusals(k, pod, n.ranges) {
		p.Report(k.Object, "its pods are refused: "+r.why, "set requests and limits within what the namespace's LimitRange allows", r.path...)
	}
	for _, q := range n.quotas {
		if !counts(q.read, pod) {
			continue
		}
		for _, what := range lacking(q.read, pod) {
			p.Report(k.Object, fmt.Sprintf("its pods are refused: ResourceQuota %s wants every container to set %s", q.Name, what),
				"set it, or let the namespace's LimitRange have a default for it", k.spec("containers")...)
		}
	}
}
