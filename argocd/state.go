package argocd

import "time"

// State is one look at an Application: what Argo CD showed and what the live workload says. It holds plain values, so
// that [Judge] needs neither a server nor a clock.
type State struct {
	// Deleting is set while Argo CD removes the Application.
	Deleting bool
	// AutoSync is set where Argo CD starts operations by itself.
	AutoSync bool
	// SyncStatus is Synced, OutOfSync or Unknown; Revision is what was compared with the cluster.
	SyncStatus string
	Revision   string
	Relation   Relation
	// RelationError says why Revision could not be placed.
	RelationError string
	// Health is the Application's word: Healthy, Progressing, Degraded, Suspended, Missing or Unknown.
	Health string
	// ReconciledAt is when the comparison behind SyncStatus and Health was made: the controller's clock, whole seconds.
	ReconciledAt time.Time
	// Operation is the last or running one; nil where there has been none.
	Operation *Operation
	// Workload is the live object; nil where there is none or it could not be read.
	Workload *Workload
	// WorkloadError says why it could not be read: untrusted.
	WorkloadError string
	// Findings are the troubles seen now, of the newest rollout only.
	Findings []Finding
	// Unequal are the objects that differ from the manifests, where SyncStatus is OutOfSync.
	Unequal []Object
	// Comparison is Argo CD's text where it cannot load or compare the manifests: untrusted.
	Comparison string
	// Warnings are conditions that do not stop a deployment: untrusted.
	Warnings []string
}

// Phases of an [Operation], as Argo CD names them, and one of ours.
const (
	// PhasePending is an operation that was accepted and not begun: Argo CD shows no state for it yet.
	PhasePending     = "Pending"
	PhaseRunning     = "Running"
	PhaseTerminating = "Terminating"
	PhaseSucceeded   = "Succeeded"
	PhaseFailed      = "Failed"
	PhaseError       = "Error"
)

// Operation is one sync that Argo CD runs or ran.
type Operation struct {
	Phase string
	// Message is Argo CD's text: untrusted.
	Message  string
	Revision string
	Relation Relation
	// Partial is set where only some objects were synced, as self-healing does.
	Partial bool
	// DryRun is set where nothing was applied.
	DryRun bool
	// Automated is set where Argo CD began it by itself.
	Automated bool
	// By is the user that began it: untrusted.
	By         string
	Retries    int
	StartedAt  time.Time
	FinishedAt time.Time
	// Failures are the objects that could not be applied, and hooks that failed.
	Failures []Cause
}

// Running reports whether the operation may still change objects.
func (o *Operation) Running() bool {
	return o != nil && (o.Phase == PhasePending || o.Phase == PhaseRunning || o.Phase == PhaseTerminating)
}

// Bad reports whether the operation ended without success.
func (o *Operation) Bad() bool {
	return o != nil && (o.Phase == PhaseFailed || o.Phase == PhaseError)
}

// terminatedMessage is what Argo CD writes on an operation that somebody ended; there is no code for it.
const terminatedMessage = "Operation terminated"

// Workload is what the live object says about itself.
type Workload struct {
	Object    Object
	ReleaseID string
	// Image of the serving container in the pod template; empty where there is no such container.
	Image              string
	Generation         int64
	ObservedGeneration int64
	// Wanted is spec.replicas; the others are its status.
	Wanted, Total, Updated, Available, Ready int32
	// Revision is the rollout's number, which the newest ReplicaSet carries too.
	Revision string
	// Paused is set where the controller does not roll out.
	Paused bool
}

// Status is the kind of a [Verdict].
type Status int

const (
	// Pending is not proven yet.
	Pending Status = iota
	// Done is proven.
	Done
	// Failed will not come by itself.
	Failed
	// Superseded has another overlay on the branch meanwhile.
	Superseded
)

func (s Status) String() string {
	return [...]string{"pending", "done", "failed", "superseded"}[s]
}

// Verdict is what a [State] means for a [Want].
type Verdict struct {
	Status Status
	// Reason says in one line what is missing, or what was proven: may hold untrusted text.
	Reason string
	// Cause is set when Failed, and while Pending where there is trouble that may pass.
	Cause *Cause
	// Certain is set when Failed needs no more patience.
	Certain bool
	// Revision is the one that was judged.
	Revision string
}
