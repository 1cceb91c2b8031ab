package argotest

import "time"

// Behaviour is what the pods of one image do. The zero value becomes ready after a moment.
type Behaviour struct {
	// ReadyAfter is the time from start to ready; zero means half a second.
	ReadyAfter time.Duration
	// NeverReady keeps the containers running and not ready.
	NeverReady bool
	// CrashAfter ends the container again and again, each time after this long, with ExitCode and Reason.
	CrashAfter time.Duration
	ExitCode   int
	Reason     string
	// PullError is what the registry says; the image is never there.
	PullError string
	// Unschedulable is what the scheduler says; the pod never gets a node.
	Unschedulable string
	// Refused is what the API server says when a pod is created.
	Refused string
	// MountError is what the kubelet says; the containers never start.
	MountError string
	// Hang keeps a Job running for ever, where the image is that of a hook; Fail ends it badly.
	Hang, Fail bool
	// Logs are the container's lines.
	Logs []string
}

// ready is the time until the pod is ready.
func (b Behaviour) ready() time.Duration {
	if b.ReadyAfter > 0 {
		return b.ReadyAfter
	}
	return 500 * time.Millisecond
}

// Faults are what goes wrong in Argo CD itself. They are switched on with [Server.Fault].
type Faults struct {
	// StaleRefreshes is how many refreshes answer with the status as it was.
	StaleRefreshes int
	// SlowRefresh is how long a refresh takes.
	SlowRefresh time.Duration
	// DropCalls is how many calls lose their connection before the answer; DropAfter lets the call take effect first.
	DropCalls int
	DropAfter bool
	// LateTerminate lets a termination arrive when the running operation is over and the next has begun.
	LateTerminate bool
	// TerminateConflicts is how many terminations fail with a conflict of writes.
	TerminateConflicts int
	// StuckTerminating keeps an ended operation in the phase Terminating for so long.
	StuckTerminating time.Duration
	// ComparisonError makes every comparison fail with this text.
	ComparisonError string
	// SyncWindow refuses every sync as a closed sync window does.
	SyncWindow bool
	// KeepImage makes applying leave a Deployment's image as it is, as an override on the Application may.
	KeepImage bool
}

// Account is who a token belongs to.
type Account struct {
	// Name is the subject, such as "proj:team-a:ci".
	Name string
	// Policies are rights as "RESOURCE, ACTION, OBJECT", where * stands for anything.
	Policies []string
}
