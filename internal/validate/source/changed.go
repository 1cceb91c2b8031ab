package source

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/workspace"
	"github.com/modelops/modelops/render/build"
	"github.com/modelops/modelops/render/spec"
)

// changed finds what the changed files concern. It costs what changed, not what is there: only for files that modelops
// does not know by their place is the rest of the repository searched for what includes them.
func (s *scan) changed() error {
	var others []string
	for _, f := range s.Changed {
		switch {
		case !s.asked(f):
		case s.concernsAll(f):
			s.Paths = nil
			return s.everything()
		case !s.ours(f):
			others = append(others, f)
		}
	}
	if len(others) == 0 {
		return nil
	}
	return s.including(others)
}

// asked says whether a file lies in one of the paths that were named.
func (s *scan) asked(f string) bool {
	return len(s.Paths) == 0 || slices.ContainsFunc(s.Paths, func(p string) bool { return p == "." || f == p || strings.HasPrefix(f, p+"/") })
}

// concernsAll is true for what everything is rendered from or judged by.
func (s *scan) concernsAll(f string) bool {
	top, _, _ := strings.Cut(f, "/")
	return s.deployment && (f == workspace.PlatformFile || top == "standards" || top == "policies")
}

// ours adds what a file of a deployment repository concerns; false where its place says nothing.
func (s *scan) ours(f string) bool {
	if !s.deployment {
		return false
	}
	if isSpec(f) || isPatch(f) {
		s.spec(f)
	}
	parts := strings.Split(f, "/")
	switch {
	case parts[0] == "argocd":
		s.add(parts[0])
	case parts[0] == "tenants" && len(parts) == 4 && parts[2] != "holds":
		s.add(strings.Join(parts[:3], "/"))
		s.overlaysIn(parts[1], parts[2])
	case parts[0] == "tenants" && len(parts) == 3:
		s.team(parts[1])
	case parts[0] == "models" && len(parts) > 4 && parts[3] == "state":
		s.add(strings.Join(parts[:3], "/") + "/" + strings.TrimSuffix(parts[4], ".yaml"))
	case parts[0] == "models" && len(parts) > 4 && parts[3] != "patches":
		s.add(strings.Join(parts[:4], "/"))
	default:
		return parts[0] == "models" || parts[0] == "tenants"
	}
	return true
}

// add adds the unit in a folder, as it is or as it was.
func (s *scan) add(dir string) {
	if u, ok := s.unitAt(dir); ok {
		s.units = append(s.units, u)
		return
	}
	if s.Before == nil {
		return
	}
	before := &scan{reading: &reading{Input: Input{Tree: s.Before}}, deployment: true}
	if u, ok := before.unitAt(dir); ok {
		u.gone = true
		s.units = append(s.units, u)
	}
}

// team adds everything of a team: its bounds hold for all of it.
func (s *scan) team(team string) {
	for _, env := range s.folders(workspace.TenantDir(team)) {
		s.add(workspace.TenantDir(team) + "/" + env)
		s.overlaysIn(team, env)
	}
}

// overlaysIn adds a team's overlays in one environment.
func (s *scan) overlaysIn(team, env string) {
	for _, model := range s.folders(workspace.ModelsDir(team)) {
		if u, ok := s.unitAt(spec.Target{Team: team, Model: model, Env: env}.Dir()); ok {
			s.units = append(s.units, u)
		}
	}
}

func (s *scan) folders(dir string) []string {
	entries, err := fs.ReadDir(s.Tree, dir)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() {
			out = append(out, e.Name())
		}
	}
	return out
}

// including finds the units that files lie in or that include them, among all that modelops does not write.
func (s *scan) including(files []string) error {
	all := &scan{models: s.models, reading: &reading{Input: Input{Tree: s.Tree}, tree: s.tree, set: s.set}, deployment: s.deployment, only: true}
	if err := all.folder("."); err != nil {
		return err
	}
	all.foreign()
	graph := includes{fsys: s.Tree, known: map[string][]string{}}
	for _, u := range all.units {
		reached := func(f string) bool { return f == u.path }
		if u.kind == manifest.Folder {
			paths := graph.of(u.path)
			reached = func(f string) bool { return slices.Contains(paths, f) }
		}
		if slices.ContainsFunc(files, reached) {
			s.units = append(s.units, u)
		}
	}
	return nil
}

// includes follows what kustomizations name.
type includes struct {
	fsys  fs.FS
	known map[string][]string
}

// of are all files that a kustomization reaches. One that cannot be read reaches what it lies beside.
func (g includes) of(dir string) []string {
	if paths, ok := g.known[dir]; ok {
		return paths
	}
	g.known[dir] = nil // ends circles
	var out []string
	for _, name := range kustomizationFiles {
		out = append(out, path.Join(dir, name))
	}
	refs, err := build.Refer(g.fsys, dir)
	if err == nil {
		for _, p := range refs.Paths {
			out = append(append(out, p), g.of(p)...)
		}
	}
	g.known[dir] = out
	return out
}
