// Package check judges what an overlay builds.
package check

import (
	"github.com/modelops/modelops/render/build"
	"github.com/modelops/modelops/render/spec"
)

// Finding is one violation.
type Finding struct{ Rule, Object, Path, Message, Fix string }

// Input of the checks.
type Input struct {
	Target               spec.Target
	Release              *spec.Release
	Before, After        build.Objects
	Standard             build.Objects
	Registries           []string
	AllowArgoAnnotations bool
}

// Overlay checks what is built.
func Overlay(in Input) []Finding { return nil }
