package source

import (
	"bytes"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/workspace"
	"github.com/modelops/modelops/render"
	"github.com/modelops/modelops/render/build"
	"github.com/modelops/modelops/render/spec"
	"github.com/modelops/modelops/render/standard"
)

// standards are those of a run, each loaded when a place in what it made is asked for.
type standards struct {
	tree     fs.FS
	platform string // the name of the platform's
	mu       sync.Mutex
	loaded   map[string]*standard.Standard
}

func (s *standards) get(name string) *standard.Standard {
	s.mu.Lock()
	defer s.mu.Unlock()
	std, ok := s.loaded[name]
	if !ok {
		std, _ = render.Standard(s.tree, name) // without it, the generated file is the place
		s.loaded[name] = std
	}
	return std
}

// spec turns a place in a generated file into the one in the spec that it is made from, where that can be told.
func (t trail) spec(at spot) finding.Position {
	file := strings.TrimPrefix(at.file, t.origins.unit.path+"/")
	if name, ok := strings.CutPrefix(file, "patches/"); ok {
		return t.ownPatch(at, name)
	}
	if !bytes.HasPrefix(t.origins.files[at.file], []byte(generatedMark)) {
		return at.position()
	}
	for _, v := range t.variables(at) {
		if p, ok := t.specSpot(v); ok {
			return p
		}
	}
	if p, ok := t.ofStandard(at); ok {
		return p
	}
	return at.position()
}

// ofStandard is the place in a standard of the platform's own, for what it does not fill.
func (t trail) ofStandard(at spot) (finding.Position, bool) {
	file := path.Join(render.StandardsDir, t.standardName(), t.sheet(), path.Base(t.written.file))
	d, ok := t.specDocument(file)
	if !ok || at.by != byManifest {
		return finding.Position{}, false
	}
	key, _, _ := d.follow(t.steps)
	return d.at(key), true
}

// ownPatch is the patch that people write, where the overlay's copy is still the same.
func (t trail) ownPatch(at spot, name string) finding.Position {
	own := t.origins.unit.target.PatchesDir() + "/" + name
	data, err := build.ReadFile(t.origins.tree, own)
	if err != nil || !bytes.Equal(data, t.origins.files[at.file]) {
		return at.position()
	}
	p := at.position()
	p.File = own
	return p
}

// read is a variable of the standard that a field is made of, and what is left of the path below it.
type read struct {
	name string
	rest []step
}

// variables are what the field is made of, the most telling first.
func (t trail) variables(at spot) []read {
	switch at.by {
	case byImage:
		return []read{{name: "release.image"}}
	case byNamespace:
		return []read{{name: "target.team"}}
	case byLabel:
		if t.value == t.origins.unit.target.Team {
			return []read{{name: "target.team"}}
		}
		return []read{{name: "target.model"}}
	}
	sheet := t.sheet()
	std := t.origins.standards.get(t.standardName())
	if sheet == "" || std == nil {
		return nil
	}
	base := path.Base(t.written.file)
	return t.filled(std.Bindings(sheet, base))
}

// standardName is that of the unit's standard.
func (t trail) standardName() string {
	if t.origins.unit.kind == manifest.Overlay && t.object.Unit != nil && t.object.Unit.Release != nil {
		return t.object.Unit.Release.Spec.Standard.Name
	}
	return t.origins.standards.platform
}

// sheet is the one of the standard that the object is made by.
func (t trail) sheet() string {
	switch t.origins.unit.kind {
	case manifest.Overlay:
		return standard.SheetOverlay
	case manifest.Tenant:
		return standard.SheetTenant
	}
	dir := path.Dir(strings.TrimPrefix(t.written.file, t.origins.unit.path+"/"))
	switch {
	case dir == ".":
		return standard.SheetPlatform
	case strings.Contains(dir, "-"):
		return standard.SheetArgoCD
	}
	return standard.SheetEnvironment
}

// filled are the variables of the bindings that lead to the field. A binding at the field counts before one above it,
// and one below it last: that fills a part of what the field is.
func (t trail) filled(bindings []standard.Binding) []read {
	type candidate struct {
		read
		rank int
	}
	var all []candidate
	for _, b := range bindings {
		n := min(len(b.Path), len(t.steps))
		if n == 0 || !slices.EqualFunc(t.steps[:n], b.Path[:n], step.named) {
			continue
		}
		rank := 10 * len(b.Path)
		if len(b.Path) > len(t.steps) {
			rank = 1
		}
		rest := t.steps[n:]
		// What a condition asks stands before what the value is.
		for _, name := range slices.Backward(b.Reads) {
			all = append(all, candidate{read{name, rest}, rank + telling(name, b, rest)})
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return b.rank - a.rank })
	out := make([]read, len(all))
	for i, c := range all {
		out[i] = c.read
	}
	return out
}

// named says whether a part of a binding's path is this step.
func (s step) named(part string) bool {
	if s.isField() {
		return strings.Trim(part, "[]") == s.field || part == s.field
	}
	key, want, ok := strings.Cut(strings.Trim(part, "[]"), "=")
	fields, isMap := s.element.(map[string]any)
	return ok && isMap && isScalar(fields[key]) && text(fields[key]) == want
}

