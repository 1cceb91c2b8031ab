package isolation

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/modelops/modelops/internal/validate/manifest"
)

// workload is an object that makes pods of one kind.
type workload struct {
	*manifest.Object
	// template is where the pod's description is, pod what it says.
	template []any
	pod      corev1.Pod
	// replicas that are asked for; most gives the number of pods at once when n are wanted, and says how it comes about.
	replicas int64
	most     func(n int64) (int64, string)
	// endless says that the number of pods is not in the manifest.
	endless bool
}

// workloadOf reads an object that makes pods; it gives nil for any other.
func workloadOf(o *manifest.Object) (*workload, error) {
	k := &workload{Object: o, template: []any{"spec", "template"}, replicas: 1, most: exactly}
	var err error
	switch group(o) + "/" + o.Kind {
	case "/Pod":
		k.template = nil
		k.pod, err = decode[corev1.Pod](o)
	case "apps/Deployment":
		var d appsv1.Deployment
		if d, err = decode[appsv1.Deployment](o); err == nil {
			k.is(d.Spec.Template, d.Spec.Replicas)
			k.most = rolling(d.Spec.Strategy)
		}
	case "argoproj.io/Rollout":
		var r rollout
		if r, err = decode[rollout](o); err == nil {
			k.is(r.Spec.Template, r.Spec.Replicas)
			k.most = r.most()
		}
	case "apps/StatefulSet":
		var s appsv1.StatefulSet
		if s, err = decode[appsv1.StatefulSet](o); err == nil {
			k.is(s.Spec.Template, s.Spec.Replicas)
		}
	case "apps/ReplicaSet", "/ReplicationController":
		var s appsv1.ReplicaSet
		// A ReplicationController differs in its selector alone.
		if s, err = decode[appsv1.ReplicaSet](&manifest.Object{Content: withoutSelector(o)}); err == nil {
			k.is(s.Spec.Template, s.Spec.Replicas)
		}
	case "apps/DaemonSet":
		var d appsv1.DaemonSet
		if d, err = decode[appsv1.DaemonSet](o); err == nil {
			k.is(d.Spec.Template, nil)
			k.endless = true
		}
	case "batch/Job":
		var j batchv1.Job
		if j, err = decode[batchv1.Job](o); err == nil {
			k.job(j.Spec)
		}
	case "batch/CronJob":
		var c batchv1.CronJob
		if c, err = decode[batchv1.CronJob](o); err == nil {
			k.job(c.Spec.JobTemplate.Spec)
			k.template = []any{"spec", "jobTemplate", "spec", "template"}
		}
	default:
		return nil, nil
	}
	return k, err
}

func withoutSelector(o *manifest.Object) map[string]any {
	spec := map[string]any{}
	for name, v := range fields(o.At("spec")) {
		if name != "selector" {
			spec[name] = v
		}
	}
	return map[string]any{"spec": spec}
}

func (k *workload) is(template corev1.PodTemplateSpec, replicas *int32) {
	k.pod = corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: template.Labels}, Spec: template.Spec}
	if replicas != nil {
		k.replicas = int64(*replicas)
	}
}

// job counts the pods of one run.
func (k *workload) job(spec batchv1.JobSpec) {
	k.is(spec.Template, spec.Parallelism)
	if spec.Completions != nil {
		k.replicas = min(k.replicas, int64(*spec.Completions))
	}
}

// spec is the path of the pod's spec, or of a field in it.
func (k *workload) spec(path ...any) []any {
	return in(in(k.template, "spec"), path...)
}

// title names the workload in messages and tables.
func (k *workload) title() string { return k.Kind + "/" + k.Name }

// containers gives each container of the pod with its path: those that start before the others first.
func (k *workload) containers(f func(c *corev1.Container, path []any)) {
	for i := range k.pod.Spec.InitContainers {
		f(&k.pod.Spec.InitContainers[i], k.spec("initContainers", i))
	}
	for i := range k.pod.Spec.Containers {
		f(&k.pod.Spec.Containers[i], k.spec("containers", i))
	}
}

func exactly(n int64) (int64, string) { return n, fmt.Sprint(n) }

// twice is what holds where a whole second set of pods is started beside the first.
func twice(n int64) (int64, string) { return 2 * n, fmt.Sprintf("%d, twice for the switch", n) }

// rolling counts the pods of a rollout: those that there are, and those that are started before one of them goes.
func rolling(s appsv1.DeploymentStrategy) func(int64) (int64, string) {
	if s.Type == appsv1.RecreateDeploymentStrategyType {
		return exactly
	}
	quarter := intstr.FromString("25%")
	surge := &quarter
	if s.RollingUpdate != nil && s.RollingUpdate.MaxSurge != nil {
		surge = s.RollingUpdate.MaxSurge
	}
	return surging(surge)
}

func surging(surge *intstr.IntOrString) func(int64) (int64, string) {
	return func(n int64) (int64, string) {
		// Kubernetes rounds a surge up. What is no number and no percentage it refuses.
		more, err := intstr.GetScaledValueFromIntOrPercent(surge, int(n), true)
		if err != nil {
			more = 0
		}
		// There are never more new pods than are wanted.
		extra := min(max(int64(more), 0), n)
		if extra == 0 {
			return exactly(n)
		}
		return n + extra, fmt.Sprintf("%d + %d surge", n, extra)
	}
}

// rollout is as much of an Argo Rollout as decides how many pods it has at once.
type rollout struct {
	Spec struct {
		Replicas *int32                 `json:"replicas"`
		Template corev1.PodTemplateSpec `json:"template"`
		Strategy struct {
			BlueGreen *struct{} `json:"blueGreen"`
			Canary    *struct {
				MaxSurge       *intstr.IntOrString `json:"maxSurge"`
				TrafficRouting *struct{}           `json:"trafficRouting"`
			} `json:"canary"`
		} `json:"strategy"`
	} `json:"spec"`
}

// most: where a router splits the traffic, and for blue and green, the old pods stay until the new ones are all there.
func (r rollout) most() func(int64) (int64, string) {
	s := r.Spec.Strategy
	if s.BlueGreen != nil || (s.Canary != nil && s.Canary.TrafficRouting != nil) {
		return twice
	}
	surge := intstr.FromString("25%")
	if s.Canary != nil && s.Canary.MaxSurge != nil {
		surge = *s.Canary.MaxSurge
	}
	return surging(&surge)
}

// node makes the pods of the workload one node of the network.
func (k *workload) node(n *namespace) *node {
	out := &node{name: n.name + "/" + k.Name, namespace: n.name, namespaceLabels: n.labels, labels: k.pod.Labels, home: n, work: k,
		hostNetwork: k.pod.Spec.HostNetwork, policies: selecting(n.policies, k.pod.Labels)}
	k.containers(func(c *corev1.Container, _ []any) { out.ports = append(out.ports, c.Ports...) })
	return out
}
