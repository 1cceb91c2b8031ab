// Package render turns specs, a release and a standard into files.
package render

import (
	"errors"
	"io/fs"

	"github.com/modelops/modelops/render/spec"
	"github.com/modelops/modelops/render/standard"
)

// Files are the files of a folder by their path in it.
type Files map[string][]byte

// OverlayInput is everything that an overlay is rendered from.
type OverlayInput struct {
	Target   spec.Target
	Release  *spec.Release
	Standard *standard.Standard
	Patches  Files
}

// Overlay renders the folder of one model in one environment.
func Overlay(in OverlayInput) (Files, error) { return nil, errors.New("not yet") }

// Tenant renders tenants/TEAM/ENV.
func Tenant(p *spec.Platform, t *spec.Team, env string, s *standard.Standard) (Files, error) {
	return nil, errors.New("not yet")
}

// ArgoCD renders argocd/.
func ArgoCD(p *spec.Platform, teams []*spec.Team, s *standard.Standard) (Files, error) {
	return nil, errors.New("not yet")
}

// Standard loads standards/NAME of the repository, or the built-in one.
func Standard(fsys fs.FS, name string) (*standard.Standard, error) { return nil, errors.New("not yet") }
