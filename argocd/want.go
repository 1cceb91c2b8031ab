package argocd

import (
	"context"
	"time"
)

// Relation says how a revision that Argo CD names relates to the wanted commit.
type Relation int

const (
	// RelationUnknown is a revision that nobody could place; it never counts for success.
	RelationUnknown Relation = iota
	// RelationSame is the wanted commit itself.
	RelationSame
	// RelationDescendant is a later commit whose overlay is the wanted one.
	RelationDescendant
	// RelationSuperseded is a later commit with another overlay.
	RelationSuperseded
	// RelationOlder is a revision that does not contain the wanted commit.
	RelationOlder
)

// Ours reports whether applying the revision applies the wanted overlay.
func (r Relation) Ours() bool { return r == RelationSame || r == RelationDescendant }

func (r Relation) String() string {
	names := [...]string{"unknown", "same", "descendant", "superseded", "older"}
	if r < 0 || int(r) >= len(names) {
		return "unknown"
	}
	return names[r]
}

// Object names one Kubernetes object. Names come from the cluster and are untrusted.
type Object struct {
	Group     string `json:"group,omitempty"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

func (o Object) String() string {
	if o.Name == "" {
		return o.Kind
	}
	return o.Kind + " " + o.Name
}

// Want is what has to be proven.
type Want struct {
	// Commit is the full id of the commit that brought the overlay in.
	Commit string
	// Contains places a revision relative to Commit. It may look into Git and is asked once per revision, except that
	// RelationUnknown and errors are asked again. It must not be nil.
	Contains func(ctx context.Context, revision string) (Relation, error)
	// ReleaseID is the value of the workload's annotation modelops.dev/release.
	ReleaseID string
	// Image is NAME@sha256:... as the container of the pod template must carry it.
	Image string
	// Container names that container; empty means "server".
	Container string
	// Workload is the object that serves; its kind is Deployment where it is empty.
	Workload Object
	// Retired wants no replicas at all.
	Retired bool
}

// ReleaseAnnotation is where the live workload carries the release's id.
const ReleaseAnnotation = "modelops.dev/release"

func (w Want) container() string {
	if w.Container == "" {
		return "server"
	}
	return w.Container
}

// Patience says how long each kind of trouble is watched before it counts as final. Zero means at once, except where
// noted. Durations count from the moment that the trouble was first seen without a break.
type Patience struct {
	// Timeout bounds the whole call; zero leaves it to the context.
	Timeout time.Duration
	// Poll is the pause between two looks; zero means one second.
	Poll time.Duration
	// AppMissing is how long [Client.Await] waits for an Application that does not exist yet.
	AppMissing time.Duration
	// CrashRestarts restarts of one container make a crash loop final, whatever the time.
	CrashRestarts int
	// CrashLoop is for containers that back off after a crash.
	CrashLoop time.Duration
	// ImagePull is for images that cannot be pulled.
	ImagePull time.Duration
	// ContainerConfig is for containers that cannot be created (missing Secret, bad mount).
	ContainerConfig time.Duration
	// Admission is for pods that the API server refuses (Pod Security, LimitRange, ServiceAccount).
	Admission time.Duration
	// Quota is for pods refused by a ResourceQuota; others may free it.
	Quota time.Duration
	// Unschedulable is for pods without a node; an autoscaler may bring one.
	Unschedulable time.Duration
	// Degraded is for objects whose health is Degraded for no reason named above, and for a workload that differs from
	// Git although Argo CD calls it Synced.
	Degraded time.Duration
	// Comparison is for manifests that Argo CD cannot load or compare.
	Comparison time.Duration
	// Stalled is for a failed earlier operation after which nothing starts by itself.
	Stalled time.Duration
	// Outage is how long the server may be out of reach without a break.
	Outage time.Duration
	// OperationRetries of a failing operation make it final; zero means to wait for its end.
	OperationRetries int
	// LogLines are read from a failed container; zero reads none.
	LogLines int
}

// DefaultPatience suits models: minutes for a node, seconds for an image that is not there.
func DefaultPatience() Patience {
	return Patience{
		Timeout: 30 * time.Minute, Poll: time.Second, AppMissing: 10 * time.Minute,
		CrashRestarts: 3, CrashLoop: 45 * time.Second,
		ImagePull: 30 * time.Second, ContainerConfig: 30 * time.Second,
		Admission: 10 * time.Second, Quota: 45 * time.Second, Unschedulable: 5 * time.Minute,
		Degraded: 20 * time.Second, Comparison: 45 * time.Second, Stalled: time.Minute,
		Outage:           2 * time.Minute,
		OperationRetries: 2, LogLines: 20,
	}
}

func (p Patience) poll() time.Duration {
	if p.Poll <= 0 {
		return time.Second
	}
	return p.Poll
}
