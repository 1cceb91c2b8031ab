package argocd

import "time"

// EventKind names a step of [Client.Deploy], [Client.Wait] or [Client.Await]. The words are documented output.
type EventKind string

// The kinds of event.
const (
	EventSearching    EventKind = "searching"
	EventWaiting      EventKind = "waiting"
	EventPreempting   EventKind = "preempting"
	EventTerminated   EventKind = "terminated"
	EventSyncing      EventKind = "syncing"
	EventFollowing    EventKind = "following"
	EventSyncDenied   EventKind = "sync-denied"
	EventReconnecting EventKind = "reconnecting"
	EventDone         EventKind = "done"
)

// Event is one step, for people who watch. Events of kind EventWaiting come at every look, also when nothing changed.
type Event struct {
	Kind EventKind
	// Elapsed is the time since the call began.
	Elapsed time.Duration
	// Message is one line: may hold untrusted text.
	Message string
	// Verdict and State are what the look showed, for EventWaiting and EventDone; State is nil otherwise.
	Verdict Verdict
	State   *State
}

// Outcome is what was found in the end, also beside an error.
type Outcome struct {
	App     AppRef
	Verdict Verdict
	// State is the last look; nil where there was none.
	State *State
	// Synced is set where this call began an operation; Followed where it took over one that was under way.
	Synced, Followed bool
	// Preempted lists revisions whose operation was ended to make way.
	Preempted []string
	// Notes are things to know that did not decide the outcome (overrides on the Application, denied rights).
	Notes []Note
	// Diagnosis is what the cluster says about a failure; nil without one.
	Diagnosis *Diagnosis
	Elapsed   time.Duration
}

// Note is something to know.
type Note struct {
	// Kind is one of override, shared, denied, warning.
	Kind string `json:"kind"`
	// Text may hold untrusted parts.
	Text string `json:"text"`
}

// Diagnosis is what Argo CD can show about a failure. Everything in it is untrusted text.
type Diagnosis struct {
	Pods   []Pod
	Events []ClusterEvent
	// Logs are the last lines of the container that failed.
	Logs []string
	// LogsOf is "POD/CONTAINER".
	LogsOf string
	// Denied names rights that would have shown more.
	Denied []string
}

// Pod is one pod of the newest rollout.
type Pod struct {
	Name string
	// Phase is Pending, Running, Succeeded, Failed or Unknown.
	Phase string
	Ready bool
	// Containers say what each of them does.
	Containers []Container
}

// Container is the state of one container.
type Container struct {
	Name     string
	Init     bool
	Ready    bool
	Restarts int
	// State is running, waiting or terminated; Reason and Message are the kubelet's.
	State, Reason, Message string
	// LastExit is the exit code before the last restart, LastReason its reason (OOMKilled, Error).
	LastExit   int
	LastReason string
}

// ClusterEvent is one Kubernetes event.
type ClusterEvent struct {
	Object Object
	Type   string
	Reason string
	// Message is the cluster's text.
	Message string
	Count   int
	Last    time.Time
}
