package source

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"github.com/modelops/modelops/internal/workspace"
	"github.com/modelops/modelops/render/build"
	"github.com/modelops/modelops/render/spec"
)

// isSpec is true where a document of ours belongs that people write, or that the tool keeps beside an overlay.
func isSpec(p string) bool {
	parts := strings.Split(p, "/")
	switch {
	case p == workspace.PlatformFile:
		return true
	case parts[0] == "tenants" && len(parts) > 2:
		return len(parts) == 3 && parts[2] == "team.yaml" || len(parts) == 4 && parts[2] == "holds" && isManifest(p)
	case parts[0] == "models" && len(parts) > 3:
		return len(parts) == 4 && parts[3] == "model.yaml" || len(parts) == 5 && parts[3] == "state" && isManifest(p)
	}
	return false
}

// decodeAll reads the documents that were found, and of every unit the team's and, where the unit is judged, the model's and
// the record; and the specs of the models that wait to be promoted.
func (r *reading) decodeAll(files []string, awaited []spec.Target) {
	for _, u := range r.set.Units {
		if u.Target.Team != "" {
			files = append(files, workspace.TeamFile(u.Target.Team))
		}
		if u.Target.Model != "" && !u.Context {
			files = append(files, u.Target.ModelFile(), u.Target.StateFile())
		}
	}
	for _, t := range awaited {
		files = append(files, t.ModelFile())
	}
	for _, file := range files {
		if r.files[file] {
			continue
		}
		err := r.decode(file)
		r.read(file)
		var none *workspace.SelectorError
		if errors.As(err, &none) || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := r.failed(file, err); err != nil {
			r.gap(file, err.Error())
		}
	}
}

// decode reads one document of ours into the set.
func (r *reading) decode(file string) error {
	parts := strings.Split(file, "/")
	switch {
	case len(parts) == 3:
		t, err := r.tree.Team(parts[1])
		if err == nil {
			r.set.Teams[parts[1]] = t
		}
		return err
	case parts[len(parts)-1] == "model.yaml":
		name := parts[1] + "/" + parts[2]
		m, err := r.tree.Model(name)
		if err == nil {
			r.set.Models[name] = m
		}
		return err
	case parts[0] == "models":
		return r.state(file, spec.Target{Team: parts[1], Model: parts[2], Env: strings.TrimSuffix(parts[4], ".yaml")})
	case parts[0] == "tenants":
		return r.hold(file, parts[1])
	}
	return nil // modelops.yaml was read first of all
}

func (r *reading) state(file string, t spec.Target) error {
	s, err := decodeState(r.Tree, file)
	if err != nil {
		return err
	}
	r.set.States[t.String()] = s
	if got := s.Metadata.Target(); got != t {
		r.find(problem(spec.Problem{File: file, Path: "metadata", Message: fmt.Sprintf("it is the record of %s", got),
			Hint: "modelops writes a record beside its model; restore the file with git checkout"}))
	}
	if r.Before != nil {
		if was, err := decodeState(r.Before, file); err == nil {
			r.set.StatesBefore[t.String()] = was
		}
	}
	return nil
}

func decodeState(fsys fs.FS, file string) (*spec.State, error) {
	data, err := build.ReadFile(fsys, file)
	if err != nil {
		return nil, err
	}
	return spec.DecodeState(file, data)
}

func (r *reading) hold(file, team string) error {
	data, err := build.ReadFile(r.Tree, file)
	if err != nil {
		return err
	}
	h, err := spec.DecodeTeamHold(file, data)
	if err != nil {
		return err
	}
	r.set.TeamHolds = append(r.set.TeamHolds, h)
	if h.Metadata.Team != team {
		r.find(problem(spec.Problem{File: file, Path: "metadata.team", Message: fmt.Sprintf("the file lies in the folder of %q, but says %q", team, h.Metadata.Team)}))
	}
	return nil
}

var (
	apiVersionLine = regexp.MustCompile(`(?m)(^|[{,])\s*"?apiVersion"?\s*:`)
	kindLine       = regexp.MustCompile(`(?m)(^|[{,])\s*"?kind"?\s*:`)
)

// looksLikeObject is a look that broken YAML stands as well.
func looksLikeObject(data []byte) bool { return apiVersionLine.Match(data) && kindLine.Match(data) }
