package argocd

import "time"

// CauseKind names why a commit does not become healthy. The words are documented output.
type CauseKind string

// The kinds of cause.
const (
	CauseImagePull        CauseKind = "image-pull"
	CauseCrashLoop        CauseKind = "crash-loop"
	CauseContainerConfig  CauseKind = "container-config"
	CauseQuota            CauseKind = "quota"
	CauseLimitRange       CauseKind = "limit-range"
	CausePodSecurity      CauseKind = "pod-security"
	CauseAdmission        CauseKind = "admission"
	CauseUnschedulable    CauseKind = "unschedulable"
	CauseProgressDeadline CauseKind = "progress-deadline"
	CauseDegraded         CauseKind = "degraded"
	CauseOperation        CauseKind = "operation"
	CauseTerminated       CauseKind = "operation-terminated"
	CauseComparison       CauseKind = "comparison"
	CauseSyncWindow       CauseKind = "sync-window"
	CauseStalled          CauseKind = "stalled"
	CauseMismatch         CauseKind = "not-what-git-says"
	CauseDeleted          CauseKind = "application-deleted"
)

// Cause is one reason for not being healthy.
type Cause struct {
	Kind CauseKind `json:"kind"`
	// Object that shows it; zero where it is the Application itself.
	Object Object `json:"object,omitzero"`
	// Container of the object, where there is one: untrusted.
	Container string `json:"container,omitempty"`
	// Message is the cluster's or Argo CD's own text: untrusted.
	Message string `json:"message"`
	// Restarts of the container so far.
	Restarts int `json:"restarts,omitempty"`
}

func (c Cause) String() string {
	text := string(c.Kind) + ": " + c.Message
	if c.Object.Kind != "" {
		text = c.Object.String() + ": " + text
	}
	return text
}

// Finding is a cause that is there now, and for how long it has been.
type Finding struct {
	Cause Cause
	// Seen is the time since it was first seen without a break.
	Seen time.Duration
}

// limit is how long the cause is watched before it is final, and whether it already is, whatever the time.
func (p Patience) limit(c Cause) (limit time.Duration, final bool) {
	switch c.Kind {
	case CauseCrashLoop:
		return p.CrashLoop, p.CrashRestarts > 0 && c.Restarts >= p.CrashRestarts
	case CauseImagePull:
		return p.ImagePull, false
	case CauseContainerConfig:
		return p.ContainerConfig, false
	case CauseQuota:
		return p.Quota, false
	case CauseLimitRange, CausePodSecurity, CauseAdmission:
		return p.Admission, false
	case CauseUnschedulable:
		return p.Unschedulable, false
	case CauseDegraded, CauseMismatch:
		return p.Degraded, false
	case CauseComparison:
		return p.Comparison, false
	case CauseStalled:
		return p.Stalled, false
	case CauseProgressDeadline, CauseOperation, CauseTerminated, CauseSyncWindow, CauseDeleted:
	}
	return 0, true
}

// rank orders causes by how much they explain: a pod's own words before its ReplicaSet's, those before a summary.
func (k CauseKind) rank() int {
	order := []CauseKind{
		CauseImagePull, CauseContainerConfig, CauseCrashLoop, CauseQuota, CausePodSecurity, CauseLimitRange,
		CauseAdmission, CauseUnschedulable, CauseComparison, CauseOperation, CauseTerminated, CauseSyncWindow,
		CauseProgressDeadline, CauseMismatch, CauseDegraded, CauseStalled, CauseDeleted,
	}
	for i, kind := range order {
		if kind == k {
			return i
		}
	}
	return len(order)
}
