package argotest

import (
	"fmt"
	"strings"
	"time"
)

// pod plays one pod with one container.
type pod struct {
	owner     *deployment
	set       *replicaSet
	name, uid string
	behaviour Behaviour
	created   time.Time

	scheduled, started, ready, gone bool
	waiting, message                string // the container's reason to wait
	restarts                        int
	ended                           bool
}

func (p *pod) later(d time.Duration, fn func()) {
	p.owner.cluster.after(d, func() {
		if !p.gone && !p.owner.gone {
			fn()
			p.owner.reconcile()
		}
	})
}

func (p *pod) schedule() {
	if p.gone {
		return
	}
	record := p.owner.cluster.record
	b := p.behaviour
	if b.Unschedulable != "" {
		record(p.uid, "FailedScheduling", b.Unschedulable)
		return
	}
	p.scheduled, p.waiting = true, "ContainerCreating"
	switch {
	case b.MountError != "":
		record(p.uid, "FailedMount", b.MountError)
	case b.PullError != "":
		p.waiting, p.message = "ErrImagePull", b.PullError
		record(p.uid, "Failed", "Failed to pull image: "+b.PullError)
		p.later(time.Second, func() {
			p.waiting, p.message = "ImagePullBackOff", "Back-off pulling image: "+b.PullError
		})
	default:
		p.later(50*time.Millisecond, p.start)
	}
}

func (p *pod) start() {
	p.started, p.ended, p.waiting, p.message = true, false, "", ""
	b := p.behaviour
	if b.CrashAfter > 0 {
		p.later(b.CrashAfter, p.crash)
	}
	if !b.NeverReady && (b.CrashAfter == 0 || b.ready() < b.CrashAfter) {
		p.later(b.ready(), func() { p.ready = !p.ended })
	}
}

func (p *pod) crash() {
	pause := min(time.Duration(1<<p.restarts)*time.Second, 10*time.Second)
	p.restarts++
	p.ready, p.started, p.ended = false, false, true
	p.waiting, p.message = "CrashLoopBackOff", fmt.Sprintf("back-off %s restarting failed container", pause)
	p.owner.cluster.record(p.uid, "BackOff", "Back-off restarting failed container")
	p.later(pause, p.start)
}

func (p *pod) exit() map[string]any {
	reason := p.behaviour.Reason
	if reason == "" {
		reason = "Error"
	}
	return map[string]any{"terminated": map[string]any{"exitCode": p.behaviour.ExitCode, "reason": reason}}
}

func condition(kind string, ok bool, reason, message string) map[string]any {
	status := map[bool]string{true: "True", false: "False"}[ok]
	return map[string]any{"type": kind, "status": status, "reason": reason, "message": message}
}

// live is the pod as the API server would give it.
func (p *pod) live() map[string]any {
	phase := "Pending"
	if p.started || p.ended {
		phase = "Running"
	}
	conditions := []any{condition("Ready", p.ready, "", ""), condition("PodScheduled", p.scheduled, "", "")}
	if p.behaviour.Unschedulable != "" {
		conditions[1] = condition("PodScheduled", false, "Unschedulable", p.behaviour.Unschedulable)
	}
	status := map[string]any{"phase": phase, "conditions": conditions}
	if p.scheduled {
		container := map[string]any{
			"name": p.container(), "image": p.set.image, "ready": p.ready, "restartCount": p.restarts, "state": p.state(),
		}
		if p.restarts > 0 {
			container["lastState"] = p.exit()
		}
		status["containerStatuses"] = []any{container}
	}
	return map[string]any{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": map[string]any{"name": p.name, "namespace": p.owner.namespace, "uid": p.uid},
		"status":   status,
	}
}

func (p *pod) state() map[string]any {
	if p.waiting != "" {
		return map[string]any{"waiting": map[string]any{"reason": p.waiting, "message": p.message}}
	}
	return map[string]any{"running": map[string]any{}}
}

func (p *pod) container() string { return str(serving(p.owner.spec())["name"]) }

// health is Argo CD's rule for pods.
func (p *pod) health() (status, message string) {
	switch {
	case p.ready:
		return "Healthy", ""
	case strings.HasSuffix(p.waiting, "BackOff") || strings.HasPrefix(p.waiting, "Err"):
		return "Degraded", p.message
	}
	return "Progressing", ""
}
