package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/modelops/modelops/internal/parallel"
	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/validate/report"
	"github.com/modelops/modelops/internal/workspace"
	"github.com/modelops/modelops/render"
	"github.com/modelops/modelops/render/build"
	"github.com/modelops/modelops/render/spec"
	"github.com/modelops/modelops/render/standard"
)

// Input is what is validated.
type Input struct {
	// Tree is the repository, or a folder, that paths are named in.
	Tree fs.FS
	// Before is what it is compared with; nil for nothing.
	Before fs.FS
	// Paths of files and folders to look at; none means everything.
	Paths []string
	// Changed are the files that differ from Before: where it is not nil, only what they concern is looked at.
	Changed []string
	// Now is the time by which holds end.
	Now time.Time
	// Look is asked about the text of every YAML file that people write, once; nil asks nobody. A decoded object shows only
	// what one reader made of it.
	Look func(file string, data []byte) []finding.Finding
	// Texts are further files by the name that findings call them, such as standard input.
	Texts map[string][]byte
}

// Result is what was read.
type Result struct {
	Set *manifest.Set
	// Pending is the set as it would be once everything that waits in the specs is promoted, which alone is judged in it; nil
	// where nothing waits.
	Pending *manifest.Set
	// Findings are about files that could not be read as what they are.
	Findings []finding.Finding
	// Gaps are what is there and was not looked at.
	Gaps []report.Gap
	// Files that were read.
	Files int
}

// Read finds the units of a tree and builds them. An error is about the tree itself, such as a path that is not there;
// what is wrong in a file is a finding.
func Read(ctx context.Context, in Input) (*Result, error) {
	r := &reading{Input: in, tree: workspace.Tree{FS: in.Tree}, touched: above(in.Changed), files: map[string]bool{}, written: map[string]map[string][]byte{}}
	r.set = &manifest.Set{Teams: map[string]*spec.Team{}, Models: map[string]*spec.Model{}, States: map[string]*spec.State{}, Now: in.Now}
	if in.Before != nil {
		r.set.StatesBefore = map[string]*spec.State{}
	}
	if err := r.platform(); err != nil {
		return nil, err
	}
	r.standards = &standards{tree: in.Tree, platform: render.DefaultStandard, loaded: map[string]*standard.Standard{}}
	if p := r.set.Platform; p != nil && p.Spec.Standard != "" {
		r.standards.platform = p.Spec.Standard
	}
	found, err := r.discover()
	if err != nil {
		return nil, err
	}
	r.set.Whole = found.whole
	if err := r.buildAll(ctx, found.units); err != nil {
		return nil, err
	}
	r.decodeAll(found.specs, found.awaited)
	r.drift()
	r.lookAtPatches(found.patches)
	pending, err := r.render(ctx, found.awaited)
	if err != nil {
		return nil, err
	}
	r.texts()
	finding.Sort(r.findings)
	return &Result{Set: r.set, Pending: pending, Findings: r.findings, Gaps: r.gaps, Files: len(r.files)}, ctx.Err()
}

// reading is one run of Read.
type reading struct {
	Input
	tree workspace.Tree
	set  *manifest.Set
	// touched are the folders in which something changed.
	touched map[string]bool

	standards *standards

	mu       sync.Mutex
	findings []finding.Finding
	gaps     []report.Gap
	files    map[string]bool
	// written are the files of the judged folders that modelops writes, by the folder and by their name in it.
	written map[string]map[string][]byte
}

// platform reads modelops.yaml, where there is one.
func (r *reading) platform() error {
	p, err := r.tree.Platform()
	var none *workspace.NoPlatformError
	if errors.As(err, &none) {
		return nil
	}
	r.set.Platform = p
	r.read(workspace.PlatformFile)
	return r.failed(workspace.PlatformFile, err)
}

func (r *reading) find(f finding.Finding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.findings = append(r.findings, f)
}

func (r *reading) gap(what, why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gaps = append(r.gaps, report.Gap{What: what, Why: why})
}

func (r *reading) read(names ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range names {
		r.files[n] = true
	}
}

// failed makes findings of an error about a file's content, and gives back any other.
func (r *reading) failed(file string, err error) error {
	var problems spec.Problems
	var refused *build.RefusedError
	var bad *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &problems):
		for _, p := range problems {
			r.find(problem(p))
		}
	case errors.As(err, &refused) && refused.NotBuilt:
		r.gap(file, refused.Error())
	case errors.As(err, &refused):
		r.find(kustomizeFinding(finding.Position{File: refused.File, Line: refused.Line, Column: refused.Column}, refused.Why))
	case errors.As(err, &bad):
		r.find(finding.Finding{Check: "MO001", Name: "yaml-clean", Severity: finding.Error, At: bad.At, Message: bad.Message,
			Why: "What cannot be read cannot be applied.", Fix: "correct the file"})
	default:
		return err
	}
	r.read(file)
	return nil
}

