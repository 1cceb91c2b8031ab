package argotest

import (
	"fmt"
	"strconv"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/argoproj/gitops-engine/pkg/health"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Application is Argo CD's own type.
type Application = v1alpha1.Application

// application plays the application controller for one Application.
type application struct {
	server *Server
	app    Application
	gone   bool
	// target is what the last comparison built.
	target []map[string]any
	// tried is the revision that auto-sync has synced to already.
	tried string
	op    *operation
	// noticing is set while a look at live objects is due.
	noticing bool
}

func (s *Server) add(app App) {
	if app.Project == "" {
		app.Project = "default"
	}
	a := &application{server: s}
	a.app = Application{
		ObjectMeta: metav1.ObjectMeta{Name: app.Name, Namespace: "argocd", UID: types.UID(s.world.uid())},
		Spec: v1alpha1.ApplicationSpec{
			Project:     app.Project,
			Source:      &v1alpha1.ApplicationSource{RepoURL: app.RepoURL, Path: app.Path, TargetRevision: app.Branch},
			Destination: v1alpha1.ApplicationDestination{Server: "https://kubernetes.default.svc", Namespace: app.Namespace},
		},
	}
	if app.AutoSync {
		a.app.Spec.SyncPolicy = &v1alpha1.SyncPolicy{Automated: &v1alpha1.SyncPolicyAutomated{SelfHeal: app.SelfHeal, Prune: app.Prune}}
	}
	s.apps[app.Name] = a
	s.world.after(50*time.Millisecond, a.reconcile)
	if s.opts.Reconcile > 0 {
		a.periodic()
	}
}

func (a *application) periodic() {
	a.server.world.after(a.server.opts.Reconcile, func() {
		if !a.gone {
			a.reconcile()
			a.periodic()
		}
	})
}

func (a *application) now() metav1.Time {
	return metav1.Time{Time: a.server.world.now.Truncate(time.Second)}
}

func (a *application) auto() *v1alpha1.SyncPolicyAutomated {
	if a.app.Spec.SyncPolicy == nil {
		return nil
	}
	return a.app.Spec.SyncPolicy.Automated
}

// build asks for the objects of the Application at a revision.
func (a *application) build(revision string) ([]map[string]any, string, error) {
	if text := a.server.faults.ComparisonError; text != "" {
		return nil, "", fmt.Errorf("%s", text)
	}
	source := a.app.Spec.GetSource()
	if revision == "" {
		revision = source.TargetRevision
	}
	objects, commit, err := a.server.opts.Build(a.server.ctx, source.RepoURL, revision, source.Path)
	if err != nil {
		//lint:ignore ST1005 the words are those of Argo CD
		return nil, commit, fmt.Errorf("Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = %w", err)
	}
	out := make([]map[string]any, len(objects))
	for i, o := range objects {
		out[i] = clone(o)
		if metadata := dig(out[i], "metadata"); metadata != nil && str(metadata["namespace"]) == "" && !clusterScoped(str(o["kind"])) {
			metadata["namespace"] = a.app.Spec.Destination.Namespace
		}
	}
	return out, commit, nil
}

func clusterScoped(kind string) bool {
	switch kind {
	case "Namespace", "ClusterRole", "ClusterRoleBinding", "PriorityClass", "CustomResourceDefinition":
		return true
	}
	return false
}

// reconcile compares with the branch, and lets auto-sync begin an operation.
func (a *application) reconcile() {
	if a.gone {
		return
	}
	objects, commit, err := a.build("")
	a.setCondition(err)
	a.app.Status.ReconciledAt = ptr(a.now())
	if err != nil {
		a.app.Status.Sync.Status = v1alpha1.SyncStatusCodeUnknown
		if commit != "" {
			a.app.Status.Sync.Revision = commit
		}
		return
	}
	a.target = objects
	a.app.Status.Sync.Revision = commit
	a.compare()
	a.autoSync(commit)
}

func (a *application) setCondition(err error) {
	a.app.Status.Conditions = nil
	if err != nil {
		a.app.Status.Conditions = []v1alpha1.ApplicationCondition{{Type: v1alpha1.ApplicationConditionComparisonError, Message: err.Error()}}
	}
}

// compare sets status and health from the last target and what is live, as cluster events make Argo CD do: the moment
// of reconciliation stays.
func (a *application) compare() {
	status := &a.app.Status
	status.Resources = nil
	sync := v1alpha1.SyncStatusCodeSynced
	worst := health.HealthStatusHealthy
	wanted := map[key]bool{}
	for _, o := range a.target {
		k := keyOf(o)
		if hookOf(o) != "" {
			continue
		}
		wanted[k] = true
		r := a.resource(o)
		if r.Status != v1alpha1.SyncStatusCodeSynced {
			sync = v1alpha1.SyncStatusCodeOutOfSync
		}
		if r.Health != nil && health.IsWorse(worst, r.Health.Status) {
			worst = r.Health.Status
		}
		status.Resources = append(status.Resources, r)
	}
	for _, o := range a.server.world.sorted(a.app.Name) {
		if !wanted[o.key] {
			sync = v1alpha1.SyncStatusCodeOutOfSync
			group, version := groupOf(o.manifest)
			status.Resources = append(status.Resources, v1alpha1.ResourceStatus{
				Group: group, Version: version, Kind: o.kind, Namespace: o.namespace, Name: o.name,
				Status: v1alpha1.SyncStatusCodeOutOfSync, RequiresPruning: true,
			})
		}
	}
	if len(status.Conditions) == 0 {
		status.Sync.Status = sync
	}
	if status.Health.Status != worst {
		status.Health = v1alpha1.HealthStatus{Status: worst, LastTransitionTime: ptr(a.now())}
	}
}

func (a *application) resource(wanted map[string]any) v1alpha1.ResourceStatus {
	k := keyOf(wanted)
	group, version := groupOf(wanted)
	r := v1alpha1.ResourceStatus{Group: group, Version: version, Kind: k.kind, Namespace: k.namespace, Name: k.name, Status: v1alpha1.SyncStatusCodeSynced}
	live := a.server.world.objects[k]
	if live == nil || live.desired != encode(wanted) {
		r.Status = v1alpha1.SyncStatusCodeOutOfSync
	}
	switch {
	case live == nil:
		r.Health = &v1alpha1.HealthStatus{Status: health.HealthStatusMissing}
	case live.rollout != nil:
		status, message := live.rollout.health()
		r.Health = &v1alpha1.HealthStatus{Status: health.HealthStatusCode(status), Message: message}
	}
	return r
}

// autoSync begins an operation where the Application differs, once for each revision, and again where it heals itself.
func (a *application) autoSync(commit string) {
	policy := a.auto()
	if policy == nil || a.op != nil || a.app.Status.Sync.Status != v1alpha1.SyncStatusCodeOutOfSync {
		return
	}
	operation := v1alpha1.Operation{
		Sync:        &v1alpha1.SyncOperation{Revision: commit, Prune: policy.Prune},
		InitiatedBy: v1alpha1.OperationInitiator{Automated: true},
	}
	if a.tried == commit {
		last := a.app.Status.OperationState
		if !policy.SelfHeal || last == nil || !last.Phase.Successful() {
			return
		}
		for _, r := range a.app.Status.Resources {
			if r.Status == v1alpha1.SyncStatusCodeOutOfSync {
				operation.Sync.Resources = append(operation.Sync.Resources, v1alpha1.SyncOperationResource{Group: r.Group, Kind: r.Kind, Name: r.Name, Namespace: r.Namespace})
			}
		}
	}
	a.tried = commit
	a.begin(operation)
}

// changed makes Argo CD notice, after a moment, that something live is another: status follows, the moment of
// reconciliation does not.
func (a *application) changed() {
	if a.noticing {
		return
	}
	a.noticing = true
	a.server.world.after(100*time.Millisecond, func() {
		a.noticing = false
		if a.target != nil {
			a.compare()
		}
	})
}

// synced makes the objects of an operation the ones that are compared with, as the controller does after it.
func (a *application) synced(objects []map[string]any, commit string) {
	a.server.world.after(100*time.Millisecond, func() {
		if len(a.app.Status.Conditions) == 0 {
			a.target, a.app.Status.Sync.Revision = objects, commit
			a.compare()
		}
	})
}

// view is a copy as the API gives it.
func (a *application) view() *Application {
	a.app.ResourceVersion = strconv.FormatInt(a.server.world.now.UnixNano(), 10)
	return a.app.DeepCopy()
}

func ptr[T any](v T) *T { return &v }
