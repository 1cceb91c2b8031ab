package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/modelops/modelops/render/spec"
)

// The places of a deployment repository.
const (
	PlatformFile = "modelops.yaml"
	tenantsDir   = "tenants"
	modelsDir    = "models"
)

// Tree is a deployment repository's content at one moment.
type Tree struct {
	// FS is rooted at the folder that holds modelops.yaml.
	FS fs.FS
	// Name of the place, for messages: a folder or a commit.
	Name string
}

// Platform reads modelops.yaml. Errors: *NoPlatformError, spec.Problems.
func (t Tree) Platform() (*spec.Platform, error) {
	data, err := fs.ReadFile(t.FS, PlatformFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &NoPlatformError{t.Name}
	}
	if err != nil {
		return nil, err
	}
	return spec.DecodePlatform(PlatformFile, data)
}

// Environments are the names of the platform's environments, in promotion order.
func Environments(p *spec.Platform) []string {
	names := make([]string, len(p.Spec.Environments))
	for i, e := range p.Spec.Environments {
		names[i] = e.Name
	}
	return names
}

// TeamEnvironments are those of the platform's environments that a team has, in promotion order. An environment that the
// platform does not know is an error.
func TeamEnvironments(p *spec.Platform, t *spec.Team) ([]string, error) {
	all := Environments(p)
	for _, e := range t.Spec.Environments {
		if !slices.Contains(all, e) {
			return nil, spec.Problems{{File: TeamFile(t.Metadata.Name), Path: "spec.environments",
				Message: fmt.Sprintf("%s has no environment %q", PlatformFile, e), Hint: "its environments: " + strings.Join(all, ", ")}}
		}
	}
	if len(t.Spec.Environments) == 0 {
		return all, nil
	}
	return slices.DeleteFunc(all, func(e string) bool { return !slices.Contains(t.Spec.Environments, e) }), nil
}

// TeamFile is the path of a team's spec.
func TeamFile(team string) string { return TenantDir(team) + "/team.yaml" }

// TenantDir is the folder of a team's tenants.
func TenantDir(team string) string { return tenantsDir + "/" + team }

// ModelsDir is the folder of a team's models.
func ModelsDir(team string) string { return modelsDir + "/" + team }

// Teams lists the folders of tenants/ that hold a team.yaml, sorted.
func (t Tree) Teams() ([]string, error) {
	return t.holding(tenantsDir, "team.yaml")
}

// Models lists TEAM/MODEL of every folder below models/ that holds a model.yaml, sorted.
func (t Tree) Models() ([]string, error) {
	teams, err := t.folders(modelsDir)
	if err != nil {
		return nil, err
	}
	models := make([][]string, len(teams))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, team := range teams {
		g.Go(func() error {
			names, err := t.ModelsOf(team)
			for _, n := range names {
				models[i] = append(models[i], team+"/"+n)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(models...), nil
}

// ModelsOf lists the names of one team's models, sorted.
func (t Tree) ModelsOf(team string) ([]string, error) {
	return t.holding(ModelsDir(team), "model.yaml")
}

// Overlays lists the environments in which a model has a release.yaml, sorted by name.
func (t Tree) Overlays(model string) ([]spec.Target, error) {
	team, name, _ := strings.Cut(model, "/")
	envs, err := t.holding(modelsDir+"/"+model, "release.yaml")
	if err != nil {
		return nil, err
	}
	var out []spec.Target
	for _, e := range envs {
		out = append(out, spec.Target{Team: team, Model: name, Env: e})
	}
	return out, nil
}

// holding lists the folders of dir in which a file of this name lies.
func (t Tree) holding(dir, file string) ([]string, error) {
	names, err := t.folders(dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, n := range names {
		there, err := t.has(dir+"/"+n, file)
		if err != nil {
			return nil, err
		}
		if there {
			out = append(out, n)
		}
	}
	return out, nil
}

// has says whether a folder holds a regular file of this name. It asks the folder's list, since a commit has to read a
// file to know its size; a link in a work tree is followed.
func (t Tree) has(dir, file string) (bool, error) {
	entries, err := fs.ReadDir(t.FS, dir)
	if err == nil {
		i := slices.IndexFunc(entries, func(e fs.DirEntry) bool { return e.Name() == file })
		if i < 0 || entries[i].Type()&fs.ModeSymlink == 0 {
			return i >= 0 && entries[i].Type().IsRegular(), nil
		}
	}
	info, err := fs.Stat(t.FS, dir+"/"+file)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && info.Mode().IsRegular(), err
}

func (t Tree) folders(dir string) ([]string, error) {
	entries, err := fs.ReadDir(t.FS, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			out = append(out, e.Name())
		}
	}
	return out, nil
}

// Team reads a team's spec.
func (t Tree) Team(name string) (*spec.Team, error) {
	data, err := fs.ReadFile(t.FS, TeamFile(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, t.noTeam(name)
	}
	if err != nil {
		return nil, err
	}
	team, err := spec.DecodeTeam(TeamFile(name), data)
	if err == nil && team.Metadata.Name != name {
		return nil, misplaced(TeamFile(name), "metadata.name", name, team.Metadata.Name)
	}
	return team, err
}

func (t Tree) noTeam(name string) error {
	next := []string{"modelops team add " + name}
	if teams, err := t.Teams(); err == nil && len(teams) > 0 {
		next = append(next, "teams: "+strings.Join(teams, ", "))
	}
	return &SelectorError{Selector: name, Why: "there is no " + TeamFile(name), Next: next}
}

// Model reads a model's spec; name is TEAM/MODEL.
func (t Tree) Model(name string) (*spec.Model, error) {
	target, err := ParseModel(name)
	if err != nil {
		return nil, err
	}
	data, err := fs.ReadFile(t.FS, target.ModelFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, t.matchesNothing(name)
	}
	if err != nil {
		return nil, err
	}
	m, err := spec.DecodeModel(target.ModelFile(), data)
	switch {
	case err != nil:
		return nil, err
	case m.Metadata.Team != target.Team:
		return nil, misplaced(target.ModelFile(), "metadata.team", target.Team, m.Metadata.Team)
	case m.Metadata.Name != target.Model:
		return nil, misplaced(target.ModelFile(), "metadata.name", target.Model, m.Metadata.Name)
	}
	return m, nil
}

func misplaced(file, path, want, got string) error {
	return spec.Problems{{File: file, Path: path, Message: fmt.Sprintf("the file lies in the folder of %q, but says %q", want, got)}}
}

// Folder reads the plain files below a folder, by their path in it; an absent folder has none. Anything that is neither
// a file nor a folder is an *UnsafeError.
func (t Tree) Folder(dir string) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(t.FS, dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path == dir {
			return fs.SkipAll
		}
		if err != nil || d.IsDir() {
			return err
		}
		if !d.Type().IsRegular() {
			return &UnsafeError{path, "it is not a plain file"}
		}
		data, err := fs.ReadFile(t.FS, path)
		files[strings.TrimPrefix(path, dir+"/")] = data
		return err
	})
	return files, err
}

// Files reads some files by path; those that are absent are left out.
func (t Tree) Files(paths ...string) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, p := range paths {
		data, err := fs.ReadFile(t.FS, p)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		files[p] = data
	}
	return files, nil
}

// Subfolders lists the folders of dir in which a file of this name lies, sorted.
func (t Tree) Subfolders(dir, file string) ([]string, error) { return t.holding(dir, file) }
