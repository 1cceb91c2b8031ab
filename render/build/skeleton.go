// Package build builds overlays as kustomize does.
package build

import "errors"

// Object is one built manifest.
type Object struct {
	APIVersion, Kind, Namespace, Name string
	Map                               map[string]any
}

// Objects in the order that kustomize prints.
type Objects []Object

// YAML as kustomize build prints it.
func (o Objects) YAML() []byte { return nil }

// Find an object by kind and name.
func (o Objects) Find(kind, name string) (Object, bool) { return Object{}, false }

// Build builds an overlay's own folder.
func Build(files map[string][]byte) (Objects, error) { return nil, errors.New("not yet") }

// Op is what happened to an object.
type Op string

// The operations.
const (
	Added   Op = "added"
	Removed Op = "removed"
	Changed Op = "changed"
)

// ObjectDiff is the difference of one object.
type ObjectDiff struct {
	Kind, Name, Namespace string
	Op                    Op
	Fields                []FieldChange
	Unified               string
}

// FieldChange is one changed field; Before or After is empty where the field was added or removed.
type FieldChange struct{ Path, Before, After string }

// Diff compares two builds by object.
func Diff(before, after Objects) []ObjectDiff { return nil }

// Warm starts loading the OpenAPI schema.
func Warm() {}
