package argocd

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/argoproj/gitops-engine/pkg/health"
)

// node is one object of the resource tree.
type node struct {
	Object
	uid string
	// healthy and degraded are Argo CD's word; neither is Progressing.
	healthy, degraded bool
	message           string
}

// rollout is the newest ReplicaSet of a workload with its pods. Pods of earlier ones say nothing about our release.
type rollout struct {
	replicaSet *node
	pods       []node
}

// newest finds the rollout that carries the workload's own revision number.
func newest(tree *v1alpha1.ApplicationTree, w *Workload) rollout {
	var r rollout
	if w.Revision == "" {
		return r
	}
	for _, n := range tree.Nodes {
		if n.Kind == "ReplicaSet" && childOf(n, w.Object.Kind, w.Object.Name) && hasInfo(n, "Revision", "Rev:"+w.Revision) {
			found := newNode(n)
			r.replicaSet = &found
		}
	}
	if r.replicaSet == nil {
		return r
	}
	for _, n := range tree.Nodes {
		if n.Kind == "Pod" && childOf(n, "ReplicaSet", r.replicaSet.Name) {
			r.pods = append(r.pods, newNode(n))
		}
	}
	return r
}

func newNode(n v1alpha1.ResourceNode) node {
	out := node{Object: Object{Group: n.Group, Kind: n.Kind, Namespace: n.Namespace, Name: n.Name}, uid: n.UID}
	if n.Health != nil {
		out.healthy, out.degraded = n.Health.Status == health.HealthStatusHealthy, n.Health.Status == health.HealthStatusDegraded
		out.message = n.Health.Message
	}
	return out
}

func childOf(n v1alpha1.ResourceNode, kind, name string) bool {
	for _, p := range n.ParentRefs {
		if p.Kind == kind && p.Name == name {
			return true
		}
	}
	return false
}

func hasInfo(n v1alpha1.ResourceNode, name, value string) bool {
	for _, i := range n.Info {
		if i.Name == name && i.Value == value {
			return true
		}
	}
	return false
}

// refusal sorts the text with which the API server refused a pod. There is no code for it, only words.
func refusal(o Object, message string) Cause {
	kind := CauseAdmission
	for _, sign := range []struct {
		text string
		kind CauseKind
	}{
		{"exceeded quota", CauseQuota}, {"failed quota", CauseQuota},
		{"violates PodSecurity", CausePodSecurity},
		{"usage per Pod is", CauseLimitRange}, {"usage per Container is", CauseLimitRange}, {"No limit is specified", CauseLimitRange},
	} {
		if strings.Contains(message, sign.text) {
			kind = sign.kind
			break
		}
	}
	return Cause{Kind: kind, Object: o, Message: message}
}

// livePod is the part of a Pod that is read.
type livePod struct {
	Status struct {
		Phase                                    string
		Conditions                               []condition
		InitContainerStatuses, ContainerStatuses []containerStatus
	}
}

type containerStatus struct {
	Name             string
	Ready            bool
	RestartCount     int
	State, LastState struct {
		Running    *struct{}
		Waiting    *struct{ Reason, Message string }
		Terminated *struct {
			ExitCode        int
			Reason, Message string
		}
	}
}

// readPod reads a live Pod and the troubles that it is in.
func readPod(manifest string, o Object) (Pod, []Cause, error) {
	var live livePod
	if err := json.Unmarshal([]byte(manifest), &live); err != nil {
		return Pod{}, nil, fmt.Errorf("%s: not readable: %w", o, err)
	}
	pod := Pod{Name: o.Name, Phase: live.Status.Phase}
	var causes []Cause
	for _, c := range live.Status.Conditions {
		switch {
		case c.Type == "Ready":
			pod.Ready = c.Status == "True"
		case c.Type == "PodScheduled" && c.Status == "False":
			causes = append(causes, Cause{Kind: CauseUnschedulable, Object: o, Message: orText(c.Message, c.Reason)})
		}
	}
	for i, list := range [][]containerStatus{live.Status.InitContainerStatuses, live.Status.ContainerStatuses} {
		for _, status := range list {
			c := status.read(i == 0)
			pod.Containers = append(pod.Containers, c)
			if cause := c.trouble(o); cause != nil {
				causes = append(causes, *cause)
			}
		}
	}
	return pod, causes, nil
}

func (s containerStatus) read(isInit bool) Container {
	c := Container{Name: s.Name, Init: isInit, Ready: s.Ready, Restarts: s.RestartCount}
	switch {
	case s.State.Waiting != nil:
		c.State, c.Reason, c.Message = "waiting", s.State.Waiting.Reason, s.State.Waiting.Message
	case s.State.Terminated != nil:
		c.State, c.Reason, c.Message = "terminated", s.State.Terminated.Reason, s.State.Terminated.Message
		c.LastExit, c.LastReason = s.State.Terminated.ExitCode, s.State.Terminated.Reason
	case s.State.Running != nil:
		c.State = "running"
	}
	if last := s.LastState.Terminated; last != nil {
		c.LastExit, c.LastReason = last.ExitCode, last.Reason
	}
	return c
}

// trouble says what is wrong with a container; nil where it may still become ready.
func (c Container) trouble(pod Object) *Cause {
	cause := Cause{Object: pod, Container: c.Name, Message: orText(c.Message, c.Reason), Restarts: c.Restarts}
	switch c.Reason {
	case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable", "ImageInspectError":
		cause.Kind = CauseImagePull
		return &cause
	case "CreateContainerConfigError", "CreateContainerError", "RunContainerError", "ContainerCannotRun":
		cause.Kind = CauseContainerConfig
		return &cause
	}
	ended := c.State == "terminated" && c.LastExit != 0
	if c.Ready || c.Init && c.State == "terminated" && !ended || c.Restarts == 0 && !ended {
		return nil
	}
	cause.Kind = CauseCrashLoop
	cause.Message = fmt.Sprintf("restarted %d times, last exit code %d", c.Restarts, c.LastExit)
	if c.LastReason != "" {
		cause.Message += " (" + c.LastReason + ")"
	}
	return &cause
}

// starting reports a pod that has a node and whose containers have not begun, without saying why.
func (p Pod) starting() bool {
	for _, c := range p.Containers {
		if c.State == "waiting" && (c.Reason == "ContainerCreating" || c.Reason == "PodInitializing") {
			return true
		}
	}
	return false
}
