package release

import (
	"fmt"
	"strings"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/render/spec"
)

// message writes the commit's message. The trailers only add words: the audit is computed from trees and states.
func (p *Plan) message(reason string) gitops.Message {
	var m gitops.Message
	var lines []string
	for _, i := range p.Items {
		if i.Unchanged != "" {
			continue
		}
		lines = append(lines, i.subject())
		m.Trailers = append(m.Trailers, i.trailers()...)
	}
	switch len(lines) {
	case 0:
		return m
	case 1:
		m.Subject = lines[0]
	default:
		m.Subject = fmt.Sprintf("%s %d models", p.Action, len(lines))
		m.Body = strings.Join(lines, "\n")
	}
	if reason != "" {
		m.Body = strings.TrimSpace(m.Body + "\n\n" + reason)
		m.Trailers = append(m.Trailers, gitops.Trailer{Key: "Modelops-Reason", Value: reason})
	}
	return m
}

func (i Item) subject() string {
	who := i.Target.ModelName()
	if i.Target.Model == "" {
		who = i.Target.Team
	}
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
