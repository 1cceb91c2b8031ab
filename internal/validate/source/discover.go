package source

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/workspace"
	"github.com/modelops/modelops/render/build"
	"github.com/modelops/modelops/render/spec"
)

// found is what is to be looked at; whole says that this is everything.
type found struct {
	units []place
	specs []string
	// patches are those that people wrote for models.
	patches []string
	// awaited are the overlays that specs or patches which are looked at wait for.
	awaited []spec.Target
	whole   bool
}

// scan walks folders and sorts what lies in them.
type scan struct {
	*reading
	found
	deployment bool
	// only is set where what modelops writes is left out.
	only bool
	// kustomizations are the folders of those that modelops did not write, files the YAML beside them.
	kustomizations, files []string
	// models are those of which a spec or a patch is looked at.
	models  map[string]bool
	visited int
}

// maxFiles that one run looks at.
const maxFiles = 1 << 20

func (r *reading) discover() (found, error) {
	s := &scan{reading: r, models: map[string]bool{}, deployment: r.set.Platform != nil || isFile(r.Tree, workspace.PlatformFile)}
	var err error
	switch {
	case r.Changed != nil:
		err = s.changed()
	case len(r.Paths) > 0:
		err = s.paths(r.Paths)
	case r.Texts == nil:
		err = s.everything()
	}
	if err != nil {
		return found{}, err
	}
	s.foreign()
	s.found.awaited = s.awaitedBy(slices.Sorted(maps.Keys(s.models)))
	s.neighbours()
	s.sort()
	return s.found, nil
}

func (s *scan) everything() error {
	s.whole = true
	return s.folder(".")
}

func (s *scan) paths(paths []string) error {
	for _, p := range paths {
		if err := s.path(path.Clean(p)); err != nil {
			return err
		}
	}
	return nil
}

// neighbours adds what is judged together with an overlay or a tenant: the tenant, which bounds what its overlays may do,
// and all of the team's overlays in that environment, which share what it allows.
func (s *scan) neighbours() {
	if s.whole {
		return
	}
	together := map[spec.Target]bool{}
	for _, u := range s.units {
		if u.target.Team != "" {
			together[spec.Target{Team: u.target.Team, Env: u.target.Env}] = true
		}
	}
	for _, t := range s.found.awaited {
		together[spec.Target{Team: t.Team, Env: t.Env}] = true
	}
	for t := range together {
		s.beside(workspace.TenantDir(t.Team) + "/" + t.Env)
		for _, model := range s.folders(workspace.ModelsDir(t.Team)) {
			s.beside(spec.Target{Team: t.Team, Model: model, Env: t.Env}.Dir())
		}
	}
}

// beside adds a unit that is read for the sake of others.
func (s *scan) beside(dir string) {
	if u, ok := s.unitAt(dir); ok {
		u.context = true
		s.units = append(s.units, u)
	}
}

// sort puts units in order, each once; one that is read for its own sake counts before one that is read for others'.
func (s *scan) sort() {
	slices.SortStableFunc(s.units, func(a, b place) int { return strings.Compare(a.path, b.path) })
	s.units = slices.CompactFunc(s.units, func(a, b place) bool { return a.path == b.path })
	slices.Sort(s.specs)
	s.specs = slices.Compact(s.specs)
}

func isFile(fsys fs.FS, name string) bool {
	info, err := fs.Stat(fsys, name)
	return err == nil && info.Mode().IsRegular()
}

// path looks at a file or folder that was named.
func (s *scan) path(p string) error {
	info, err := fs.Stat(s.Tree, p)
	if err != nil {
		return err
	}
	if u, ok := s.unitAround(p); ok {
		s.units = append(s.units, u)
		return nil
	}
	if info.IsDir() {
		return s.folder(p)
	}
	if dir, ok := s.includer(p); ok {
		s.units = append(s.units, place{kind: manifest.Folder, path: dir})
		return nil
	}
	s.file(p)
	return nil
}

// includer is the nearest kustomization around a file that names it: a patch is nothing by itself, and a resource only
// what is made of it.
func (s *scan) includer(p string) (string, bool) {
	for at := path.Dir(p); ; at = path.Dir(at) {
		refs, err := build.Refer(s.Tree, at)
		if err == nil && !refs.Component && slices.Contains(refs.Paths, p) {
			return at, true
		}
		if at == "." {
			return "", false
		}
	}
}

// unitAround is the folder of ours that a path lies in.
func (s *scan) unitAround(p string) (place, bool) {
	for at := p; at != "."; at = path.Dir(at) {
		if u, ok := s.unitAt(at); ok {
			return u, true
		}
	}
	return place{}, false
}

