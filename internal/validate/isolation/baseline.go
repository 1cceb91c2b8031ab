package isolation

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/modelops/modelops/internal/validate/catalogue"
	"github.com/modelops/modelops/internal/validate/manifest"
)

// dnsPorts are those that DNS is asked on; a resolver turns to TCP for long answers.
var dnsPorts = somePorts(corev1.ProtocolUDP, 53, 53)

// notRead is why what a tenant bounds is not judged.
const notRead = "its tenant is not part of what was validated"

// baseline is MO305: what every namespace of a team has.
func (w *world) baseline(p *catalogue.Pass) {
	for _, n := range w.namespaces {
		switch {
		case n.tenant != nil:
			n.bounded(p)
			n.closed(p, w)
		case n.target.Team == "" || len(n.objects) == 0:
		case w.set.Whole:
			p.Report(n.objects[0], fmt.Sprintf("namespace %s has no tenant: neither quota nor policies bound it", n.name),
				fmt.Sprintf("add %s to the environments in tenants/%s/team.yaml and render", n.target.Env, n.target.Team), "metadata", "namespace")
		default:
			w.gap("quota, limits and policies of namespace "+n.name, notRead)
		}
	}
}

// anchor is the object at which something about the namespace is said.
func (n *namespace) anchor() *manifest.Object {
	if n.object != nil || len(n.objects) == 0 {
		return n.object
	}
	return n.objects[0]
}

const podSecurity = "pod-security.kubernetes.io/enforce"

// bounded: Pod Security, quota and limits.
func (n *namespace) bounded(p *catalogue.Pass) {
	at := n.anchor()
	if at == nil {
		return // a tenant that builds nothing is an error of its build
	}
	if n.object == nil {
		p.Report(at, fmt.Sprintf("the tenant does not make its namespace %s", n.name), "render the tenant anew", "metadata", "namespace")
	} else if level := n.labels[podSecurity]; level != "restricted" {
		p.Report(at, fmt.Sprintf("Pod Security enforces %q in namespace %s", level, n.name), "set the label to restricted", "metadata", "labels", podSecurity)
	}
	if len(n.quotas) == 0 {
		p.Report(at, "there is no ResourceQuota in namespace "+n.name, "set spec.quota in team.yaml and render the tenant")
	}
	for _, resource := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		if len(n.quotas) > 0 && !n.bounds(resource) {
			p.Warn(n.quotas[0].Object, fmt.Sprintf("no ResourceQuota of namespace %s bounds %s", n.name, resource), fmt.Sprintf("set spec.quota.%s in team.yaml", resource), "spec", "hard")
		}
	}
	if len(n.ranges) == 0 {
		p.Report(at, "there is no LimitRange in namespace "+n.name+": a container without a limit may use up its node", "render the tenant anew")
	}
}

func (n *namespace) bounds(resource corev1.ResourceName) bool {
	for _, q := range n.quotas {
		for _, key := range []corev1.ResourceName{resource, requestsPrefix + resource, "limits." + resource} {
			if _, ok := q.read.Spec.Hard[key]; ok {
				return true
			}
		}
	}
	return false
}

// closed: a pod that nobody thought of reaches nothing but DNS, and nobody reaches it.
func (n *namespace) closed(p *catalogue.Pass, w *world) {
	at := n.anchor()
	if at == nil {
		return
	}
	stray := &node{namespace: n.name, namespaceLabels: n.labels, labels: map[string]string{}, home: n, policies: selecting(n.policies, nil)}
	for _, s := range []side{ingress, egress} {
		if !isolated(stray, s) {
			p.Report(at, fmt.Sprintf("namespace %s has no default-deny for %s: a pod that no other policy selects is open", n.name, s),
				"render the tenant anew: a NetworkPolicy with an empty podSelector and both policyTypes")
		}
	}
	if !w.resolves(stray) {
		p.Report(at, fmt.Sprintf("pods of namespace %s cannot ask DNS", n.name), "allow egress to the cluster's DNS on UDP and TCP 53: spec.network.dns in modelops.yaml")
	}
}

// resolves says whether a pod can ask one of the DNS servers.
func (w *world) resolves(pod *node) bool {
	for _, o := range w.outside {
		if o.dns && allowed(pod, o, egress).covers(dnsPorts) {
			return true
		}
	}
	return false
}
