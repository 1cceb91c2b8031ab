package release

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/render"
	"github.com/modelops/modelops/render/build"
	"github.com/modelops/modelops/render/check"
	"github.com/modelops/modelops/render/spec"
	"github.com/modelops/modelops/render/standard"
)

// Promote asks for a new release in one environment.
type Promote struct {
	// Models are TEAM/MODEL names, already selected.
	Models []string
	Env    string
	// Version of the content; empty keeps the current content and takes the pending spec.
	Version string
	// Image and Artifact override what model.yaml says for the version.
	Image, Artifact string
	// From is the environment whose whole release is taken.
	From string
	// Standard to render by; empty keeps it.
	Standard string
	// Expect is the version or id that must be current.
	Expect string
	// SkipOrder takes a content that no earlier environment has run; it needs a Reason.
	SkipOrder bool
	// DiscardEdits replaces a folder that was changed by hand.
	DiscardEdits bool
	Reason       string
	// Specs are model folders as they stand in the user's work tree, to be committed along, by TEAM/MODEL; paths are
	// relative to the model's folder.
	Specs map[string]render.Files
}

// PlanPromote decides a promote.
func (d *Desk) PlanPromote(ctx context.Context, snap *gitops.Snapshot, req Promote) (*Plan, error) {
	if err := req.check(); err != nil {
		return nil, err
	}
	r, err := readerFor(ctx, snap, req.Models...)
	if err != nil {
		return nil, err
	}
	if _, err := r.EnvIndex(req.Env); err != nil {
		return nil, err
	}
	targets, err := targetsOf(req.Models, req.Env)
	if err != nil {
		return nil, err
	}
	p, err := d.each(r, spec.ActionPromote, targets, func(t spec.Target) (Item, error) { return d.promote(ctx, r, t, req) })
	if err != nil {
		return nil, err
	}
	p.Change.Message, err = d.message(r, p, req.Reason)
	return p, err
}

func (req Promote) check() error {
	switch {
	case req.From != "" && (req.Version != "" || req.Image != "" || req.Artifact != "" || req.Standard != ""):
		return &UsageError{Message: "--from takes the whole release of the other environment; it goes with none of --version, --image, --artifact and --standard"}
	case req.Version == "" && (req.Image != "" || req.Artifact != ""):
		return &UsageError{Message: "--image and --artifact need --version: a version names one content"}
	case req.SkipOrder && req.Reason == "":
		return &UsageError{Message: "--skip-order needs --reason: it is recorded"}
	case req.From != "" && req.From == req.Env:
		return &UsageError{Message: fmt.Sprintf("--from %s and --env %s are the same environment", req.From, req.Env)}
	case len(req.Models) > 1 && (req.Image != "" || req.Artifact != ""):
		return &UsageError{Message: "--image and --artifact go with one model"}
	}
	if req.Version != "" && !spec.ValidVersion(req.Version) {
		return &UsageError{Message: fmt.Sprintf("version %q: letters, digits, dots, dashes and underscores are possible, at most 63, as in a label's value", req.Version)}
	}
	return nil
}

func targetsOf(models []string, env string) ([]spec.Target, error) {
	var targets []spec.Target
	for _, m := range models {
		team, model, _ := strings.Cut(m, "/")
		t := spec.Target{Team: team, Model: model, Env: env}
		if err := t.Check(); err != nil {
			return nil, &UsageError{Message: err.Error()}
		}
		targets = append(targets, t)
	}
	return targets, nil
}

// promote decides one target.
func (d *Desk) promote(ctx context.Context, r *Reader, t spec.Target, req Promote) (Item, error) {
	item := Item{Target: t, Action: spec.ActionPromote, FromEnv: req.From}
	if err := r.tenant(t); err != nil {
		return item, err
	}
	now, err := r.now(t)
	if err != nil {
		return item, err
	}
	item.From, item.Edited, item.Edits = now.state.Spec.Current, now.edited(), d.edits(ctx, r, t, now)
	if req.Expect != "" && !names(item.From, req.Expect) {
		return item, &ContendedError{Action: "promote", Target: t, Was: req.Expect, Is: entryName(item.From)}
	}
	source, err := d.source(ctx, r, t, req, now)
	if err != nil {
		return item, err
	}
	rel, entry := source.release, entryOf(source.release)
	if item.From != nil && item.From.ID == entry.ID && !item.Edited && len(req.Specs) == 0 {
		item.To, item.Unchanged = item.From, fmt.Sprintf("version %s (release %s) is current already", entry.Version, entry.ID)
		return item, nil
	}
	if err := d.allowed(r, t, entry, req, now); err != nil {
		return item, err
	}
	if item.Edited && !req.DiscardEdits {
		return item, editedError(t, item.Edits)
	}
	return item, d.write(r, &item, now, source, rel, req)
}

