package argotest

import (
	"fmt"
	"slices"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	synccommon "github.com/argoproj/gitops-engine/pkg/sync/common"
)

// operation plays one sync: pre-sync hooks, applying, pruning.
type operation struct {
	app     *application
	request v1alpha1.Operation
	over    bool
}

// begin accepts an operation: Argo CD shows no state for it until it starts.
func (a *application) begin(request v1alpha1.Operation) {
	a.op = &operation{app: a, request: request}
	a.app.Operation = &request
	a.app.Status.OperationState = nil
	a.server.world.after(50*time.Millisecond, a.op.start)
}

func (o *operation) after(d time.Duration, fn func()) {
	o.app.server.world.after(d, func() {
		if !o.over {
			fn()
		}
	})
}

func (o *operation) state() *v1alpha1.OperationState { return o.app.app.Status.OperationState }

func (o *operation) start() {
	if o.over {
		return
	}
	o.app.app.Status.OperationState = &v1alpha1.OperationState{
		Operation: o.request, Phase: synccommon.OperationRunning, StartedAt: o.app.now(),
		SyncResult: &v1alpha1.SyncOperationResult{Revision: o.request.Sync.Revision},
	}
	objects, commit, err := o.app.build(o.request.Sync.Revision)
	if err != nil {
		o.finish(synccommon.OperationError, "ComparisonError: "+err.Error())
		return
	}
	o.state().SyncResult.Revision = commit
	o.after(50*time.Millisecond, func() { o.hooks(objects) })
}

// hooks runs what comes before the sync; a hook that hangs keeps the operation running.
func (o *operation) hooks(objects []map[string]any) {
	for _, object := range objects {
		if hookOf(object) != "PreSync" || len(o.request.Sync.Resources) > 0 {
			continue
		}
		k := keyOf(object)
		b := o.app.server.world.behaviour(imageOf(dig(object, "spec")), annotations(object))
		switch {
		case b.Hang:
			o.state().Message = fmt.Sprintf("waiting for completion of hook batch/%s/%s", k.kind, k.name)
			return
		case b.Fail:
			o.result(object, v1alpha1.ResourceResult{HookType: synccommon.HookTypePreSync, HookPhase: synccommon.OperationFailed, Message: "Job has reached the specified backoff limit"})
			o.finish(synccommon.OperationFailed, "one or more synchronization tasks completed unsuccessfully")
			return
		}
	}
	o.apply(objects)
}

func (o *operation) result(object map[string]any, r v1alpha1.ResourceResult) {
	k := keyOf(object)
	r.Group, r.Version = groupOf(object)
	r.Kind, r.Namespace, r.Name = k.kind, k.namespace, k.name
	o.state().SyncResult.Resources = append(o.state().SyncResult.Resources, &r)
}

func (o *operation) apply(objects []map[string]any) {
	world := o.app.server.world
	failed := false
	wanted := map[key]bool{}
	for _, object := range objects {
		wanted[keyOf(object)] = true
		if hookOf(object) != "" || !o.selected(keyOf(object)) {
			continue
		}
		result := v1alpha1.ResourceResult{Status: synccommon.ResultCodeSynced, Message: "configured"}
		if err := world.apply(o.app.app.Name, object, o.app.server.faults.KeepImage); err != nil {
			failed = true
			result.Status, result.Message = synccommon.ResultCodeSyncFailed, err.Error()
		}
		o.result(object, result)
	}
	if failed {
		o.finish(synccommon.OperationFailed, "one or more objects failed to apply")
		return
	}
	if o.request.Sync.Prune {
		for _, live := range world.sorted(o.app.app.Name) {
			if !wanted[live.key] {
				world.remove(live.key)
			}
		}
	}
	commit := o.state().SyncResult.Revision
	o.after(50*time.Millisecond, func() {
		o.finish(synccommon.OperationSucceeded, "successfully synced (all tasks run)")
		o.app.synced(objects, commit)
	})
}

func (o *operation) selected(k key) bool {
	list := o.request.Sync.Resources
	return len(list) == 0 || slices.ContainsFunc(list, func(r v1alpha1.SyncOperationResource) bool {
		return r.Kind == k.kind && r.Namespace == k.namespace && r.Name == k.name
	})
}

func (o *operation) finish(phase synccommon.OperationPhase, message string) {
	o.over = true
	state := o.state()
	state.Phase, state.Message, state.FinishedAt = phase, message, ptr(o.app.now())
	o.app.op, o.app.app.Operation = nil, nil
	o.app.changed()
	if phase.Successful() && len(o.request.Sync.Resources) == 0 {
		o.app.app.Status.History = append(o.app.app.Status.History, v1alpha1.RevisionHistory{
			ID: int64(len(o.app.app.Status.History)), Revision: state.SyncResult.Revision, DeployedAt: *state.FinishedAt, InitiatedBy: o.request.InitiatedBy,
		})
	}
}

// terminate ends the operation after a moment.
func (o *operation) terminate() {
	o.state().Phase, o.state().Message = synccommon.OperationTerminating, "operation is terminating."
	pause := 100 * time.Millisecond
	if stuck := o.app.server.faults.StuckTerminating; stuck > 0 {
		pause = stuck
	}
	o.over = true // nothing more is applied
	o.app.server.world.after(pause, func() {
		o.finish(synccommon.OperationFailed, "Operation terminated")
		if o.app.app.Status.Sync.Status == v1alpha1.SyncStatusCodeOutOfSync {
			o.app.autoSync(o.app.app.Status.Sync.Revision)
		}
	})
}

func hookOf(object map[string]any) string { return annotations(object)["argocd.argoproj.io/hook"] }
