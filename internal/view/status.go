package view

import (
	"slices"
	"strings"

	"github.com/modelops/modelops/internal/release"
)

// Status is the result of `modelops status`.
type Status struct {
	Branch string `json:"branch"`
	Remote string `json:"remote,omitempty"`
	Commit string `json:"commit"`
	// Targets in the order of models and environments; models that were never promoted have no entry in an environment.
	Targets []TargetStatus `json:"targets"`
	// Unreleased are models that run in no environment yet.
	Unreleased []string `json:"unreleased"`
}

// TargetStatus is what Git says of one overlay.
type TargetStatus struct {
	Target      string   `json:"target"`
	Model       string   `json:"model"`
	Environment string   `json:"environment"`
	Release     *Release `json:"release"`
	// Pending says how a promote without --version would change it.
	Pending string `json:"pending,omitempty"`
	Edited  bool   `json:"edited,omitempty"`
	// Holds of the environment that are in force, HeldRunning the one that the running release falls under, Expiring those
	// that end within a week.
	Holds       []Hold `json:"holds,omitempty"`
	HeldRunning *Hold  `json:"heldRunning,omitempty"`
	Expiring    []Hold `json:"expiring,omitempty"`
	// Problem says what cannot be read.
	Problem string `json:"problem,omitempty"`
}

// FromStatus is the view of one overlay's status.
func FromStatus(s release.Status) TargetStatus {
	out := TargetStatus{
		Target: s.Target.String(), Model: s.Target.ModelName(), Environment: s.Target.Env, Release: FromEntry(s.Current),
		Pending: s.Pending, Edited: s.Edited, Problem: s.Problem,
	}
	for _, h := range s.Holds {
		out.Holds = append(out.Holds, FromHold(h))
	}
	for _, h := range s.Expiring {
		out.Expiring = append(out.Expiring, FromHold(h))
	}
	if s.HeldRunning != nil {
		h := FromHold(*s.HeldRunning)
		out.HeldRunning = &h
	}
	return out
}

// Add takes a target's status in, unless there is nothing to say of it.
func (s *Status) Add(t TargetStatus) {
	if t.Release != nil || t.Problem != "" || len(t.Holds) > 0 {
		s.Targets = append(s.Targets, t)
	}
}

// Missing notes which of the models run nowhere.
func (s *Status) Missing(models []string) {
	running := make(map[string]bool, len(models))
	for _, t := range s.Targets {
		running[t.Model] = running[t.Model] || t.Release != nil
	}
	for _, m := range models {
		if !running[m] {
			s.Unreleased = append(s.Unreleased, m)
		}
	}
}

// Alarming says whether anything runs held, was edited or cannot be read.
func (s Status) Alarming() bool {
	return slices.ContainsFunc(s.Targets, func(t TargetStatus) bool { return t.HeldRunning != nil || t.Edited || t.Problem != "" })
}

func (s Status) shortened() (r Result, name string, n int, element func(int) any) {
	targets := s.Targets
	s.Targets = []TargetStatus{}
	return s, "targets", len(targets), func(i int) any { return &targets[i] }
}

// Text shows a table, and below it what needs words.
func (s Status) Text(t *Text) {
	if len(s.Targets) == 0 {
		t.Line("nothing is promoted yet on %s at %s", s.Branch, commit(s.Commit))
	} else {
		rows := make([][]any, len(s.Targets))
		for i, ts := range s.Targets {
			rows[i] = ts.row()
		}
		t.Table([]string{"MODEL", "ENV", "VERSION", "RELEASE", "SINCE", "BY", "STATE"}, rows)
	}
	for _, ts := range s.Targets {
		ts.words(t)
	}
	if len(s.Unreleased) > 0 {
		t.Line("not promoted yet: %s", strings.Join(s.Unreleased, ", "))
	}
}

func (s TargetStatus) row() []any {
	if s.Release == nil {
		return []any{s.Model, s.Environment, In(Dim, "-"), "", "", "", s.flags()}
	}
	return []any{s.Model, s.Environment, s.Release.Version, s.Release.ID, day(s.Release.At), who(s.Release.By), s.flags()}
}

// flags are the words that a reader looks for.
func (s TargetStatus) flags() Styled {
	var words []string
	add := func(is bool, word string) {
		if is {
			words = append(words, word)
		}
	}
	add(s.Problem != "", "problem")
	add(s.Edited, "edited")
	add(s.HeldRunning != nil, "held")
	add(s.Pending != "", "pending")
	add(s.Release != nil && s.Release.Action == "retire", "retired")
	if len(words) == 0 {
		return In(Green, "ok")
	}
	return In(Yellow, strings.Join(words, ", "))
}

func (s TargetStatus) words(t *Text) {
	say := func(format string, args ...any) {
		t.Line("%s in %s: %s", s.Model, s.Environment, cell(t.Sprintf(format, args...)))
	}
	if s.Problem != "" {
		say("%s", s.Problem)
	}
	if s.HeldRunning != nil {
		say("runs held: %s", cell(s.HeldRunning.sentence(t)))
	}
	if s.Pending != "" {
		say("pending: %s", s.Pending)
	}
	if s.Edited {
		say("the folder was changed by hand: modelops render --check names the files, modelops promote --discard-edits replaces it")
	}
	for _, h := range s.Holds {
		if s.HeldRunning == nil || h != *s.HeldRunning {
			say("%s", cell(h.sentence(t)))
		}
	}
	for _, h := range s.Expiring {
		say("the hold on %s ends %s", h.what(), day(h.Until))
	}
}
