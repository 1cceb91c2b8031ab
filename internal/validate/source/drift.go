package source

import (
	"errors"
	"fmt"
	"path"
	"slices"

	"github.com/modelops/modelops/internal/parallel"
	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/render"
	"github.com/modelops/modelops/render/spec"
)

// drift finds what in the folders that modelops writes is not what they render to: a change by hand, which the next promote
// or render would take back, or a spec that was changed and not rendered.
func (r *reading) drift() {
	if r.set.Platform == nil {
		return
	}
	parallel.For(len(r.set.Units), func(i int) {
		if u := r.set.Units[i]; u != nil && !u.Context && u.Kind != manifest.Folder && u.Kind != manifest.File {
			r.driftOf(u)
		}
	})
}

func (r *reading) driftOf(u *manifest.Unit) {
	have := r.written[u.Path]
	if len(have) == 0 {
		return // gone, or a finding of its own
	}
	want, err := r.rendered(u, have)
	var mismatch *render.StandardMismatchError
	switch {
	case errors.As(err, &mismatch):
		r.drifted(u, render.Deviation{Name: "release.yaml", Why: mismatch.Why()})
		return
	case err != nil:
		r.gap("whether "+u.Path+" is what it renders to", firstLine(err.Error()))
		return
	case want == nil:
		return
	}
	source := "the specs render to now"
	if u.Kind == manifest.Overlay {
		source = "release.yaml renders to"
	}
	for _, d := range want.Deviations(have, source) {
		r.drifted(u, d)
	}
}

func (r *reading) drifted(u *manifest.Unit, d render.Deviation) {
	fix := "run modelops render and commit what it writes, or put the file back with git checkout"
	if u.Kind == manifest.Overlay {
		fix = "change model.yaml or patches/ and promote; modelops render puts the file back"
	}
	r.find(finding.Finding{Check: "MO804", Name: "generated-unchanged", Severity: finding.Error, At: finding.Position{File: path.Join(u.Path, d.Name), Line: d.Line}, Message: d.Why, Fix: fix,
		Why: "What is changed by hand in a folder that modelops writes is in no spec: the next promote, revert or render takes it away without a word."})
}

// rendered is what a unit's folder should hold; nil where what that depends on is not there, which other findings say.
func (r *reading) rendered(u *manifest.Unit, have map[string][]byte) (render.Files, error) {
	if u.Kind == manifest.Overlay {
		return r.renderedOverlay(u, have)
	}
	platform := r.set.Platform
	std := r.standards.get(r.standards.platform)
	switch u.Kind {
	case manifest.Tenant:
		team := r.set.Teams[u.Target.Team]
		if std == nil || team == nil || !slices.Contains(render.Environments(platform, team), u.Target.Env) {
			return nil, nil
		}
		return render.Tenant(platform, team, u.Target.Env, std)
	case manifest.ArgoCD:
		names, err := r.tree.Teams()
		if std == nil || err != nil {
			return nil, err
		}
		var teams []*spec.Team
		for _, name := range names {
			team, err := r.tree.Team(name)
			if err != nil {
				return nil, err
			}
			teams = append(teams, team)
		}
		return render.ArgoCD(platform, teams, std)
	}
	return nil, nil
}

func (r *reading) renderedOverlay(u *manifest.Unit, have map[string][]byte) (render.Files, error) {
	rel := u.Release
	if rel == nil || rel.Metadata.Target() != u.Target {
		return nil, nil
	}
	std := r.standards.get(rel.Spec.Standard.Name)
	if std == nil {
		return nil, fmt.Errorf("the standard %s cannot be read", rel.Spec.Standard.Name)
	}
	return render.Again(u.Target, rel, std, have)
}
