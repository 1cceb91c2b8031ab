// Package manifest is what validation looks at: the objects that the folders of a repository build, all of them together,
// each with the place that every field of it comes from.
package manifest

import (
	"time"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/render/spec"
)

// Kind of a unit.
type Kind string

// The kinds of units.
const (
	// Overlay is a model in one environment, Tenant a team in one; ArgoCD are the objects of Argo CD.
	Overlay Kind = "overlay"
	Tenant  Kind = "tenant"
	ArgoCD  Kind = "argocd"
	// Folder is any other folder that kustomize builds, File a plain file of manifests.
	Folder Kind = "folder"
	File   Kind = "file"
)

// Unit is what is built together and applied by one Application.
type Unit struct {
	Kind Kind
	// Path of the folder or file.
	Path string
	// Context says that the unit was only read because others are judged beside it, such as the tenant of an overlay and the
	// overlays that share it: what is wrong in it alone is not reported.
	Context bool
	// Pending says that an overlay is not there yet: a promote of the specs as they stand would make it.
	Pending bool
	// Target of an overlay; of a tenant only team and environment are set.
	Target spec.Target
	// Release that an overlay is rendered from; nil elsewhere.
	Release *spec.Release
	// Objects that it builds.
	Objects []*Object
	// Before are the objects that it built in the commit that is compared with; nil where there is none.
	Before []*Object
}

// Own says of objects that the unit builds them, and returns them.
func (u *Unit) Own(objects []*Object) []*Object {
	for _, o := range objects {
		o.Unit = u
	}
	return objects
}

// Was are the objects that the unit built before, by their names.
func (u *Unit) Was() map[finding.Object]*Object {
	was := make(map[finding.Object]*Object, len(u.Before))
	for _, o := range u.Before {
		was[o.Object] = o
	}
	return was
}

// Object is one built object.
type Object struct {
	finding.Object
	// Content as JSON types. It is shared: read it, do not change it.
	Content map[string]any
	// Unit that builds it.
	Unit *Unit
	// Source finds fields in the files that people write.
	Source Source
}

// Source knows where an object comes from.
type Source interface {
	// Position is where a field was written, or where it would have to be; the nearest place that is known where it was
	// written nowhere. An empty path means the object.
	Position(path ...any) finding.Position
}

// Set is everything that is validated together.
type Set struct {
	// Platform is the repository's own spec; nil where a folder is no deployment repository.
	Platform *spec.Platform
	// Teams and models by name (TEAM, TEAM/MODEL), as far as they were read.
	Teams  map[string]*spec.Team
	Models map[string]*spec.Model
	// States by target (TEAM/MODEL/ENV), and the holds of whole teams, as far as they were read.
	States    map[string]*spec.State
	TeamHolds []*spec.TeamHold
	// StatesBefore are those of the commit that is compared with; nil where there is none.
	StatesBefore map[string]*spec.State
	// Now is the time by which holds end; zero means that none has ended.
	Now   time.Time
	Units []*Unit
	// Whole says that the set holds all units of the repository, so that what is not in it does not exist.
	Whole bool
}

// Objects calls f for every object.
func (s *Set) Objects(f func(*Object)) {
	for _, u := range s.Units {
		for _, o := range u.Objects {
			f(o)
		}
	}
}

// Judged calls f for every object that is not only there for the sake of others.
func (s *Set) Judged(f func(*Object)) {
	for _, u := range s.Units {
		if u.Context {
			continue
		}
		for _, o := range u.Objects {
			f(o)
		}
	}
}

// At walks down the fields of an object: names of fields, or positions in lists. It gives nil where there is nothing.
func (o *Object) At(path ...any) any {
	var v any = o.Content
	for _, p := range path {
		switch step := p.(type) {
		case string:
			m, ok := v.(map[string]any)
			if !ok {
				return nil
			}
			v = m[step]
		case int:
			l, ok := v.([]any)
			if !ok || step < 0 || step >= len(l) {
				return nil
			}
			v = l[step]
		}
	}
	return v
}
