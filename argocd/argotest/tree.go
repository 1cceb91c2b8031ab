package argotest

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/argoproj/gitops-engine/pkg/health"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// sorted gives the objects that an Application manages.
func (c *cluster) sorted(app string) []*object {
	var out []*object
	for _, o := range c.objects {
		if o.app == app {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(a, b *object) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.name, b.name))
	})
	return out
}

// tree lists what an Application manages and what came of it.
func (c *cluster) tree(app string) *v1alpha1.ApplicationTree {
	tree := &v1alpha1.ApplicationTree{}
	for _, o := range c.sorted(app) {
		group, version := groupOf(o.manifest)
		ref := v1alpha1.ResourceRef{Group: group, Version: version, Kind: o.kind, Namespace: o.namespace, Name: o.name, UID: o.uid}
		n := v1alpha1.ResourceNode{ResourceRef: ref, CreatedAt: at(o.created)}
		if o.rollout != nil {
			n.Health = healthOf(o.rollout.health())
			n.Info = []v1alpha1.InfoItem{{Name: "Revision", Value: fmt.Sprintf("Rev:%d", o.rollout.revision)}}
		}
		tree.Nodes = append(tree.Nodes, n)
		if o.rollout != nil {
			o.rollout.addNodes(tree, ref)
		}
	}
	return tree
}

func (d *deployment) addNodes(tree *v1alpha1.ApplicationTree, parent v1alpha1.ResourceRef) {
	for _, rs := range d.sets {
		ref := v1alpha1.ResourceRef{Group: "apps", Version: "v1", Kind: "ReplicaSet", Namespace: d.namespace, Name: rs.name, UID: rs.uid}
		n := v1alpha1.ResourceNode{
			ResourceRef: ref, ParentRefs: []v1alpha1.ResourceRef{parent}, CreatedAt: at(rs.created),
			Info: []v1alpha1.InfoItem{{Name: "Revision", Value: fmt.Sprintf("Rev:%d", rs.revision)}}, Health: healthOf("Healthy", ""),
		}
		switch ready := readyPods(rs); {
		case rs.refused != "":
			n.Health = healthOf("Degraded", rs.refused)
		case ready < len(rs.pods):
			n.Health = healthOf("Progressing", fmt.Sprintf("Waiting for rollout to finish: %d out of %d new replicas are available...", ready, len(rs.pods)))
		}
		tree.Nodes = append(tree.Nodes, n)
		for _, p := range rs.pods {
			tree.Nodes = append(tree.Nodes, p.node(ref))
		}
	}
}

func (p *pod) node(parent v1alpha1.ResourceRef) v1alpha1.ResourceNode {
	n := v1alpha1.ResourceNode{
		ResourceRef: v1alpha1.ResourceRef{Version: "v1", Kind: "Pod", Namespace: p.owner.namespace, Name: p.name, UID: p.uid},
		ParentRefs:  []v1alpha1.ResourceRef{parent}, CreatedAt: at(p.created), Images: []string{p.set.image}, Health: healthOf(p.health()),
	}
	if p.waiting != "" {
		n.Info = append(n.Info, v1alpha1.InfoItem{Name: "Status Reason", Value: p.waiting})
	}
	if p.restarts > 0 {
		n.Info = append(n.Info, v1alpha1.InfoItem{Name: "Restart Count", Value: fmt.Sprint(p.restarts)})
	}
	return n
}

// manifest gives one live object that belongs to an Application; nil where there is none.
func (c *cluster) manifest(app string, k key) map[string]any {
	if k.kind == "Pod" {
		if p := c.pod(app, k.name); p != nil {
			return p.live()
		}
		return nil
	}
	o := c.objects[k]
	switch {
	case o == nil || o.app != app:
		return nil
	case o.rollout != nil:
		return o.rollout.live()
	}
	return o.manifest
}

func (c *cluster) pod(app, name string) *pod {
	for _, o := range c.sorted(app) {
		if o.rollout == nil {
			continue
		}
		for _, rs := range o.rollout.sets {
			for _, p := range rs.pods {
				if p.name == name {
					return p
				}
			}
		}
	}
	return nil
}

func healthOf(status, message string) *v1alpha1.HealthStatus {
	return &v1alpha1.HealthStatus{Status: health.HealthStatusCode(status), Message: message}
}

func at(t time.Time) *metav1.Time { return &metav1.Time{Time: t} }