// telling says how much a variable has of the name of the field that it fills: cpu of requests.cpu.
func telling(variable string, b standard.Binding, rest []step) int {
	parts := strings.Split(variable, ".")
	field := strings.Trim(b.Path[len(b.Path)-1], "[]")
	for _, s := range rest {
		if s.isField() {
			field = s.field
		}
	}
	field = plainName(field)
	last := plainName(parts[len(parts)-1])
	switch {
	case last == field:
		return 4
	case strings.Contains(field, last) || strings.Contains(last, field):
		return 3
	case len(parts) > 2 && strings.Contains(field, plainName(parts[len(parts)-2])):
		return 2
	case len(b.Reads) == 1:
		return 1
	}
	return 0
}

func plainName(s string) string { return strings.ToLower(strings.ReplaceAll(s, "-", "")) }

// renamed are the variables that specs call otherwise.
var renamed = strings.NewReplacer("model.startupSeconds", "model.startupTimeout", "model.drainSeconds", "model.drainTimeout",
	"model.artifact.kind", "model.artifact.uri", "model.artifact.claim", "model.artifact.uri")

// specSpot is where a variable's value is written, or would be.
func (t trail) specSpot(r read) (finding.Position, bool) {
	root, field, _ := strings.Cut(renamed.Replace(r.name), ".")
	steps := func(parts ...string) []step { return append(fieldsOf(parts...), fieldsOf(split(field)...)...) }
	target, unit := t.origins.unit.target, t.origins.unit
	if unit.kind == manifest.ArgoCD {
		target = projectOf(t.object, target)
	}
	switch root {
	case "model":
		return t.inSpec(target.ModelFile(), r.rest, steps("spec", "environments", target.Env), steps("spec"))
	case "release":
		return t.ofRelease(field, target)
	case "tenancy":
		return t.inSpec(workspace.TeamFile(target.Team), r.rest, steps("spec", "perEnvironment", target.Env), steps("spec"))
	case "team":
		if field == "name" {
			return t.inSpec(workspace.TeamFile(target.Team), nil, fieldsOf("metadata", "name"))
		}
		return t.inSpec(workspace.TeamFile(target.Team), r.rest, steps("spec"))
	case "platform":
		if unit.kind == manifest.Overlay && field == "gateways" {
			return t.inSpec(workspace.PlatformFile, r.rest, fieldsOf("spec", "network", "gateways"))
		}
		return t.inSpec(workspace.PlatformFile, r.rest, steps("spec"))
	case "env":
		return t.inSpec(workspace.PlatformFile, nil, fieldsOf("spec", "environments"))
	case "target":
		return t.ofTarget(field, target)
	}
	return finding.Position{}, false
}

// ofRelease is about what a promote fills in: the image and the artifact are chosen in model.yaml.
func (t trail) ofRelease(field string, target spec.Target) (finding.Position, bool) {
	switch first, _, _ := strings.Cut(field, "."); first {
	case "image", "artifact":
		return t.inSpec(target.ModelFile(), nil, fieldsOf("spec", first))
	}
	return t.inSpec(target.ReleaseFile(), nil, append(fieldsOf("spec"), fieldsOf(split(field)...)...))
}

func (t trail) ofTarget(field string, target spec.Target) (finding.Position, bool) {
	switch {
	case field == "environment":
		return finding.Position{}, false
	case target.Model == "":
		return t.inSpec(workspace.TeamFile(target.Team), nil, fieldsOf("metadata", "name"))
	case field == "team" || field == "namespace":
		return t.inSpec(target.ModelFile(), nil, fieldsOf("metadata", "team"))
	}
	return t.inSpec(target.ModelFile(), nil, fieldsOf("metadata", "name"))
}

// inSpec looks for several paths in a spec, and takes the deepest that is there; of two that are as deep, the first.
func (t trail) inSpec(file string, rest []step, paths ...[]step) (finding.Position, bool) {
	d, ok := t.specDocument(file)
	if !ok {
		return finding.Position{}, false
	}
	var best *yaml.Node
	depth := 0
	for _, p := range paths {
		key, _, n := d.follow(append(slices.Clip(p), rest...))
		if missing := len(p) + len(rest) - n; best == nil || missing < depth {
			best, depth = key, missing
		}
	}
	return d.at(best), true
}

func (t trail) specDocument(file string) (document, bool) {
	o := t.origins
	o.mu.Lock()
	defer o.mu.Unlock()
	docs, ok := o.parsed[file]
	if !ok {
		if data, err := build.ReadFile(o.tree, file); err == nil {
			docs, _ = documents(file, data)
		}
		o.parsed[file] = docs
	}
	if len(docs) == 0 {
		return document{}, false
	}
	return docs[0], true
}

func fieldsOf(names ...string) []step {
	var out []step
	for _, n := range names {
		out = append(out, step{field: n})
	}
	return out
}

func split(path string) []string {
	if path == "" {
		return nil
	}
	return strings.Split(path, ".")
}

// projectOf is the team and environment that an object of Argo CD is for, by its labels.
func projectOf(o *manifest.Object, otherwise spec.Target) spec.Target {
	team, _ := o.At("metadata", "labels", "modelops.dev/team").(string)
	env, _ := o.At("metadata", "labels", "modelops.dev/environment").(string)
	if team == "" {
		return otherwise
	}
	return spec.Target{Team: team, Env: env}
}
