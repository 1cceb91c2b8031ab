package release

import (
	"fmt"
	"slices"
	"strings"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/render/spec"
)

// Style is what the caller asks of a commit's message, beside what the platform does.
type Style struct {
	// Signoff adds a Signed-off-by trailer for Committer, a Git ident: Name <address>.
	Signoff   bool
	Committer string
	// Trailers are added below ours.
	Trailers []gitops.Trailer
}

// message writes the commit's message: the subject as the platform wants it, and trailers. They only add words: the
// audit is computed from trees and states.
func (d *Desk) message(r *Reader, p *Plan, reason string) (gitops.Message, error) {
	var m gitops.Message
	platform, err := r.Platform()
	if err != nil {
		return m, err
	}
	items := slices.DeleteFunc(slices.Clone(p.Items), func(i Item) bool { return i.Unchanged != "" })
	var lines []string
	for _, i := range items {
		lines = append(lines, i.subject())
		m.Trailers = append(m.Trailers, i.trailers()...)
	}
	switch len(lines) {
	case 0:
		return m, nil
	case 1:
		m.Subject = lines[0]
	default:
		m.Subject = fmt.Sprintf("%s %d models", p.Action, len(lines))
		m.Body = strings.Join(lines, "\n")
	}
	want := platform.Spec.Git.Commit
	m.Subject = subjectBy(want.Subject, p.Action, m.Subject, items)
	if reason != "" {
		m.Body = strings.TrimSpace(m.Body + "\n\n" + reason)
		m.Trailers = append(m.Trailers, gitops.Trailer{Key: "Modelops-Reason", Value: reason})
	}
	m.Trailers = append(m.Trailers, d.Style.Trailers...)
	if (want.Signoff || d.Style.Signoff) && d.Style.Committer != "" {
		m.Trailers = append(m.Trailers, gitops.Trailer{Key: "Signed-off-by", Value: d.Style.Committer})
	}
	return m, nil
}

// subjectBy puts values into a template; without one the subject is the summary.
func subjectBy(template, action, summary string, items []Item) string {
	if template == "" {
		return summary
	}
	values := []string{"{action}", action, "{summary}", summary}
	for name, of := range map[string]func(Item) string{
		"target": Item.who, "team": func(i Item) string { return i.Target.Team }, "model": func(i Item) string { return i.Target.Model },
		"env": func(i Item) string { return i.Target.Env }, "version": Item.version, "previous": Item.previous,
	} {
		values = append(values, "{"+name+"}", together(name, items, of))
	}
	return strings.NewReplacer(values...).Replace(template)
}

// together joins the different values of several items, or counts them where they are too many for a line.
func together(name string, items []Item, of func(Item) string) string {
	var list []string
	for _, i := range items {
		if v := of(i); v != "" && !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	if len(list) > 3 {
		return fmt.Sprintf("%d %ss", len(list), name)
	}
	return strings.Join(list, ",")
}

// who is the model, or the team where the whole of it is meant.
func (i Item) who() string {
	if i.Target.Model == "" {
		return i.Target.Team
	}
	return i.Target.ModelName()
}

func (i Item) version() string {
	switch {
	case i.To != nil:
		return i.To.Version
	case i.Hold != nil:
		return strings.TrimSpace(held(*i.Hold))
	}
	return i.previous()
}

func (i Item) previous() string {
	if i.From == nil {
		return ""
	}
	return i.From.Version
}

func (i Item) subject() string {
	who := i.who()
	switch {
	case i.Action == spec.ActionHold && i.Hold != nil:
		return fmt.Sprintf("hold %s%s in %s", who, held(*i.Hold), i.Target.Env)
	case i.Action == spec.ActionUnhold:
		return fmt.Sprintf("unhold %s in %s", who, i.Target.Env)
	case i.Action == spec.ActionRetire:
		return fmt.Sprintf("retire %s in %s", who, i.Target.Env)
	case i.Action == spec.ActionRemove:
		return fmt.Sprintf("remove %s from %s", who, i.Target.Env)
	case i.Action == spec.ActionRevert:
		return fmt.Sprintf("revert %s in %s from %s to %s", who, i.Target.Env, entryName(i.From), entryName(i.To))
	case i.From != nil && i.To != nil && i.From.Version == i.To.Version:
		return fmt.Sprintf("promote the spec of %s %s in %s", who, i.To.Version, i.Target.Env)
	}
	return fmt.Sprintf("promote %s %s to %s", who, entryName(i.To), i.Target.Env)
}

func held(h spec.Hold) string {
	switch {
	case h.Version != "":
		return " " + h.Version
	case h.ID != "":
		return " release " + h.ID
	}
	return ""
}

func (i Item) trailers() []gitops.Trailer {
	target := i.Target.String()
	if i.Target.Model == "" {
		target = i.Target.Team + "/" + i.Target.Env
	}
	out := []gitops.Trailer{{Key: "Modelops-Action", Value: i.Action}, {Key: "Modelops-Target", Value: target}}
	if i.To != nil {
		out = append(out, gitops.Trailer{Key: "Modelops-Version", Value: i.To.Version + " " + i.To.ID})
	} else if i.Hold != nil && i.Hold.Version != "" {
		out = append(out, gitops.Trailer{Key: "Modelops-Version", Value: i.Hold.Version})
	}
	if i.From != nil {
		key := "Modelops-Previous"
		if i.Action == spec.ActionRevert {
			key = "Modelops-Reverts"
		}
		out = append(out, gitops.Trailer{Key: key, Value: i.From.Version + " " + i.From.ID})
	}
	return out
}
