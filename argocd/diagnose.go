package argocd

import (
	"context"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// diagnoseTime bounds what is spent on explaining a failure that is already certain.
const diagnoseTime = 15 * time.Second

// diagnose reads what Argo CD can show about a failure: pods, their events, and the last log lines. What cannot be read
// is left out; what is denied is named.
func (r *run) diagnose(ctx context.Context, cause Cause) *Diagnosis {
	ctx, cancel := context.WithTimeout(ctx, diagnoseTime)
	defer cancel()
	d := &Diagnosis{Pods: r.pods}
	if rs := r.rollout.replicaSet; rs != nil {
		r.addEvents(ctx, d, *rs)
	}
	for _, n := range r.rollout.pods {
		if cause.Object.Name == n.Name {
			r.addEvents(ctx, d, n)
		}
	}
	r.addLogs(ctx, d, cause)
	return d
}

func (r *run) addEvents(ctx context.Context, d *Diagnosis, n node) {
	list, err := r.events(ctx, r.app, n.Object, n.uid)
	if err != nil {
		d.denied(err)
		return
	}
	for _, e := range list.Items {
		if e.Type != corev1.EventTypeNormal {
			d.Events = append(d.Events, ClusterEvent{
				Object: n.Object, Type: e.Type, Reason: e.Reason, Message: e.Message, Count: int(e.Count), Last: e.LastTimestamp.Time,
			})
		}
	}
}

// addLogs reads the container of the cause, or else the first that is not ready: of the run that crashed where there
// was one.
func (r *run) addLogs(ctx context.Context, d *Diagnosis, cause Cause) {
	if r.p.LogLines <= 0 {
		return
	}
	pod, container := r.failing(cause)
	if container == nil || container.State == "waiting" && container.Restarts == 0 {
		return // never started: there are no lines
	}
	o := Object{Kind: "Pod", Namespace: r.want.Workload.Namespace, Name: pod}
	crashed := container.Restarts > 0 && container.State != "terminated"
	lines, err := r.logs(ctx, r.app, o, container.Name, int64(r.p.LogLines), crashed)
	if err != nil {
		d.denied(err)
		return
	}
	d.Logs, d.LogsOf = lines, pod+"/"+container.Name
}

func (r *run) failing(cause Cause) (pod string, container *Container) {
	for _, p := range r.pods {
		for i := range p.Containers {
			c := &p.Containers[i]
			exact := p.Name == cause.Object.Name && c.Name == cause.Container
			if exact || container == nil && !c.Ready && !(c.Init && c.State == "terminated" && c.LastExit == 0) {
				pod, container = p.Name, c
			}
			if exact {
				return pod, container
			}
		}
	}
	return pod, container
}

func (d *Diagnosis) denied(err error) {
	var denied *PermissionError
	if errors.As(err, &denied) {
		d.Denied = append(d.Denied, denied.Right)
	}
}