func editedError(t spec.Target, edits []string) error {
	why := "the overlay was changed by hand"
	if len(edits) > 0 {
		why += ": " + strings.Join(edits, ", ")
	}
	return &RefusedError{Action: "promote", Target: t, Why: why, Next: []string{
		"to keep the change, move it to " + t.PatchesDir() + "/ or to " + t.ModelFile(),
		"--discard-edits promotes over it; what is there now stays in the state and can be restored",
	}}
}

// write renders, builds and checks the release, and notes what is committed.
func (d *Desk) write(r *Reader, item *Item, now overlayNow, source source, rel *spec.Release, req Promote) error {
	t := item.Target
	files, err := render.Overlay(render.OverlayInput{Target: t, Release: rel, Standard: source.standard, Patches: source.patches})
	if err != nil {
		return err
	}
	tree, err := gitops.HashTree(files)
	if err != nil {
		return err
	}
	if err := d.inspect(r, item, now.files, files, source); err != nil {
		return err
	}
	s := now.state
	d.leave(s, now, spec.Leave{Action: spec.ActionPromote, By: d.By, At: d.Now})
	entry := entryOf(rel)
	entry.Tree, entry.Action, entry.From, entry.By, entry.At, entry.Reason = tree.String(), spec.ActionPromote, req.From, d.By, d.Now, req.Reason
	if rel.Spec.Retired {
		entry.Action = spec.ActionRetire
	}
	s.Spec.Current, item.To = &entry, &entry
	item.replaceFolder(t.Dir(), now.files, files)
	item.scope = append(item.scope, t.Dir())
	item.alongSpec(source.along)
	return d.record(item, s)
}

func (i *Item) alongSpec(files render.Files) {
	for name, data := range files {
		i.put(i.Target.ModelDir()+"/"+name, data)
	}
	if len(files) > 0 {
		i.scope = append(i.scope, i.Target.ModelFile(), i.Target.PatchesDir())
	}
}

// inspect builds what was and what will be, shows the difference, and refuses what is not allowed.
func (d *Desk) inspect(r *Reader, item *Item, before, after render.Files, source source) error {
	old, built, failed, err := buildBoth(before, after)
	if err != nil {
		return fmt.Errorf("build %s: %w", item.Target.Dir(), err)
	}
	if failed != nil {
		item.Notes = append(item.Notes, "what is there now does not build: "+firstLine(failed.Error()))
	}
	plain := built
	if len(source.patches) > 0 {
		if plain, err = unpatched(item.Target, source); err != nil {
			return err
		}
	}
	item.Diff = build.Diff(old, built)
	platform, err := r.Platform()
	if err != nil {
		return err
	}
	findings := check.Overlay(check.Input{
		Target: item.Target, Release: source.release, Before: old, After: built, Standard: plain,
		Registries: platform.Spec.Registries, AllowArgoAnnotations: platform.Spec.Policy.AllowArgoCDAnnotations,
	})
	if len(findings) > 0 {
		return &PolicyError{Action: item.Action, Target: item.Target, Findings: findings}
	}
	return nil
}

// buildBoth builds what was and what will be, on two cores where there are two. That what was does not build, failed says.
func buildBoth(before, after render.Files) (old, built build.Objects, failed, err error) {
	var wg sync.WaitGroup
	if len(before) > 0 {
		wg.Go(func() { old, failed = build.Build(before) })
	}
	built, err = build.Build(after)
	wg.Wait()
	return old, built, failed, err
}

// unpatched builds the release as the standard alone renders it.
func unpatched(t spec.Target, source source) (build.Objects, error) {
	rel := *source.release
	rel.Spec.Patches = nil
	files, err := render.Overlay(render.OverlayInput{Target: t, Release: &rel, Standard: source.standard})
	if err != nil {
		return nil, err
	}
	return build.Build(files)
}

