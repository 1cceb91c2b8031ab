package catalogue

import (
	"fmt"
	"slices"
	"time"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/render/spec"
)

func init() {
	register(Check{ID: "MO802", Name: "held-release", Severity: finding.Error, Unit: heldRelease,
		What:    "What a change brings in is not held, by a hold on this environment or an earlier one, on the model or on its team. What ran before the change and is held is a warning: it waits to be left.",
		Why:     "A hold says that somebody saw it fail. A merge of an older branch, or a file put back by hand, brings it in again without any command that would refuse.",
		Fix:     "Leave it: `modelops revert TEAM/MODEL --env ENV`. Where the hold is wrong, `modelops unhold` says so with a reason.",
		Sources: []string{"../repository.md"}})
}

func heldRelease(p *Pass, u *manifest.Unit) {
	state := p.Set.States[u.Target.String()]
	if u.Kind != manifest.Overlay || u.Pending || state == nil || state.Spec.Current == nil {
		return
	}
	c := *state.Spec.Current
	hold, where := p.holdOn(u.Target, c)
	if hold == nil {
		return
	}
	f := p.ReportFile(finding.Position{File: u.Target.StateFile()}, fmt.Sprintf("version %s (release %s) is held since %s by %s: %s", c.Version, c.ID, hold.At.Format(time.DateOnly), where, hold.Reason),
		fmt.Sprintf("modelops revert %s --env %s --bad %s --reason TEXT", u.Target.ModelName(), u.Target.Env, c.ID))
	before := p.Set.StatesBefore[u.Target.String()]
	if p.Set.StatesBefore == nil || before != nil && before.Spec.Current != nil && before.Spec.Current.ID == c.ID {
		f.Severity = finding.Warning
	}
}

// holdOn finds a hold on a release: holds cover their environment and every later one.
func (p *Pass) holdOn(t spec.Target, e spec.Entry) (*spec.Hold, string) {
	envs := p.upTo(t.Env)
	refuses := func(h spec.Hold) bool {
		return !h.Expired(p.Set.Now) && h.Matches(e.ID, e.Version, e.Image, e.Artifact)
	}
	for _, env := range envs {
		s := p.Set.States[spec.Target{Team: t.Team, Model: t.Model, Env: env}.String()]
		if s == nil {
			continue
		}
		for i := range s.Spec.Holds {
			if refuses(s.Spec.Holds[i]) {
				return &s.Spec.Holds[i], "a hold on " + env
			}
		}
	}
	for _, h := range p.Set.TeamHolds {
		if h.Metadata.Team == t.Team && slices.Contains(envs, h.Metadata.Environment) && refuses(h.Spec) {
			return &h.Spec, "the team's hold " + h.Metadata.Name
		}
	}
	return nil, ""
}

// upTo are the environments up to one, in the order of promotion.
func (p *Pass) upTo(env string) []string {
	var out []string
	if p.Set.Platform != nil {
		for _, e := range p.Set.Platform.Spec.Environments {
			out = append(out, e.Name)
			if e.Name == env {
				return out
			}
		}
	}
	return []string{env}
}
