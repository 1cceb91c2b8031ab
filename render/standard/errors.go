package standard

import (
	"fmt"
	"strings"

	"github.com/modelops/modelops/render/spec"
)

// UnknownError says that there is no standard of this name.
type UnknownError struct {
	// Name that was asked for.
	Name string
	// Known standards.
	Known []string
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("standard %q: neither built in nor a folder under standards/; there are: %s", e.Name, strings.Join(e.Known, ", "))
}

// UnknownRuntimeError says that a standard has no runtime of this name.
type UnknownRuntimeError struct {
	// Standard that was asked.
	Standard string
	// Name of the runtime.
	Name string
	// Known runtimes of the standard.
	Known []string
}

func (e *UnknownRuntimeError) Error() string {
	return fmt.Sprintf("runtime %q: standard %s has none of this name; it has: %s", e.Name, e.Standard, strings.Join(e.Known, ", "))
}

// place is a position in a file of a standard.
type place struct {
	file         string
	line, column int
}

func (p place) problem(path, format string, args ...any) error {
	return spec.Problems{{File: p.file, Line: p.line, Column: p.column, Path: path, Message: fmt.Sprintf(format, args...)}}
}
