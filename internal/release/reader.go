package release

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sort"
	"strings"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/render"
	"github.com/modelops/modelops/render/spec"
	"github.com/modelops/modelops/render/standard"
)

// PlatformFile is the path of the platform spec.
const PlatformFile = "modelops.yaml"

// Reader reads the documents of one snapshot, each at most once.
type Reader struct {
	ctx       context.Context
	snap      *gitops.Snapshot
	present   bool // records are read without their past
	platform  *spec.Platform
	standards map[string]*standard.Standard
	records   map[spec.Target]*spec.State
	specs     map[string]*spec.Model // by TEAM/MODEL
	holds     map[string][]spec.TeamHold
	pending   map[string]string // by release, of the model at hand
}

// NewReader reads from a snapshot.
func NewReader(ctx context.Context, snap *gitops.Snapshot) *Reader {
	return &Reader{ctx: ctx, snap: snap, standards: map[string]*standard.Standard{}, records: map[spec.Target]*spec.State{},
		specs: map[string]*spec.Model{}, holds: map[string][]spec.TeamHold{}, pending: map[string]string{}}
}

// Platform reads modelops.yaml.
func (r *Reader) Platform() (*spec.Platform, error) {
	if r.platform != nil {
		return r.platform, nil
	}
	data, err := r.snap.ReadFile(PlatformFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &UsageError{
			Message: fmt.Sprintf("read %s: the commit %.10s has no such file, so this is no deployment repository", PlatformFile, r.snap.Commit()),
			Next:    []string{"modelops init", "commit and push what init wrote: promotes build on what the branch holds"},
		}
	}
	if err != nil {
		return nil, err
	}
	r.platform, err = spec.DecodePlatform(PlatformFile, data)
	return r.platform, err
}

// EnvIndex is the environment's place in the promotion order.
func (r *Reader) EnvIndex(env string) (int, error) {
	p, err := r.Platform()
	if err != nil {
		return 0, err
	}
	var names []string
	for i, e := range p.Spec.Environments {
		if e.Name == env {
			return i, nil
		}
		names = append(names, e.Name)
	}
	if env == "" {
		return 0, &UsageError{Message: "no environment is named", Next: []string{"--env is one of: " + strings.Join(names, ", ")}}
	}
	return 0, &UsageError{Message: fmt.Sprintf("environment %q: modelops.yaml has none of this name", env), Next: []string{"--env is one of: " + strings.Join(names, ", ")}}
}

// upTo lists the environments before and up to this one, in order.
func (r *Reader) upTo(env string) ([]string, error) {
	i, err := r.EnvIndex(env)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range r.platform.Spec.Environments[:i+1] {
		names = append(names, e.Name)
	}
	return names, nil
}

// Team reads a team's spec.
func (r *Reader) Team(name string) (*spec.Team, error) {
	path := "tenants/" + name + "/team.yaml"
	data, err := r.snap.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &UsageError{Message: fmt.Sprintf("team %q: %s is not on the branch", name, path), Next: []string{"modelops team add " + name}}
	}
	if err != nil {
		return nil, err
	}
	t, err := spec.DecodeTeam(path, data)
	if err == nil && t.Metadata.Name != name {
		return nil, misplaced(path, "metadata.name", name, t.Metadata.Name)
	}
	return t, err
}

// forget drops what was read of models, which nobody asks for again.
func (r *Reader) forget() {
	clear(r.records)
	clear(r.specs)
	clear(r.pending)
}

// Model reads a model's spec. It is shared by all who ask: nobody changes it.
func (r *Reader) Model(t spec.Target) (*spec.Model, error) {
	if m, ok := r.specs[t.ModelName()]; ok {
		return m, nil
	}
	m, err := r.readModel(t)
	if err == nil {
		r.specs[t.ModelName()] = m
	}
	return m, err
}

func (r *Reader) readModel(t spec.Target) (*spec.Model, error) {
	data, err := r.snap.ReadFile(t.ModelFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, r.noModel(t)
	}
	if err != nil {
		return nil, err
	}
	return decodeModel(t, data)
}

func decodeModel(t spec.Target, data []byte) (*spec.Model, error) {
	m, err := spec.DecodeModel(t.ModelFile(), data)
	switch {
	case err != nil:
		return nil, err
	case m.Metadata.Team != t.Team:
		return nil, misplaced(t.ModelFile(), "metadata.team", t.Team, m.Metadata.Team)
	case m.Metadata.Name != t.Model:
		return nil, misplaced(t.ModelFile(), "metadata.name", t.Model, m.Metadata.Name)
	}
	return m, nil
}