func problem(p spec.Problem) finding.Finding {
	f := finding.Finding{Check: "MO002", Name: "schema-strict", Severity: finding.Error, Field: p.Path,
		At:      finding.Position{File: p.File, Line: p.Line, Column: p.Column},
		Message: p.Message, Fix: p.Hint, Why: "modelops refuses to render or promote from a file that it does not understand whole."}
	if f.Fix == "" {
		f.Fix = "correct the field"
	}
	return f
}

func kustomizeFinding(at finding.Position, why string) finding.Finding {
	return finding.Finding{Check: "MO006", Name: "kustomize-build", Severity: finding.Error, At: at, Message: why,
		Why: "Argo CD cannot sync a folder that cannot be built, and what fetches or runs programs is not what was reviewed.",
		Fix: "kustomize build shows the same; keep everything that the folder needs in the repository"}
}

// buildAll builds all units, on every core, for as long as none takes more than its share.
func (r *reading) buildAll(ctx context.Context, list []place) error {
	if len(list) == 0 {
		return nil
	}
	build.Warm()
	units := make([]*manifest.Unit, len(list))
	w := newWatch()
	err := w.while(ctx, func(ctx context.Context) {
		parallel.For(len(list), func(i int) {
			if ctx.Err() != nil {
				return
			}
			done := w.begin(list[i].path)
			units[i] = r.unit(list[i])
			done()
		})
	})
	if err == nil {
		r.set.Units = units
	}
	return err
}

// place is where a unit lies.
type place struct {
	kind   manifest.Kind
	path   string
	target spec.Target
	// context is set where it is read for the sake of others, gone where it is there no more, pending where it is not there yet.
	context, gone, pending bool
}

// unit builds one, as it is and as it was.
func (r *reading) unit(p place) *manifest.Unit {
	u := &manifest.Unit{Kind: p.kind, Path: p.path, Target: p.target, Context: p.context}
	if !p.gone {
		r.now(u, p)
	}
	switch {
	case r.Before == nil:
	case r.untouched(p):
		u.Before = u.Objects
	default:
		// What was not right before is no finding now.
		before, _, _ := r.build(r.Before, p)
		countable, _ := parted(before)
		u.Before = u.Own(countable)
	}
	return u
}

// untouched says whether a folder that modelops writes, and that is therefore all that its objects are made of, holds what
// it held before.
func (r *reading) untouched(p place) bool {
	return r.Changed != nil && p.kind != manifest.Folder && p.kind != manifest.File && !r.touched[p.path]
}

// above are the folders that files lie in, however deep.
func above(files []string) map[string]bool {
	out := map[string]bool{}
	for _, f := range files {
		for at := path.Dir(f); at != "." && !out[at]; at = path.Dir(at) {
			out[at] = true
		}
	}
	return out
}

// now fills in what a unit is.
func (r *reading) now(u *manifest.Unit, p place) {
	objects, files, err := r.build(r.Tree, p)
	r.look(p, files)
	r.keep(p, files)
	switch {
	case p.context && err != nil:
		r.gap(p.path, "it cannot be built: "+firstLine(err.Error()))
	case r.failed(p.path, err) != nil:
		r.find(kustomizeFinding(r.place(p), err.Error()))
	}
	u.Objects = r.owned(u, objects)
	if p.kind == manifest.Overlay {
		u.Release = r.release(p)
	}
}

