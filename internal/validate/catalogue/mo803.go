package catalogue

import (
	"fmt"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/render/spec"
)

func init() {
	register(Check{ID: "MO803", Name: "promotion-order", Severity: finding.Error, Unit: promotionOrder,
		What:    "What was promoted to an environment ran in an earlier one: its image and artifact stand in the state of one, unless the promote gave a reason for skipping.",
		Why:     "The order is the test. A state that was merged or written by hand goes past it, and what nobody tried runs in production.",
		Fix:     "Promote it to the earlier environment first; or `modelops promote --skip-order --reason TEXT`, which is recorded.",
		Sources: []string{"../repository.md"}})
}

func promotionOrder(p *Pass, u *manifest.Unit) {
	state := p.Set.States[u.Target.String()]
	envs := p.upTo(u.Target.Env)
	if u.Kind != manifest.Overlay || u.Pending || state == nil || state.Spec.Current == nil || len(envs) == 1 {
		return
	}
	c := state.Spec.Current
	if c.Action != spec.ActionPromote || c.Reason != "" || retired(u) {
		return
	}
	for _, env := range envs[:len(envs)-1] {
		if s := p.Set.States[spec.Target{Team: u.Target.Team, Model: u.Target.Model, Env: env}.String()]; s != nil && ran(s, *c) {
			return
		}
	}
	p.ReportFile(finding.Position{File: u.Target.StateFile()}, fmt.Sprintf("version %s was promoted to %s, and no earlier environment runs or has run it", c.Version, u.Target.Env),
		fmt.Sprintf("modelops promote %s --env %s --version %s", u.Target.ModelName(), envs[len(envs)-2], c.Version))
}

func ran(s *spec.State, e spec.Entry) bool {
	if c := s.Spec.Current; c != nil && c.Image == e.Image && c.Artifact == e.Artifact {
		return true
	}
	for _, past := range s.Spec.Past {
		if past.Image == e.Image && past.Artifact == e.Artifact {
			return true
		}
	}
	return false
}
