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
	table := historyTable{}
	for _, e := range h.Events {
		table.row(t, e)
	}
	table.end(t, h)
}

// historyTable writes rows as they come: columns are as wide as the widest cell so far.
type historyTable struct{ widths []int }

// The least widths of columns whose later cells are often wider than the first.
const (
	whatWidth    = len("promote")
	releaseWidth = len("1.1.0 -> 1.0.0")
)

func (h *historyTable) row(t *Text, e Event) {
	row := []any{day(e.At), In(eventStyle[e.Action], e.name()), cell(e.change(t)), commit(e.Commit), who(e.By), cell(e.why(t))}
	if h.widths == nil {
		head := []any{In(Dim, "WHEN"), In(Dim, "WHAT"), In(Dim, "RELEASE"), In(Dim, "COMMIT"), In(Dim, "BY"), In(Dim, "WHY")}
		h.widths = make([]int, len(head))
		h.widths[1], h.widths[2] = whatWidth, releaseWidth
		titles := t.cells(head, h.widths)
		cells := t.cells(row, h.widths)
		t.row(titles, h.widths)
		t.row(cells, h.widths)
		return
	}
	t.row(t.cells(row, h.widths), h.widths)
}

func (h *historyTable) end(t *Text, all History) {
	if h.widths == nil {
		t.Line("%s has no history on this branch", all.Target)
	}
	if all.Truncated {
		t.Line("older events are left out: --limit 0 shows all")
	}
}

// HistoryStream shows a history while it is found: as text a line at a time, as JSON in one document at the end.
type HistoryStream struct {
	out   *Output
	table historyTable
	all   History
}

// History starts to show the history of a target.
func (o *Output) History(target string) *HistoryStream {
	return &HistoryStream{out: o, all: History{Target: target, Events: []Event{}}}
}

// Len is how many events were shown.
func (s *HistoryStream) Len() int { return len(s.all.Events) }

// Add shows an event.
func (s *HistoryStream) Add(e Event) error {
	s.all.Events = append(s.all.Events, e)
	return s.text(func(t *Text) { s.table.row(t, e) })
}

// End finishes; truncated says that there are older events.
func (s *HistoryStream) End(truncated bool) error {
	s.all.Truncated = truncated
	if s.out.JSON() {
		return s.out.Print(s.all)
	}
	return s.text(func(t *Text) { s.table.end(t, s.all) })
}

func (s *HistoryStream) text(write func(*Text)) error {
	if s.out.JSON() {
		return nil
	}
	return s.out.lines(write)
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