// unitAt says whether a folder is one that modelops writes.
func (s *scan) unitAt(dir string) (place, bool) {
	if !s.deployment {
		return place{}, false
	}
	parts := strings.Split(dir, "/")
	switch {
	case dir == "argocd" && isFile(s.Tree, "argocd/kustomization.yaml"):
		return place{kind: manifest.ArgoCD, path: dir}, true
	case len(parts) == 3 && parts[0] == "tenants" && parts[2] != "holds" && isFile(s.Tree, dir+"/kustomization.yaml"):
		return place{kind: manifest.Tenant, path: dir, target: spec.Target{Team: parts[1], Env: parts[2]}}, true
	case len(parts) == 4 && parts[0] == "models" && parts[3] != "patches" && parts[3] != "state" && isFile(s.Tree, dir+"/release.yaml"):
		return place{kind: manifest.Overlay, path: dir, target: spec.Target{Team: parts[1], Model: parts[2], Env: parts[3]}}, true
	}
	return place{}, false
}

func (s *scan) folder(dir string) error {
	if s.deployment && (dir == "standards" || s.only && (dir == "models" || dir == "tenants" || dir == "argocd")) {
		return nil
	}
	if u, ok := s.unitAt(dir); ok {
		s.units = append(s.units, u)
		return nil
	}
	entries, err := fs.ReadDir(s.Tree, dir)
	if err != nil {
		return err
	}
	if s.visited += len(entries); s.visited > maxFiles {
		return fmt.Errorf("%s: more than %d files are too many for one run: name the folders to validate", dir, maxFiles)
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	if slices.Contains(names, "Chart.yaml") {
		s.gap(dir, "it is a Helm chart, which is not rendered here")
		return nil
	}
	for _, e := range entries {
		p := path.Join(dir, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case e.IsDir():
			err = errors.Join(err, s.folder(p))
		case e.Type()&fs.ModeSymlink != 0 && (isManifest(p) || path.Ext(p) == ""):
			s.gap(p, "it is a symbolic link")
		case e.Type().IsRegular():
			s.file(p)
		}
	}
	return err
}

// file sorts one file.
func (s *scan) file(p string) {
	switch {
	case slices.Contains(kustomizationFiles, path.Base(p)):
		s.kustomizations = append(s.kustomizations, path.Dir(p))
	case s.deployment && (isSpec(p) || isPatch(p)):
		s.spec(p)
	case isManifest(p):
		s.files = append(s.files, p)
	}
}

// spec adds a document of ours, or a patch that a later promote takes along.
func (s *scan) spec(p string) {
	model := modelOf(p)
	if model != "" {
		s.models[model] = true
	}
	switch {
	case !isFile(s.Tree, p):
	case isPatch(p):
		s.patches = append(s.patches, p)
	default:
		s.specs = append(s.specs, p)
	}
}

// modelOf is the model, as TEAM/MODEL, that a promote takes a file along for; empty where it is none of those.
func modelOf(p string) string {
	parts := strings.Split(p, "/")
	if isPatch(p) || len(parts) == 4 && parts[0] == "models" && parts[3] == "model.yaml" {
		return parts[1] + "/" + parts[2]
	}
	return ""
}

var kustomizationFiles = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

// isPatch is true for the pieces of objects that a later promote takes along.
func isPatch(p string) bool {
	parts := strings.Split(p, "/")
	return len(parts) > 4 && parts[0] == "models" && parts[3] == "patches" && isManifest(p)
}

// foreign are the kustomizations that no other one includes, and the files that none reads.
func (s *scan) foreign() {
	used, components := map[string]bool{}, map[string]bool{}
	for _, dir := range s.kustomizations {
		refs, err := build.Refer(s.Tree, dir)
		if err != nil {
			continue // building it says what is wrong
		}
		components[dir] = refs.Component
		for _, p := range refs.Paths {
			used[p] = true
		}
	}
	for _, dir := range s.kustomizations {
		if !used[dir] && !components[dir] {
			s.units = append(s.units, place{kind: manifest.Folder, path: dir})
		}
	}
	other := 0
	for _, p := range s.files {
		switch {
		case used[p]:
		case s.holdsManifests(p):
			s.units = append(s.units, place{kind: manifest.File, path: p})
		default:
			other++
		}
	}
	if other > 0 {
		s.gap(fmt.Sprintf("other files of YAML or JSON (%d)", other), "they have no apiVersion and kind")
	}
}

// holdsManifests looks into a YAML file that may be anything. What says that it is an object is taken for one, and what
// cannot be read, so that it is reported.
func (s *scan) holdsManifests(p string) bool {
	data, err := build.ReadFile(s.Tree, p)
	return err != nil || looksLikeObject(data)
}
