package view

import (
	"strings"

	"github.com/modelops/modelops/internal/release"
)

// History is the result of `modelops history`, newest first.
type History struct {
	Target string  `json:"target"`
	Events []Event `json:"events"`
	// Truncated says that older events exist that were not asked for.
	Truncated bool `json:"truncated,omitempty"`
}

// Event is one step of an overlay.
type Event struct {
	// Action is promote, revert, retire, remove, hold, unhold, or edit for a change that no record tells of; empty where
	// the event only says what is missing.
	Action string   `json:"action"`
	Commit string   `json:"commit,omitempty"`
	At     string   `json:"at,omitempty"`
	By     string   `json:"by,omitempty"`
	From   *Release `json:"from,omitempty"`
	To     *Release `json:"to,omitempty"`
	Held   []Hold   `json:"held,omitempty"`
	Lifted []Hold   `json:"lifted,omitempty"`
	Reason string   `json:"reason,omitempty"`
	// Edited says that the release which was left had been changed by hand.
	Edited bool   `json:"edited,omitempty"`
	Signed bool   `json:"signed,omitempty"`
	Note   string `json:"note,omitempty"`
}

// FromEvent is the view of one event.
func FromEvent(e release.Event) Event {
	out := Event{
		Action: e.Action, By: e.By, At: stamp(e.Time), From: FromEntry(e.From), To: FromEntry(e.To), Reason: e.Reason,
		Edited: e.Edited, Note: e.Note, Signed: e.Commit.Signed,
	}
	if !e.Commit.Hash.IsZero() {
		out.Commit = e.Commit.Hash.String()
	}
	for _, h := range e.Held {
		out.Held = append(out.Held, FromHold(h))
	}
	for _, h := range e.Lifted {
		out.Lifted = append(out.Lifted, FromHold(h))
	}
	return out
}

// Text shows a table with the reasons.
func (h History) Text(t *Text) {
	if len(h.Events) == 0 {
		t.Line("%s has no history on this branch", h.Target)
		return
	}
	rows := make([][]any, 0, len(h.Events))
	for _, e := range h.Events {
		rows = append(rows, []any{day(e.At), In(eventStyle[e.Action], e.name()), cell(e.change(t)), commit(e.Commit), who(e.By), cell(e.why(t))})
	}
	t.Table([]string{"WHEN", "WHAT", "RELEASE", "COMMIT", "BY", "WHY"}, rows)
	if h.Truncated {
		t.Line("older events are left out: --limit 0 shows all")
	}
}

var eventStyle = map[string]Style{"promote": Green, "revert": Yellow, "hold": Red, "edit": Yellow}

func (e Event) name() string {
	if e.Action == "" {
		return "..."
	}
	return e.Action
}

func (e Event) change(t *Text) string {
	switch {
	case e.From != nil && e.To != nil && e.From.Version == e.To.Version:
		return t.Sprintf("%s (%s -> %s)", e.To.Version, e.From.ID, e.To.ID)
	case e.From != nil && e.To != nil:
		return t.Sprintf("%s -> %s", e.From.Version, e.To.Version)
	case e.To != nil:
		return t.Sprintf("%s", e.To.Version)
	case e.From != nil:
		return t.Sprintf("%s -> removed", e.From.Version)
	}
	return ""
}

func (e Event) why(t *Text) string {
	var parts []string
	if e.Reason != "" {
		parts = append(parts, t.Sprintf("%s", e.Reason))
	}
	if e.To != nil && e.To.From != "" {
		parts = append(parts, t.Sprintf("from %s", e.To.From))
	}
	for _, h := range e.Held {
		parts = append(parts, t.Sprintf("[holds %s]", h.what()))
	}
	for _, h := range e.Lifted {
		parts = append(parts, t.Sprintf("[no longer holds %s]", h.what()))
	}
	if e.Edited {
		parts = append(parts, "[left it edited by hand]")
	}
	if e.Note != "" {
		parts = append(parts, t.Sprintf("%s", e.Note))
	}
	return strings.Join(parts, " ")
}
