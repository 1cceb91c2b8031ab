package generate

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/modelops/modelops/internal/workspace"
	"github.com/modelops/modelops/render"
	"github.com/modelops/modelops/render/spec"
)

// Overlays are the folders of these models, rendered from the releases in them.
func (s *Source) Overlays(models []string) ([]Folder, error) {
	var out []Folder
	for _, m := range models {
		targets, err := s.overlayTargets(m)
		if err != nil {
			return nil, err
		}
		for _, t := range targets {
			f, err := s.overlay(t)
			if err != nil {
				return nil, err
			}
			out = append(out, f)
		}
	}
	return out, nil
}

// overlayTargets are a model's environments that have a folder, or a record of a current release.
func (s *Source) overlayTargets(model string) ([]spec.Target, error) {
	t, err := workspace.ParseModel(model)
	if err != nil {
		return nil, err
	}
	var out []spec.Target
	for _, env := range workspace.Environments(s.platform) {
		t.Env = env
		for _, place := range []string{t.Dir(), t.StateFile()} {
			_, err := fs.Stat(s.tree.FS, place)
			if err == nil {
				out = append(out, t)
				break
			}
			if !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
		}
	}
	return out, nil
}

// overlay renders an overlay's folder again. What cannot be read there makes the folder broken and is no error: a person
// may have edited it, and that is what the caller wants to know.
func (s *Source) overlay(t spec.Target) (Folder, error) {
	f, err := s.folder(t.Dir())
	if err != nil {
		return f, err
	}
	f.Target = t
	if f.Recorded, f.Broken = s.recorded(t); f.Broken != nil || len(f.Have) == 0 {
		return f, nil
	}
	f.Want, f.Broken = s.again(t, f.Have)
	return f, nil
}

func (s *Source) recorded(t spec.Target) (string, error) {
	data, err := fs.ReadFile(s.tree.FS, t.StateFile())
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	state, err := spec.DecodeState(t.StateFile(), data)
	if err != nil || state.Spec.Current == nil {
		return "", err
	}
	return state.Spec.Current.Tree, nil
}

// again renders an overlay from its own release and patches.
func (s *Source) again(t spec.Target, have map[string][]byte) (map[string][]byte, error) {
	data, ok := have["release.yaml"]
	if !ok {
		return nil, fmt.Errorf("%s is missing", t.ReleaseFile())
	}
	rel, err := spec.DecodeRelease(t.ReleaseFile(), data)
	if err != nil {
		return nil, err
	}
	if rel.Metadata.Target() != t {
		return nil, fmt.Errorf("%s is the release of %s", t.ReleaseFile(), rel.Metadata.Target())
	}
	std, err := s.Standard(rel.Spec.Standard.Name)
	if err != nil {
		return nil, err
	}
	files, err := render.Again(t, rel, std, have)
	var mismatch *render.StandardMismatchError
	if errors.As(err, &mismatch) {
		return nil, errors.New(mismatch.Why())
	}
	return files, err
}