// tenant checks that the team is there and has this environment.
func (r *Reader) tenant(t spec.Target) error {
	team, err := r.Team(t.Team)
	if err != nil {
		return err
	}
	if envs := team.Spec.Environments; len(envs) > 0 && !slices.Contains(envs, t.Env) {
		return &RefusedError{Action: "promote", Target: t, Why: fmt.Sprintf("team %s has no environment %s", t.Team, t.Env),
			Next: []string{fmt.Sprintf("add %s to spec.environments of tenants/%s/team.yaml, then: modelops render %s", t.Env, t.Team, t.Team)}}
	}
	return nil
}

// allowed checks what the records say: one content a version, holds, and the order of environments.
func (d *Desk) allowed(r *Reader, t spec.Target, e spec.Entry, req Promote, now overlayNow) error {
	envs, err := r.upTo(t.Env)
	if err != nil {
		return err
	}
	states, err := r.states(t)
	if err != nil {
		return err
	}
	if err := oneContent(t, e, states); err != nil {
		return err
	}
	if err := d.held(r, "promote", t, e); err != nil {
		return err
	}
	if len(envs) == 1 || req.SkipOrder {
		return nil
	}
	for _, env := range envs[:len(envs)-1] {
		if s := states[env]; s != nil && s.ran(e) {
			return nil
		}
	}
	return &RefusedError{Action: "promote", Target: t,
		Why: fmt.Sprintf("no earlier environment runs or has run version %s with this image and artifact", e.Version),
		Next: []string{fmt.Sprintf("modelops promote %s --env %s --version %s", t.ModelName(), envs[len(envs)-2], e.Version),
			"--skip-order --reason \"...\" goes past it, and is recorded"}}
}

// record of one environment, as the rules read it.
type envRecord struct{ state *spec.State }

func (s *envRecord) ran(e spec.Entry) bool {
	for _, p := range s.entries() {
		if p.Image == e.Image && p.Artifact == e.Artifact {
			return true
		}
	}
	return false
}

func (s *envRecord) entries() []spec.Entry {
	var all []spec.Entry
	if s.state.Spec.Current != nil {
		all = append(all, *s.state.Spec.Current)
	}
	return append(all, s.state.Spec.Past...)
}

// states reads the records of a model in every environment of the platform.
func (r *Reader) states(t spec.Target) (map[string]*envRecord, error) {
	p, err := r.Platform()
	if err != nil {
		return nil, err
	}
	out := map[string]*envRecord{}
	for _, env := range p.Spec.Environments {
		s, err := r.State(spec.Target{Team: t.Team, Model: t.Model, Env: env.Name})
		if err != nil {
			return nil, err
		}
		if s != nil {
			out[env.Name] = &envRecord{s}
		}
	}
	return out, nil
}

// oneContent refuses a version that names another content already.
func oneContent(t spec.Target, e spec.Entry, states map[string]*envRecord) error {
	envs := make([]string, 0, len(states))
	for env := range states {
		envs = append(envs, env)
	}
	sort.Strings(envs)
	for _, env := range envs {
		for _, p := range states[env].entries() {
			if p.Version == e.Version && (p.Image != e.Image || p.Artifact != e.Artifact) {
				return &RefusedError{Action: "promote", Target: t,
					Why:  fmt.Sprintf("version %s names another content in %s already: image %.19s..., not %.19s...%s", e.Version, env, p.Image, e.Image, artifactDiffers(p, e)),
					Next: []string{"give the new content a version of its own"}}
			}
		}
	}
	return nil
}

func artifactDiffers(a, b spec.Entry) string {
	if a.Artifact == b.Artifact {
		return ""
	}
	return fmt.Sprintf(", artifact %q, not %q", a.Artifact, b.Artifact)
}

// entryOf is what the state records of a release.
func entryOf(r *spec.Release) spec.Entry {
	e := spec.Entry{ID: r.Spec.ID, Version: r.Spec.Version, Image: r.Spec.Image.Digest}
	if a := r.Spec.Artifact; a != nil {
		e.Artifact = a.URI
		if a.Digest != "" {
			e.Artifact += "@" + a.Digest
		}
	}
	return e
}

// names says whether people could mean this entry by the word.
func names(e *spec.Entry, word string) bool {
	return e != nil && (e.Version == word || e.ID == word)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// source is where a promote's release comes from.
type source struct {
	release  *spec.Release
	standard *standard.Standard
	patches  render.Files
	along    render.Files
}
