package source

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/modelops/modelops/internal/parallel"
	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/workspace"
	"github.com/modelops/modelops/render"
	"github.com/modelops/modelops/render/build"
	"github.com/modelops/modelops/render/spec"
)

// awaitedBy are the overlays that the specs of these models wait for, to be promoted: those that are there, and of a model that
// is nowhere yet the one that it must come to first.
func (s *scan) awaitedBy(models []string) []spec.Target {
	var out []spec.Target
	for _, name := range models {
		t, err := workspace.ParseModel(name)
		if err != nil {
			continue // the spec's own finding says so
		}
		first := len(out)
		for _, t.Env = range s.folders(t.ModelDir()) {
			if _, ok := s.unitAt(t.Dir()); ok {
				out = append(out, t)
			}
		}
		if t.Env = s.firstEnvironment(t.Team); len(out) == first && t.Env != "" {
			out = append(out, t)
		}
	}
	return out
}

// firstEnvironment of a team in the order of promotion; empty where the specs do not tell.
func (s *scan) firstEnvironment(name string) string {
	if s.set.Platform == nil {
		return ""
	}
	team, err := s.tree.Team(name)
	if err != nil {
		return ""
	}
	envs, err := workspace.TeamEnvironments(s.set.Platform, team)
	if err != nil || len(envs) == 0 {
		return ""
	}
	return envs[0]
}

// render makes what a promote would make of the specs as they stand, and gives the set as it would be then: the rest of it is
// there to be judged beside that. Nil where nothing is pending.
func (r *reading) render(ctx context.Context, targets []spec.Target) (*manifest.Set, error) {
	if r.set.Platform == nil || len(targets) == 0 {
		return nil, nil //nolint:nilnil // nothing can be pending
	}
	there := map[string]*manifest.Unit{}
	for _, u := range r.set.Units {
		there[u.Path] = u
	}
	build.Warm()
	made := make([]*manifest.Unit, len(targets))
	w := newWatch()
	err := w.while(ctx, func(ctx context.Context) {
		parallel.For(len(targets), func(i int) {
			if ctx.Err() == nil {
				done := w.begin(targets[i].ModelFile())
				made[i] = r.pending(targets[i], there[targets[i].Dir()])
				done()
			}
		})
	})
	made = slices.DeleteFunc(made, func(u *manifest.Unit) bool { return u == nil })
	if err != nil || len(made) == 0 {
		return nil, err
	}
	next := *r.set
	next.Units = made
	for _, u := range r.set.Units {
		if !slices.ContainsFunc(made, func(m *manifest.Unit) bool { return m.Path == u.Path }) {
			next.Units = append(next.Units, aside(u))
		}
	}
	return &next, nil
}

// aside is a unit that is only there for the sake of others.
func aside(u *manifest.Unit) *manifest.Unit {
	copied := *u
	copied.Context, copied.Objects = true, nil
	for _, o := range u.Objects {
		own := *o
		copied.Objects = append(copied.Objects, &own)
	}
	copied.Own(copied.Objects)
	return &copied
}

// pending is an overlay as a promote would make it; nil where that is what is there, or cannot be made.
func (r *reading) pending(t spec.Target, now *manifest.Unit) *manifest.Unit {
	u := &manifest.Unit{Kind: manifest.Overlay, Path: t.Dir(), Target: t, Pending: true, Before: []*manifest.Object{}}
	var current *spec.Release
	if now != nil {
		if current = now.Release; current == nil || current.Spec.Retired {
			return nil // what is there is broken, which is a finding of its own, or out of service
		}
		u.Before = now.Objects
	}
	rel, patches := r.next(t, current)
	if rel == nil {
		return nil
	}
	u.Release = rel
	files, err := render.Overlay(render.OverlayInput{Target: t, Release: rel, Standard: r.standards.get(rel.Spec.Standard.Name), Patches: patches})
	var objects build.Objects
	if err == nil {
		objects, err = build.Build(files)
	}
	if err != nil {
		r.unrendered(t, err)
		return nil
	}
	place := place{kind: manifest.Overlay, path: t.Dir(), target: t, pending: true}
	written := make(map[string][]byte, len(files))
	for name, data := range files {
		written[path.Join(t.Dir(), name)] = data
	}
	u.Objects = r.owned(u, r.objects(r.Tree, place, objects, written))
	return u
}

// next is the release that a promote would make of the specs, with the patches beside it; nil where that is the current one, or
// cannot be told. Without a current one it is the first.
func (r *reading) next(t spec.Target, current *spec.Release) (*spec.Release, render.Files) {
	model := r.set.Models[t.ModelName()]
	if model == nil {
		return nil, nil // gone, or a finding of its own
	}
	patches, err := r.tree.Folder(t.PatchesDir())
	if err != nil {
		r.unrendered(t, err)
		return nil, nil
	}
	name := render.StandardName(r.set.Platform, model, current, "")
	std := r.standards.get(name)
	if std == nil {
		_, err := render.Standard(r.Tree, name)
		r.unrendered(t, err)
		return nil, nil
	}
	if current != nil {
		rel, differs := render.Pending(current, r.set.Platform, model, std, patches)
		if !differs {
			return nil, nil
		}
		return rel, patches
	}
	rel, ok := render.First(t, r.set.Platform, model, std, patches)
	switch {
	case !ok:
		r.gap(t.ModelFile(), "it was never promoted and names no image, so that there is nothing to render")
		return nil, nil
	case rel.Spec.Image.Digest == render.UnknownDigest:
		r.gap(fmt.Sprintf("the digest of image %s in %s", rel.Spec.Image.Name, t.ModelFile()), "it was never promoted: a promote asks the registry; until then it is rendered with a digest of zeros")
	}
	return rel, patches
}

// unrendered says why a promote of the specs as they stand would fail.
func (r *reading) unrendered(t spec.Target, err error) {
	at := finding.Position{File: t.ModelFile()}
	var refused *build.RefusedError
	if errors.As(err, &refused) && strings.HasPrefix(refused.File, "patches/") {
		at = finding.Position{File: path.Join(t.ModelDir(), refused.File), Line: refused.Line, Column: refused.Column}
	}
	f := kustomizeFinding(at, fmt.Sprintf("a promote to %s would fail: %s", t.Env, firstLine(err.Error())))
	f.Why, f.Fix, f.Pending = "What is in model.yaml and patches/ reaches an environment by the next promote.", "correct model.yaml or the patch", true
	r.find(f)
}
