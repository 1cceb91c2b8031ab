package argotest

import (
	"crypto/sha1"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// deployment plays the Deployment controller: a new ReplicaSet for each pod template, old pods kept until new ones are
// ready.
type deployment struct {
	*object
	cluster              *cluster
	generation, observed int
	revision             int
	sets                 []*replicaSet
	started              time.Time // of the current rollout
	deadlineMissed       bool
	gone                 bool
	retrying             bool // a look at refused pods is due
}

type replicaSet struct {
	name, uid, template string
	image               string
	revision            int
	created             time.Time
	refused             string
	pods                []*pod
}

func (d *deployment) spec() map[string]any { return dig(d.manifest, "spec") }
func (d *deployment) wanted() int          { return number(d.spec()["replicas"]) }

// reconcile observes the object and moves the rollout on.
func (d *deployment) reconcile() {
	if d.gone {
		return
	}
	d.observed = d.generation
	template := encode(d.spec()["template"])
	rs := d.current()
	if rs == nil || rs.template != template {
		rs = d.newSet(template)
	}
	d.shrink(rs)
	d.grow(rs)
	d.cluster.changed(d.app)
}

func (d *deployment) current() *replicaSet {
	for _, rs := range d.sets {
		if rs.revision == d.revision {
			return rs
		}
	}
	return nil
}

// newSet begins a rollout, with the ReplicaSet of an earlier one where the template is the same.
func (d *deployment) newSet(template string) *replicaSet {
	d.revision++
	d.started, d.deadlineMissed = d.cluster.now, false
	if seconds := number(d.spec()["progressDeadlineSeconds"]); seconds > 0 {
		revision := d.revision
		d.cluster.after(time.Duration(seconds)*time.Second, func() { d.deadline(revision) })
	}
	for _, rs := range d.sets {
		if rs.template == template {
			rs.revision = d.revision
			return rs
		}
	}
	sum := fmt.Sprintf("%x", sha1.Sum([]byte(template)))[:10]
	rs := &replicaSet{
		name: d.name + "-" + sum, uid: d.cluster.uid(), template: template, image: imageOf(d.spec()),
		revision: d.revision, created: d.cluster.now,
	}
	d.sets = append(d.sets, rs)
	return rs
}

func (d *deployment) deadline(revision int) {
	if !d.gone && d.revision == revision && !d.complete() {
		d.deadlineMissed = true
		d.cluster.changed(d.app)
	}
}

func (d *deployment) complete() bool {
	total, updated, available := d.counts()
	return total == d.wanted() && updated == total && available == total
}

// grow makes the pods that are missing, as far as they are let in.
func (d *deployment) grow(rs *replicaSet) {
	rs.refused = ""
	// One pod in four more than wanted, as the default strategy has it, and none fewer.
	for surge := (d.wanted() + 3) / 4; len(rs.pods) < d.wanted(); {
		if total, _, _ := d.counts(); total >= d.wanted()+surge {
			return
		}
		b := d.cluster.behaviour(rs.image, annotations(d.manifest))
		limit := d.cluster.quota(d.namespace)
		switch used := d.cluster.usedPods(d.namespace); {
		case b.Refused != "":
			rs.refused = fmt.Sprintf("pods %q is forbidden: %s", rs.name+"-", b.Refused)
		case limit > 0 && used >= limit:
			rs.refused = fmt.Sprintf("pods %q is forbidden: exceeded quota: team-quota, requested: pods=1, used: pods=%d, limited: pods=%d", rs.name+"-", used, limit)
		}
		if rs.refused != "" {
			d.cluster.record(rs.uid, "FailedCreate", "Error creating: "+rs.refused)
			d.tryLater()
			return
		}
		p := &pod{owner: d, set: rs, uid: d.cluster.uid(), behaviour: b, created: d.cluster.now}
		p.name = fmt.Sprintf("%s-%05x", rs.name, d.cluster.uids)
		rs.pods = append(rs.pods, p)
		d.cluster.after(50*time.Millisecond, p.schedule)
	}
}

// tryLater asks for refused pods again, as the real controller does.
func (d *deployment) tryLater() {
	if d.retrying {
		return
	}
	d.retrying = true
	d.cluster.after(time.Second, func() {
		d.retrying = false
		d.reconcile()
	})
}

// shrink removes pods that are too many, and one old pod for each new one that is ready.
func (d *deployment) shrink(rs *replicaSet) {
	for len(rs.pods) > d.wanted() {
		rs.pods[len(rs.pods)-1].gone = true
		rs.pods = rs.pods[:len(rs.pods)-1]
	}
	keep := d.wanted() - readyPods(rs)
	for _, old := range slices.Backward(d.sets) {
		if old == rs {
			continue
		}
		// Those that serve nobody go first, as the real controller has it.
		old.pods = slices.DeleteFunc(old.pods, func(p *pod) bool {
			p.gone = !p.ready
			return p.gone
		})
		for len(old.pods) > max(keep, 0) {
			old.pods[len(old.pods)-1].gone = true
			old.pods = old.pods[:len(old.pods)-1]
		}
		keep -= len(old.pods)
	}
}

func readyPods(rs *replicaSet) int {
	n := 0
	for _, p := range rs.pods {
		if p.ready {
			n++
		}
	}
	return n
}

func (d *deployment) counts() (total, updated, available int) {
	for _, rs := range d.sets {
		total += len(rs.pods)
		available += readyPods(rs)
		if rs.revision == d.revision {
			updated = len(rs.pods)
		}
	}
	return total, updated, available
}

// live is the object as the API server would give it.
func (d *deployment) live() map[string]any {
	out := clone(d.manifest)
	metadata := dig(out, "metadata")
	notes, _ := metadata["annotations"].(map[string]any)
	if notes == nil {
		notes = map[string]any{}
	}
	if d.revision > 0 {
		notes["deployment.kubernetes.io/revision"] = strconv.Itoa(d.revision)
	}
	metadata["annotations"], metadata["generation"], metadata["uid"] = notes, d.generation, d.uid
	total, updated, available := d.counts()
	status := map[string]any{
		"observedGeneration": d.observed, "replicas": total, "updatedReplicas": updated,
		"availableReplicas": available, "readyReplicas": available,
	}
	status["conditions"] = d.conditions()
	out["status"] = status
	return out
}

func (d *deployment) conditions() []any {
	progressing := map[string]any{"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}
	if d.deadlineMissed {
		progressing = map[string]any{
			"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
			"message": fmt.Sprintf("ReplicaSet %q has timed out progressing.", d.current().name),
		}
	}
	list := []any{progressing}
	if rs := d.current(); rs != nil && rs.refused != "" {
		list = append(list, map[string]any{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": rs.refused})
	}
	return list
}

// health is Argo CD's rule for Deployments.
func (d *deployment) health() (status, message string) {
	total, updated, available := d.counts()
	switch {
	case d.observed < d.generation:
		return "Progressing", "Waiting for rollout to finish: observed deployment generation less than desired generation"
	case d.deadlineMissed && !d.complete():
		return "Degraded", fmt.Sprintf("Deployment %q exceeded its progress deadline", d.name)
	case updated < d.wanted():
		return "Progressing", fmt.Sprintf("Waiting for rollout to finish: %d out of %d new replicas have been updated...", updated, d.wanted())
	case total > updated:
		return "Progressing", fmt.Sprintf("Waiting for rollout to finish: %d old replicas are pending termination...", total-updated)
	case available < updated:
		return "Progressing", fmt.Sprintf("Waiting for rollout to finish: %d of %d updated replicas are available...", available, updated)
	}
	return "Healthy", ""
}