func misplaced(file, path, want, got string) error {
	return spec.Problems{{File: file, Path: path, Message: fmt.Sprintf("the file lies in the folder of %q, but says %q", want, got)}}
}

func (r *Reader) noModel(t spec.Target) error {
	next := []string{fmt.Sprintf("modelops model add %s --runtime RUNTIME --image IMAGE", t.ModelName())}
	if names := r.models(t.Team); len(names) > 0 {
		next = append(next, "models of "+t.Team+": "+strings.Join(names, ", "))
	}
	return &UsageError{Message: fmt.Sprintf("model %s: %s is not on the branch", t.ModelName(), t.ModelFile()), Next: next}
}

func (r *Reader) models(team string) []string {
	entries, err := r.snap.ReadDir("models/" + team)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

// State reads the record of an overlay; nil where there is none. It is shared by all who ask: whoever changes it takes a
// copy first.
func (r *Reader) State(t spec.Target) (*spec.State, error) {
	if s, ok := r.records[t]; ok {
		return s, nil
	}
	s, err := r.readState(t)
	if err == nil {
		r.records[t] = s
	}
	return s, err
}

func (r *Reader) readState(t spec.Target) (*spec.State, error) {
	data, err := r.snap.ReadFile(t.StateFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	decode := spec.DecodeState
	if r.present {
		decode = spec.DecodePresent
	}
	s, err := decode(t.StateFile(), data)
	if err == nil && s.Metadata.Target() != t {
		return nil, misplaced(t.StateFile(), "metadata", t.String(), s.Metadata.Target().String())
	}
	return s, err
}

// Release reads the release in an overlay's folder; nil where there is no folder.
func (r *Reader) Release(t spec.Target) (*spec.Release, error) {
	data, err := r.snap.ReadFile(t.ReleaseFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	rel, err := spec.DecodeRelease(t.ReleaseFile(), data)
	if err == nil && rel.Metadata.Target() != t {
		return nil, misplaced(t.ReleaseFile(), "metadata", t.String(), rel.Metadata.Target().String())
	}
	return rel, err
}

// Standard loads the standard of a name: the repository's own, or the built-in one.
func (r *Reader) Standard(name string) (*standard.Standard, error) {
	if s, ok := r.standards[name]; ok {
		return s, nil
	}
	s, err := render.Standard(r.snap, name)
	if err == nil {
		r.standards[name] = s
	}
	return s, err
}

// Folder reads all plain files under a folder by their path in it; an absent folder has none.
func (r *Reader) Folder(dir string) (render.Files, error) { return readFolder(r.snap, dir) }

func readFolder(fsys fs.FS, dir string) (render.Files, error) {
	files := render.Files{}
	err := fs.WalkDir(fsys, dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path == dir {
			return fs.SkipAll
		}
		if err != nil || d.IsDir() {
			return err
		}
		if !d.Type().IsRegular() {
			return &gitops.ScopeError{Path: path, Reason: "it is not a plain file"}
		}
		data, err := fs.ReadFile(fsys, path)
		if err == nil {
			files[strings.TrimPrefix(path, dir+"/")] = data
		}
		return err
	})
	return files, err
}

// teamHolds reads the holds of a whole team, in the order of their files.
func (r *Reader) teamHolds(team string) ([]spec.TeamHold, error) {
	if holds, ok := r.holds[team]; ok {
		return holds, nil
	}
	holds, err := r.readTeamHolds(team)
	if err == nil {
		r.holds[team] = holds
	}
	return holds, err
}

func (r *Reader) readTeamHolds(team string) ([]spec.TeamHold, error) {
	files, err := r.Folder("tenants/" + team + "/holds")
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(files))
	for n := range files {
		if strings.HasSuffix(n, ".yaml") {
			names = append(names, n)
		}
	}
	sort.Strings(names)
	var holds []spec.TeamHold
	for _, n := range names {
		h, err := spec.DecodeTeamHold("tenants/"+team+"/holds/"+n, files[n])
		if err != nil {
			return nil, err
		}
		holds = append(holds, *h)
	}
	return holds, nil
}
