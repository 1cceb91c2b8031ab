package view

import "strings"

// Text shows a plan or what became of it: one line per target, its facts, and the manifests that change.
func (c Change) Text(t *Text) {
	for _, i := range c.Targets {
		i.text(t)
	}
	switch {
	case c.DryRun && c.Changed:
		t.Line("dry run: nothing was committed or pushed")
		if t.Verbose() && c.Message != "" {
			t.Blank()
			t.Block(c.Message)
		}
	case c.Commit != "":
		c.committed(t)
	}
	for _, w := range c.Waits {
		w.text(t)
	}
	for _, n := range c.Notes {
		t.Line("note: %s", n)
	}
}

func (c Change) committed(t *Text) {
	where := c.Branch
	if c.Remote != "" && c.Pushed {
		where += " of " + c.Remote
	}
	switch {
	case !c.Changed:
		t.Line("nothing changed; %s is at %s", where, commit(c.Commit))
	case c.Pushed || c.Remote == "":
		t.Line("committed %s to %s", In(Bold, commit(c.Commit)), where)
	default:
		t.Line("committed %s to the local branch %s; it is not pushed", In(Bold, commit(c.Commit)), where)
	}
}

// Done is a change without its plan, for where the plan was shown before it was carried out.
type Done struct{ Change }

// Text shows a line per target and what follows. The notes of a plan that changed something were shown with it.
func (r Done) Text(t *Text) {
	c := r.Change
	for _, i := range c.Targets {
		t.Line("%s", cell(i.head(t)))
		if !c.Changed {
			i.said(t)
		}
	}
	c.Targets = nil
	c.Text(t)
}

func (i Item) text(t *Text) {
	t.Line("%s", cell(i.head(t)))
	t.Under(func() {
		i.facts(t)
		for _, d := range i.Diff {
			d.text(t)
		}
	})
}

// said are the notes of a target.
func (i Item) said(t *Text) {
	t.Under(func() {
		for _, n := range i.Notes {
			t.Line("note: %s", n)
		}
	})
}

// head is the target's one line: promote vision/resnet in prod: 1.4.1 -> 1.4.2.
func (i Item) head(t *Text) string {
	return t.Sprintf("%s %s in %s: ", In(Bold, i.Action), In(Bold, i.Model), i.Environment) + i.what(t)
}

func (i Item) what(t *Text) string {
	switch {
	case i.Unchanged != "":
		return t.Sprintf("%s", In(Dim, i.Unchanged))
	case i.Hold != nil && i.To == nil && i.From == nil:
		return i.Hold.sentence(t)
	case len(i.Lifted) > 0 && i.To == nil:
		lines := make([]string, len(i.Lifted))
		for n, h := range i.Lifted {
			lines[n] = "no longer: " + h.sentence(t)
		}
		return strings.Join(lines, "; ")
	case i.From == nil && i.To != nil:
		return t.Sprintf("%s (first release)", In(Green, i.To.Version))
	case i.To == nil && i.From != nil:
		return t.Sprintf("%s -> removed", i.From.Version)
	case i.From != nil && i.To != nil && i.From.Version == i.To.Version:
		return t.Sprintf("%s, release %s -> %s", i.To.Version, i.From.ID, In(Green, i.To.ID))
	case i.From != nil && i.To != nil:
		return t.Sprintf("%s -> %s", i.From.Version, In(Green, i.To.Version))
	}
	return "nothing"
}

func (h Hold) sentence(t *Text) string {
	until := ""
	if h.Until != "" {
		until = " until " + day(h.Until)
	}
	return t.Sprintf("%s held%s: %s", h.what(), until, h.Reason)
}

// what the hold refuses, in words.
func (h Hold) what() string {
	switch {
	case h.Version != "":
		return "version " + h.Version
	case h.ID != "":
		return "release " + h.ID
	case h.Image != "":
		return "image " + digest(h.Image)
	case h.Artifact != "":
		return "artifact " + h.Artifact
	}
	return "everything"
}

func (i Item) facts(t *Text) {
	if i.To != nil && i.Unchanged == "" {
		t.Line("release %s, image %s", i.To.ID, digest(i.To.Image))
		if i.To.Artifact != "" {
			t.Line("artifact %s", i.To.Artifact)
		}
	}
	if i.FromEnvironment != "" {
		t.Line("taken from %s", i.FromEnvironment)
	}
	if i.From != nil && i.From.By != "" {
		t.Line("leaves %s, in since %s by %s", i.From.Version, day(i.From.At), who(i.From.By))
	}
	if i.Hold != nil && i.To != nil {
		t.Line("%s", cell(i.Hold.sentence(t)))
	}
	for _, s := range i.Skipped {
		t.Line("skips %s (%s): %s", s.Version, s.ID, s.Why)
	}
	if i.Edited {
		t.Line("%s the folder was changed by hand: %s", In(Yellow, "edited:"), strings.Join(i.Edits, ", "))
	}
	for _, n := range i.Notes {
		t.Line("note: %s", n)
	}
}
