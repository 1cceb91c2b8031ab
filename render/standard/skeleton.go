// Package standard loads a standard.
package standard

import (
	"errors"
	"io/fs"
)

// Standard is a loaded standard.
type Standard struct{ digest string }

// Runtime is a serving runtime.
type Runtime struct {
	Name, Description, Warning string
}

// UnknownError says that no standard has this name.
type UnknownError struct {
	Name  string
	Known []string
}

func (e *UnknownError) Error() string { return "no standard " + e.Name }

// UnknownRuntimeError says that the standard has no runtime of this name.
type UnknownRuntimeError struct {
	Standard, Name string
	Known          []string
}

func (e *UnknownRuntimeError) Error() string { return "no runtime " + e.Name }

// Load reads folder name of fsys.
func Load(fsys fs.FS, name string) (*Standard, error) { return nil, errors.New("not yet") }

// Digest over all files.
func (s *Standard) Digest() string { return s.digest }

// Name of the standard.
func (s *Standard) Name() string { return "" }

// Runtimes by name.
func (s *Standard) Runtimes() []string { return nil }

// Runtime by name; the error is *UnknownRuntimeError.
func (s *Standard) Runtime(name string) (Runtime, error) { return Runtime{}, nil }
