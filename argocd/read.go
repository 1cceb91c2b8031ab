package argocd

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/argoproj/gitops-engine/pkg/health"
	synccommon "github.com/argoproj/gitops-engine/pkg/sync/common"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// readApp takes from an Application what a State holds, with relations still unknown. Source is the index among several
// sources, -1 for a single one.
func readApp(app *v1alpha1.Application, source int) State {
	status := app.Status
	s := State{
		Deleting:     app.DeletionTimestamp != nil,
		AutoSync:     app.Spec.SyncPolicy != nil && app.Spec.SyncPolicy.Automated != nil,
		SyncStatus:   string(status.Sync.Status),
		Revision:     pick(status.Sync.Revision, status.Sync.Revisions, source),
		Health:       string(status.Health.Status),
		ReconciledAt: moment(status.ReconciledAt),
		Operation:    readOperation(app, source),
	}
	for _, r := range status.Resources {
		if r.Status == v1alpha1.SyncStatusCodeOutOfSync {
			s.Unequal = append(s.Unequal, Object{Group: r.Group, Kind: r.Kind, Namespace: r.Namespace, Name: r.Name})
		}
	}
	for _, c := range status.Conditions {
		switch c.Type {
		case v1alpha1.ApplicationConditionComparisonError, v1alpha1.ApplicationConditionInvalidSpecError, v1alpha1.ApplicationConditionUnknownError:
			s.Comparison = c.Message
		default:
			s.Warnings = append(s.Warnings, c.Type+": "+c.Message)
		}
	}
	return s
}

func readOperation(app *v1alpha1.Application, source int) *Operation {
	state := app.Status.OperationState
	if app.Operation != nil && (state == nil || state.Phase.Completed()) {
		// Accepted and not begun: the state, where there is one, is that of the operation before.
		op := &Operation{Phase: PhasePending}
		op.addRequest(*app.Operation, source)
		return op
	}
	if state == nil {
		return nil
	}
	op := &Operation{
		Phase: string(state.Phase), Message: state.Message, Retries: int(state.RetryCount),
		StartedAt: state.StartedAt.Time, FinishedAt: moment(state.FinishedAt),
	}
	op.addRequest(state.Operation, source)
	if result := state.SyncResult; result != nil {
		if revision := pick(result.Revision, result.Revisions, source); revision != "" {
			op.Revision = revision
		}
		op.Failures = failures(result.Resources)
	}
	return op
}

func (o *Operation) addRequest(request v1alpha1.Operation, source int) {
	o.Automated, o.By = request.InitiatedBy.Automated, request.InitiatedBy.Username
	if sync := request.Sync; sync != nil {
		o.Revision = pick(sync.Revision, sync.Revisions, source)
		o.Partial, o.DryRun = len(sync.Resources) > 0, sync.DryRun
	}
}

// failures lists what could not be applied, and hooks that failed.
func failures(results v1alpha1.ResourceResults) []Cause {
	var out []Cause
	for _, r := range results {
		bad := r.Status == synccommon.ResultCodeSyncFailed || r.HookPhase == synccommon.OperationFailed || r.HookPhase == synccommon.OperationError
		if bad {
			out = append(out, Cause{
				Kind: CauseOperation, Message: r.Message,
				Object: Object{Group: r.Group, Kind: r.Kind, Namespace: r.Namespace, Name: r.Name},
			})
		}
	}
	return out
}

// degraded lists objects that are Degraded by Argo CD's own rules.
func degraded(app *v1alpha1.Application) []Cause {
	if app.Status.Health.Status != health.HealthStatusDegraded {
		return nil
	}
	var out []Cause
	for _, r := range app.Status.Resources {
		if r.Health == nil || r.Health.Status != health.HealthStatusDegraded {
			continue
		}
		out = append(out, Cause{
			Kind: CauseDegraded, Message: orText(r.Health.Message, "health is Degraded"),
			Object: Object{Group: r.Group, Kind: r.Kind, Namespace: r.Namespace, Name: r.Name},
		})
	}
	if len(out) == 0 {
		out = append(out, Cause{Kind: CauseDegraded, Message: orText(app.Status.Health.Message, "health of the Application is Degraded")})
	}
	return out
}

// liveObject is the part of a Deployment that is read.
type liveObject struct {
	Metadata struct {
		Annotations map[string]string
		Generation  int64
	}
	Spec struct {
		Replicas *int32
		Paused   bool
		Template struct {
			Spec struct {
				Containers []struct{ Name, Image string }
			}
		}
	}
	Status struct {
		ObservedGeneration int64
		Replicas           int32
		UpdatedReplicas    int32
		AvailableReplicas  int32
		ReadyReplicas      int32
		Conditions         []condition
	}
}

type condition struct{ Type, Status, Reason, Message string }

// revisionAnnotation is where a Deployment's controller counts rollouts.
const revisionAnnotation = "deployment.kubernetes.io/revision"

// readWorkload reads a live object and the troubles that it reports itself.
func readWorkload(manifest string, o Object, container string) (*Workload, []Cause, error) {
	var live liveObject
	if err := json.Unmarshal([]byte(manifest), &live); err != nil {
		return nil, nil, fmt.Errorf("%s: not readable: %w", o, err)
	}
	w := &Workload{
		Object: o, ReleaseID: live.Metadata.Annotations[ReleaseAnnotation], Revision: live.Metadata.Annotations[revisionAnnotation],
		Generation: live.Metadata.Generation, ObservedGeneration: live.Status.ObservedGeneration, Wanted: 1,
		Total: live.Status.Replicas, Updated: live.Status.UpdatedReplicas,
		Available: live.Status.AvailableReplicas, Ready: live.Status.ReadyReplicas, Paused: live.Spec.Paused,
	}
	if live.Spec.Replicas != nil {
		w.Wanted = *live.Spec.Replicas
	}
	for _, c := range live.Spec.Template.Spec.Containers {
		if c.Name == container {
			w.Image = c.Image
		}
	}
	if w.Generation != w.ObservedGeneration {
		return w, nil, nil // its conditions are about the object before
	}
	var causes []Cause
	for _, c := range live.Status.Conditions {
		switch {
		case c.Type == "ReplicaFailure" && c.Status == "True":
			causes = append(causes, refusal(o, c.Message))
		case c.Type == "Progressing" && c.Status == "False" && c.Reason == "ProgressDeadlineExceeded":
			causes = append(causes, Cause{Kind: CauseProgressDeadline, Object: o, Message: c.Message})
		}
	}
	return w, causes, nil
}

func pick(single string, several []string, source int) string {
	if source >= 0 && source < len(several) {
		return several[source]
	}
	return single
}

func moment(t *metav1.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.Time
}

func orText(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}
