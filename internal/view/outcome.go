package view

import "time"

// Outcome is what Argo CD was seen to do for one target.
type Outcome struct {
	Target string `json:"target"`
	// Application by name and project.
	Application string `json:"application,omitempty"`
	Project     string `json:"project,omitempty"`
	// Status is proven, failed, superseded, timed-out, syncing or unknown.
	Status string `json:"status"`
	// Reason in one line.
	Reason string `json:"reason,omitempty"`
	// Revision that was judged.
	Revision string `json:"revision,omitempty"`
	// Synced says that an operation was started, Followed that one under way was taken over; Preempted are the revisions
	// whose operation was ended.
	Synced    bool     `json:"synced,omitempty"`
	Followed  bool     `json:"followed,omitempty"`
	Preempted []string `json:"preempted,omitempty"`
	// Seconds that it took.
	Seconds float64 `json:"seconds"`
	// Cause of a failure.
	Cause *Cause `json:"cause,omitempty"`
	// Pods, events and log lines that explain it.
	Pods   []string `json:"pods,omitempty"`
	Events []string `json:"events,omitempty"`
	LogsOf string   `json:"logsOf,omitempty"`
	Logs   []string `json:"logs,omitempty"`
	// Denied are rights that would have shown more.
	Denied []string `json:"denied,omitempty"`
	Notes  []string `json:"notes,omitempty"`
}

// Cause is why a workload does not become healthy.
type Cause struct {
	// Kind is a word that does not change, such as image-pull or quota.
	Kind    string `json:"kind"`
	Object  string `json:"object,omitempty"`
	Message string `json:"message"`
}

// Waited is the result of sync and wait.
type Waited struct {
	Outcomes []Outcome `json:"outcomes"`
}

// Text shows each outcome.
func (w Waited) Text(t *Text) {
	for _, o := range w.Outcomes {
		o.text(t)
	}
}

// StatusFailed is the status of an outcome that cannot become a success any more.
const StatusFailed = "failed"

var statusStyle = map[string]Style{"proven": Green, StatusFailed: Red, "superseded": Yellow, "timed-out": Red}

func (o Outcome) text(t *Text) {
	t.Line("%s %s after %s: %s", o.Target, In(statusStyle[o.Status], o.Status), seconds(o.Seconds), o.Reason)
	t.Under(func() {
		for _, n := range o.Notes {
			t.Line("note: %s", n)
		}
		for _, p := range o.Preempted {
			t.Line("ended the operation on %s", commit(p))
		}
		o.diagnosis(t)
	})
}

func (o Outcome) diagnosis(t *Text) {
	for _, p := range o.Pods {
		t.Line("%s", p)
	}
	for _, e := range o.Events {
		t.Line("event: %s", e)
	}
	if len(o.Logs) > 0 {
		t.Line("last lines of %s:", o.LogsOf)
		t.Under(func() {
			for _, l := range o.Logs {
				t.Line("%s", In(Dim, l))
			}
		})
	}
	for _, d := range o.Denied {
		t.Line("more would be shown with the right: %s", d)
	}
}

func seconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(100 * time.Millisecond).String()
}
