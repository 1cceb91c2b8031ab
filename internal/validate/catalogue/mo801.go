package catalogue

import (
	"fmt"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/render/spec"
)

func init() {
	register(Check{ID: "MO801", Name: "release-recorded", Severity: finding.Error, Unit: releaseRecorded,
		What: "The release of an overlay is the one that its state names as current, with the same version, image and artifact; " +
			"and of the entries before it each says how it was left, and one version names one image and artifact.",
		Why:     "Promote and revert go by the state: what was put into the folder past it is in no history, a revert returns to the wrong release, and two contents under one version cannot be told apart in an incident.",
		Fix:     "Restore both files from the commit in which they were right (`git checkout COMMIT -- models/TEAM/MODEL`), and make the change by `modelops promote` or `modelops revert`.",
		Sources: []string{"../repository.md"}})
}

func releaseRecorded(p *Pass, u *manifest.Unit) {
	state := p.Set.States[u.Target.String()]
	if u.Kind != manifest.Overlay || u.Pending || state == nil {
		return
	}
	at := finding.Position{File: u.Target.StateFile()}
	const restore = "restore the file from git, and make the change by modelops promote or revert"
	if r, c := u.Release, state.Spec.Current; r != nil {
		switch {
		case c == nil:
			p.ReportFile(at, fmt.Sprintf("the folder holds release %s, and the state names none", r.Spec.ID), restore)
		case c.ID != r.Spec.ID:
			p.ReportFile(at, fmt.Sprintf("the folder holds release %s (version %s), and the state names %s (version %s)", r.Spec.ID, r.Spec.Version, c.ID, c.Version), restore)
		case c.Version != r.Spec.Version || c.Image != r.Spec.Image.Digest || c.Artifact != artifactOf(r):
			p.ReportFile(at, fmt.Sprintf("the state gives release %s another version, image or artifact than its folder", c.ID), restore)
		}
	}
	entries := state.Spec.Past
	if state.Spec.Current != nil {
		entries = append([]spec.Entry{*state.Spec.Current}, entries...)
	}
	contents := map[string]spec.Entry{}
	for i, e := range entries {
		if current := i == 0 && state.Spec.Current != nil; !current && e.Left == nil {
			p.ReportFile(at, fmt.Sprintf("release %s (version %s) is past, and nothing says how it was left", e.ID, e.Version), restore)
		}
		if other, ok := contents[e.Version]; ok && (other.Image != e.Image || other.Artifact != e.Artifact) {
			p.ReportFile(at, fmt.Sprintf("version %s names two contents: release %s and release %s", e.Version, other.ID, e.ID), restore)
		}
		contents[e.Version] = e
	}
}

// artifactOf is a release's artifact as a state writes it.
func artifactOf(r *spec.Release) string {
	a := r.Spec.Artifact
	switch {
	case a == nil:
		return ""
	case a.Digest != "":
		return a.URI + "@" + a.Digest
	}
	return a.URI
}
