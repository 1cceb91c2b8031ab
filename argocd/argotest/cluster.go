package argotest

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"
)

// key addresses an object of the cluster.
type key struct{ kind, namespace, name string }

// object is one live object.
type object struct {
	key
	uid      string
	app      string // the Application that manages it
	desired  string // what was applied last
	manifest map[string]any
	created  time.Time
	rollout  *deployment // for Deployments
}

// cluster plays what a Kubernetes cluster does with the objects it is given: Deployments with ReplicaSets and pods.
type cluster struct {
	*timeline
	objects   map[key]*object
	behaviour func(image string, annotations map[string]string) Behaviour
	quota     func(namespace string) int
	uids      int
	events    []event
	// changed is told which Application's objects are others now.
	changed func(app string)
}

type event struct {
	uid, reason, message string
	at                   time.Time // the last time
	times                int32
}

func (c *cluster) uid() string {
	c.uids++
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", c.uids)
}

func (c *cluster) record(uid, reason, message string) {
	for i := range c.events {
		if e := &c.events[i]; e.uid == uid && e.reason == reason && e.message == message {
			e.times, e.at = e.times+1, c.now // counted, as a kubelet's recorder does
			return
		}
	}
	c.events = append(c.events, event{uid: uid, reason: reason, message: message, at: c.now, times: 1})
}

// apply makes a live object what is wanted; the error is the API server's.
func (c *cluster) apply(app string, wanted map[string]any, keepImage bool) error {
	k := keyOf(wanted)
	live, ok := c.objects[k]
	if !ok {
		live = &object{key: k, uid: c.uid(), created: c.now, manifest: map[string]any{}}
		c.objects[k] = live
	}
	if k.kind == "Deployment" {
		if err := c.applyDeployment(live, wanted, keepImage); err != nil {
			if !ok {
				delete(c.objects, k)
			}
			return err
		}
	} else {
		live.manifest = clone(wanted)
	}
	live.app, live.desired = app, encode(wanted)
	return nil
}

func (c *cluster) applyDeployment(live *object, wanted map[string]any, keepImage bool) error {
	next := clone(wanted)
	spec, before := dig(next, "spec"), dig(live.manifest, "spec")
	if before != nil && encode(spec["selector"]) != encode(before["selector"]) {
		//lint:ignore ST1005 the words are those of the API server
		return fmt.Errorf("Deployment.apps %q is invalid: spec.selector: Invalid value: field is immutable", live.name)
	}
	if keepImage && before != nil {
		setImage(spec, imageOf(before))
	}
	if spec["replicas"] == nil {
		spec["replicas"] = c.defaultReplicas(live, before)
	}
	if live.rollout == nil {
		live.rollout = &deployment{object: live, cluster: c}
	}
	live.manifest = next
	if encode(spec) != encode(before) {
		live.rollout.generation++
		c.after(50*time.Millisecond, live.rollout.reconcile)
	}
	return nil
}

// defaultReplicas are those of an autoscaler for the object, or those that it has.
func (c *cluster) defaultReplicas(live *object, before map[string]any) any {
	for _, o := range c.objects {
		spec := dig(o.manifest, "spec")
		if o.kind == "HorizontalPodAutoscaler" && o.namespace == live.namespace && dig(spec, "scaleTargetRef")["name"] == live.name && spec["minReplicas"] != nil {
			return spec["minReplicas"]
		}
	}
	if before != nil {
		return before["replicas"]
	}
	return float64(1)
}

func (c *cluster) remove(k key) {
	if o := c.objects[k]; o != nil && o.rollout != nil {
		o.rollout.gone = true
	}
	delete(c.objects, k)
}

// usedPods counts pods of a namespace.
func (c *cluster) usedPods(namespace string) int {
	n := 0
	for _, o := range c.objects {
		if o.rollout != nil && o.namespace == namespace {
			for _, rs := range o.rollout.sets {
				n += len(rs.pods)
			}
		}
	}
	return n
}

func keyOf(manifest map[string]any) key {
	metadata := dig(manifest, "metadata")
	return key{str(manifest["kind"]), str(metadata["namespace"]), str(metadata["name"])}
}

func groupOf(manifest map[string]any) (group, version string) {
	group, version, ok := strings.Cut(str(manifest["apiVersion"]), "/")
	if !ok {
		return "", group
	}
	return group, version
}

func dig(m map[string]any, path ...string) map[string]any {
	for _, name := range path {
		m, _ = m[name].(map[string]any)
	}
	return m
}

func str(v any) string { s, _ := v.(string); return s }

func number(v any) int {
	switch n := v.(type) {
	case float64:
		return int(n)
	case int:
		return n
	case int64:
		return int(n)
	case string:
		i, _ := strconv.Atoi(n)
		return i
	}
	return 0
}

// annotations of an object, as text.
func annotations(manifest map[string]any) map[string]string {
	out := map[string]string{}
	for name, value := range dig(manifest, "metadata", "annotations") {
		out[name] = str(value)
	}
	return out
}

// serving gives the container that serves: the one named so, else the first.
func serving(spec map[string]any) map[string]any {
	list, _ := dig(spec, "template", "spec")["containers"].([]any)
	var first map[string]any
	for _, item := range list {
		c, _ := item.(map[string]any)
		if str(c["name"]) == "server" {
			return c
		}
		if first == nil {
			first = c
		}
	}
	return first
}

func imageOf(spec map[string]any) string { return str(serving(spec)["image"]) }

func setImage(spec map[string]any, image string) {
	if c := serving(spec); c != nil {
		c["image"] = image
	}
}

// clone copies decoded JSON.
func clone(m map[string]any) map[string]any {
	out := maps.Clone(m)
	for name, value := range out {
		out[name] = cloneValue(value)
	}
	return out
}

func cloneValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return clone(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = cloneValue(v[i])
		}
		return out
	}
	return v
}
