// Package generate knows every folder of a deployment repository that is made from others: tenants, Argo CD's objects and
// overlays. It says what each should hold and how it differs from what it holds, and writes nothing.
package generate

import (
	"fmt"
	"slices"

	"github.com/modelops/modelops/internal/workspace"
	"github.com/modelops/modelops/render"
	"github.com/modelops/modelops/render/spec"
	"github.com/modelops/modelops/render/standard"
)

// ArgoDir is the folder of Argo CD's objects.
const ArgoDir = "argocd"

// Folder is one generated folder.
type Folder struct {
	// Dir is its path.
	Dir string
	// Want is what it should hold, Have what it holds; either is empty where the folder should not be, or is not, there.
	Want, Have map[string][]byte
	// Target of an overlay; zero for other folders.
	Target spec.Target
	// Recorded is the tree id that the overlay's state names; empty where there is none.
	Recorded string
	// Broken says why the wanted content cannot be found: the release in the folder cannot be read.
	Broken error
}

// Source reads what the folders are generated from.
type Source struct {
	tree      workspace.Tree
	platform  *spec.Platform
	standards map[string]*standard.Standard
}

// New reads the platform. Errors: *workspace.NoPlatformError, spec.Problems.
func New(tree workspace.Tree) (*Source, error) {
	p, err := tree.Platform()
	return &Source{tree: tree, platform: p, standards: map[string]*standard.Standard{}}, err
}

// Platform is the platform's spec.
func (s *Source) Platform() *spec.Platform { return s.platform }

// Standard loads a standard once; an empty name means the platform's.
func (s *Source) Standard(name string) (*standard.Standard, error) {
	if name == "" {
		name = s.platform.Spec.Standard
	}
	if name == "" {
		name = render.DefaultStandard
	}
	if std, ok := s.standards[name]; ok {
		return std, nil
	}
	std, err := render.Standard(s.tree.FS, name)
	if err == nil {
		s.standards[name] = std
	}
	return std, err
}

// All are the folders of every team and model, and Argo CD's.
func (s *Source) All() ([]Folder, error) {
	teams, err := s.tree.Teams()
	if err != nil {
		return nil, err
	}
	var out []Folder
	for _, team := range teams {
		tenants, err := s.Tenants(team)
		if err != nil {
			return nil, err
		}
		out = append(out, tenants...)
	}
	models, err := s.tree.Models()
	if err != nil {
		return nil, err
	}
	overlays, err := s.Overlays(models)
	if err != nil {
		return nil, err
	}
	argo, err := s.ArgoCD()
	return append(append(out, overlays...), argo), err
}

// Tenants are a team's folders, one per environment of the platform; those of environments that the team does not have
// should hold nothing.
func (s *Source) Tenants(team string) ([]Folder, error) {
	t, err := s.tree.Team(team)
	if err != nil {
		return nil, err
	}
	envs, err := workspace.TeamEnvironments(s.platform, t)
	if err != nil {
		return nil, err
	}
	std, err := s.Standard("")
	if err != nil {
		return nil, err
	}
	var out []Folder
	for _, env := range workspace.Environments(s.platform) {
		f, err := s.folder(workspace.TenantDir(team) + "/" + env)
		if err != nil {
			return nil, err
		}
		if slices.Contains(envs, env) {
			if f.Want, err = render.Tenant(s.platform, t, env, std); err != nil {
				return nil, fmt.Errorf("render %s: %w", f.Dir, err)
			}
		}
		out = append(out, f)
	}
	return out, nil
}

// ArgoCD is the folder of Argo CD's objects, made from all teams.
func (s *Source) ArgoCD() (Folder, error) {
	names, err := s.tree.Teams()
	if err != nil {
		return Folder{}, err
	}
	return s.argoCD(names)
}

// ArgoCDWithout is the same folder as if a team were gone.
func (s *Source) ArgoCDWithout(team string) (Folder, error) {
	names, err := s.tree.Teams()
	if err != nil {
		return Folder{}, err
	}
	return s.argoCD(slices.DeleteFunc(names, func(n string) bool { return n == team }))
}

func (s *Source) argoCD(names []string) (Folder, error) {
	teams := make([]*spec.Team, 0, len(names))
	for _, n := range names {
		t, err := s.tree.Team(n)
		if err != nil {
			return Folder{}, err
		}
		teams = append(teams, t)
	}
	std, err := s.Standard("")
	if err != nil {
		return Folder{}, err
	}
	f, err := s.folder(ArgoDir)
	if err != nil {
		return f, err
	}
	if f.Want, err = render.ArgoCD(s.platform, teams, std); err != nil {
		return f, fmt.Errorf("render %s: %w", f.Dir, err)
	}
	return f, nil
}

func (s *Source) folder(dir string) (Folder, error) {
	have, err := s.tree.Folder(dir)
	return Folder{Dir: dir, Have: have}, err
}

// Selected are the folders that selectors mean: a team's tenants and overlays, or the overlays of models. Without
// selectors it is All.
func (s *Source) Selected(selectors []string) ([]Folder, error) {
	if len(selectors) == 0 {
		return s.All()
	}
	teams, err := s.tree.Teams()
	if err != nil {
		return nil, err
	}
	var out []Folder
	var models []string
	for _, sel := range selectors {
		if slices.Contains(teams, sel) {
			tenants, err := s.Tenants(sel)
			if err != nil {
				return nil, err
			}
			out = append(out, tenants...)
			if own, err := s.tree.ModelsOf(sel); err != nil {
				return nil, err
			} else if len(own) == 0 {
				continue
			}
		}
		models = append(models, sel)
	}
	if len(models) == 0 {
		return out, nil
	}
	if models, err = s.tree.Select(models); err != nil {
		return nil, err
	}
	overlays, err := s.Overlays(models)
	return append(out, overlays...), err
}