// keep has the files at hand for the comparison with what they should be.
func (r *reading) keep(p place, files map[string][]byte) {
	if p.context || p.kind == manifest.Folder || p.kind == manifest.File {
		return
	}
	own := make(map[string][]byte, len(files))
	for name, data := range files {
		own[strings.TrimPrefix(name, p.path+"/")] = data
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.written[p.path] = own
}

// place is where a finding about a whole unit goes.
func (r *reading) place(p place) finding.Position {
	if p.kind == manifest.File {
		return finding.Position{File: p.path}
	}
	return finding.Position{File: path.Join(p.path, "kustomization.yaml")}
}

// owned are the objects that are judged as the unit's.
func (r *reading) owned(u *manifest.Unit, objects []*manifest.Object) []*manifest.Object {
	good, bad := parted(objects)
	for _, o := range bad {
		path := o.Endless()
		r.find(finding.Finding{Check: "MO003", Name: "server-validation", Severity: finding.Error, Object: o.Object, Field: manifest.Field(path...),
			At: o.Source.Position(path...), Message: fmt.Sprintf("%.40v is no amount that can be counted with; nothing else of the object was looked at", o.At(path...)),
			Why: "An amount of so many digits keeps whoever reads it busy, the API server too.", Fix: "write the amount that is meant, such as 2Gi or 500m"})
	}
	return u.Own(good)
}

// parted sets objects with amounts that nobody ends reading apart from those that can be counted with.
func parted(objects []*manifest.Object) (countable, endless []*manifest.Object) {
	for _, o := range objects {
		if o.Endless() != nil {
			endless = append(endless, o)
		} else {
			countable = append(countable, o)
		}
	}
	return countable, endless
}

// look notes what was read, and has the texts looked at that nobody looked at yet.
func (r *reading) look(p place, files map[string][]byte) {
	if p.context {
		return
	}
	for name, data := range files {
		r.mu.Lock()
		known := r.files[name]
		r.files[name] = true
		r.mu.Unlock()
		if known || r.Look == nil || name != "-" && !isManifest(name) || path.Base(name) == "release.yaml" || bytes.HasPrefix(data, []byte(generatedMark)) {
			continue
		}
		for _, f := range r.Look(name, data) {
			r.find(f)
		}
	}
}

// generatedMark begins the files that modelops writes: their form is its own affair.
const generatedMark = "# Generated by modelops; "

// build gives a unit's objects, and the files that they come from.
func (r *reading) build(fsys fs.FS, p place) ([]*manifest.Object, map[string][]byte, error) {
	switch p.kind {
	case manifest.File:
		data, err := build.ReadFile(fsys, p.path)
		if err != nil {
			return nil, nil, err
		}
		objects, err := Manifests(p.path, data)
		return objects, map[string][]byte{p.path: data}, err
	case manifest.Folder:
		b, err := build.Tree(fsys, p.path)
		if err != nil {
			return nil, nil, err
		}
		return r.objects(fsys, p, b.Objects, b.Files), b.Files, nil
	}
	return r.generated(fsys, p)
}

// generated builds a folder that modelops writes, under the strict rules for those.
func (r *reading) generated(fsys fs.FS, p place) ([]*manifest.Object, map[string][]byte, error) {
	own, err := workspace.Tree{FS: fsys}.Folder(p.path)
	if err != nil {
		return nil, nil, err
	}
	files := make(map[string][]byte, len(own))
	for name, data := range own {
		files[p.path+"/"+name] = data
	}
	if p.context {
		if objects, ok := build.Plain(own); ok {
			return r.objects(fsys, p, objects, files), files, nil
		}
	}
	objects, err := build.Build(own)
	var refused *build.RefusedError
	if errors.As(err, &refused) {
		refused.File = path.Join(p.path, refused.File)
	}
	if err != nil {
		return nil, files, err
	}
	return r.objects(fsys, p, objects, files), files, nil
}

// objects puts built objects beside the files that they come from.
func (r *reading) objects(fsys fs.FS, p place, built build.Objects, files map[string][]byte) []*manifest.Object {
	origin := &origins{unit: p, files: files, tree: fsys, standards: r.standards}
	out := make([]*manifest.Object, len(built))
	for i, b := range built {
		o := &manifest.Object{Object: finding.Object{APIVersion: b.APIVersion, Kind: b.Kind, Namespace: b.Namespace, Name: b.Name}, Content: b.Content}
		o.Source = builtSource{origin, o}
		out[i] = o
	}
	return out
}

// release reads the one of an overlay. One that is only read for the sake of others has no findings.
func (r *reading) release(p place) *spec.Release {
	t := p.target
	data, err := fs.ReadFile(r.Tree, t.ReleaseFile())
	if err != nil {
		return nil // the folder's own finding says so
	}
	rel, err := spec.DecodeRelease(t.ReleaseFile(), data)
	if p.context {
		if err != nil {
			r.gap(t.ReleaseFile(), firstLine(err.Error()))
		}
		return rel
	}
	if err := r.failed(t.ReleaseFile(), err); err != nil || rel == nil {
		return nil
	}
	if got := rel.Metadata.Target(); got != t {
		r.find(problem(spec.Problem{File: t.ReleaseFile(), Path: "metadata", Message: fmt.Sprintf("it is the release of %s", got),
			Hint: "modelops promote writes a release into its folder; restore the file with git checkout"}))
	}
	return rel
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// lookAtPatches looks at those that a later promote takes along. What they are patches of is not known before.
func (r *reading) lookAtPatches(files []string) {
	for _, file := range files {
		data, err := build.ReadFile(r.Tree, file)
		if err == nil {
			r.look(place{}, map[string][]byte{file: data})
			_, err = documents(file, data)
		}
		if err := r.failed(file, err); err != nil {
			r.gap(file, err.Error())
		}
	}
}

// texts reads what was given as text.
func (r *reading) texts() {
	for _, name := range slices.Sorted(maps.Keys(r.Texts)) {
		r.look(place{}, map[string][]byte{name: r.Texts[name]})
		objects, err := Manifests(name, r.Texts[name])
		_ = r.failed(name, err) // every error of Manifests is about the content
		u := &manifest.Unit{Kind: manifest.File, Path: name}
		u.Objects = r.owned(u, objects)
		r.set.Units = append(r.set.Units, u)
	}
}

// isManifest says whether a file's name is one of YAML or JSON.
func isManifest(name string) bool {
	ext := strings.ToLower(path.Ext(name))
	return ext == ".yaml" || ext == ".yml" || ext == ".json"
}
