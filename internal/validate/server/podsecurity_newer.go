package server

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// idMark divides the id of a check from the reason that it gives: results do not say which check they come from.
const idMark = "\x00"

var evaluators sync.Map // of Version to policy.Evaluator

// evaluator is the one that runs in a cluster of the target version: the linked checks, and those that came later.
func evaluator(target Version) (policy.Evaluator, error) {
	if e, ok := evaluators.Load(target); ok {
		return e.(policy.Evaluator), nil
	}
	checks := policy.DefaultChecks()
	for i := range checks {
		checks[i].Versions = slices.Clone(checks[i].Versions)
		if target >= 35 && slices.Contains(relaxed, checks[i].ID) {
			last := checks[i].Versions[len(checks[i].Versions)-1]
			checks[i].Versions = append(checks[i].Versions, versioned(35, inUserNamespace(last.CheckPod)))
		}
	}
	if target >= 34 {
		checks = append(checks, policy.Check{ID: "hostProbesAndHostLifecycle", Level: api.LevelBaseline, Versions: []policy.VersionedCheck{versioned(34, ownHosts)}})
	}
	if target >= 35 {
		restricted := versioned(35, defaultProcMount)
		restricted.OverrideCheckIDs = []policy.CheckID{"procMount"}
		checks = append(checks, policy.Check{ID: "procMount_restricted", Level: api.LevelRestricted, Versions: []policy.VersionedCheck{restricted}})
	}
	for i := range checks {
		for j := range checks[i].Versions {
			checks[i].Versions[j].CheckPod = named(checks[i].ID, checks[i].Versions[j].CheckPod)
		}
	}
	e, err := policy.NewEvaluator(checks)
	if err != nil {
		return nil, err
	}
	evaluators.Store(target, e)
	return e, nil
}

func versioned(minor int, check policy.CheckPodFn) policy.VersionedCheck {
	return policy.VersionedCheck{MinimumVersion: api.MajorMinorVersion(1, minor), CheckPod: check}
}

func named(id policy.CheckID, check policy.CheckPodFn) policy.CheckPodFn {
	return func(meta *metav1.ObjectMeta, spec *corev1.PodSpec) policy.CheckResult {
		r := check(meta, spec)
		r.ForbiddenReason = string(id) + idMark + r.ForbiddenReason
		return r
	}
}

// relaxed are the checks that Kubernetes 1.35 does not make of pods in a user namespace.
var relaxed = []policy.CheckID{"runAsNonRoot", "runAsUser", "procMount"}

func inUserNamespace(check policy.CheckPodFn) policy.CheckPodFn {
	return func(meta *metav1.ObjectMeta, spec *corev1.PodSpec) policy.CheckResult {
		if spec.HostUsers != nil && !*spec.HostUsers {
			return policy.CheckResult{Allowed: true}
		}
		return check(meta, spec)
	}
}

// defaultProcMount is procMount_restricted of Kubernetes 1.35.
func defaultProcMount(_ *metav1.ObjectMeta, spec *corev1.PodSpec) policy.CheckResult {
	var bad []string
	for _, c := range containers(spec) {
		if c.SecurityContext != nil && c.SecurityContext.ProcMount != nil && *c.SecurityContext.ProcMount != corev1.DefaultProcMount {
			bad = append(bad, c.Name)
		}
	}
	return forbid(bad, "procMount", `must not set securityContext.procMount other than Default`)
}

// ownHosts is hostProbesAndHostLifecycle of Kubernetes 1.34.
func ownHosts(_ *metav1.ObjectMeta, spec *corev1.PodSpec) policy.CheckResult {
	var bad []string
	for _, c := range containers(spec) {
		handlers := []*corev1.LifecycleHandler{}
		for _, p := range []*corev1.Probe{c.LivenessProbe, c.ReadinessProbe, c.StartupProbe} {
			if p != nil {
				handlers = append(handlers, &corev1.LifecycleHandler{HTTPGet: p.HTTPGet, TCPSocket: p.TCPSocket})
			}
		}
		if c.Lifecycle != nil {
			handlers = append(handlers, c.Lifecycle.PostStart, c.Lifecycle.PreStop)
		}
		if slices.ContainsFunc(handlers, hasHost) {
			bad = append(bad, c.Name)
		}
	}
	return forbid(bad, "probe or lifecycle host", "must not set the host of a probe or lifecycle hook")
}

func hasHost(h *corev1.LifecycleHandler) bool {
	return h != nil && (h.HTTPGet != nil && h.HTTPGet.Host != "" || h.TCPSocket != nil && h.TCPSocket.Host != "")
}

func containers(spec *corev1.PodSpec) []corev1.Container {
	return append(slices.Clone(spec.InitContainers), spec.Containers...)
}

func forbid(containers []string, reason, rule string) policy.CheckResult {
	if len(containers) == 0 {
		return policy.CheckResult{Allowed: true}
	}
	return policy.CheckResult{ForbiddenReason: reason, ForbiddenDetail: fmt.Sprintf(`container "%s" %s`, strings.Join(containers, `", "`), rule)}
}
