// Package templates holds the built-in standards, one folder each. A standard that was released never changes: what it
// renders is pinned by its digest in every release, so a change is a new folder with a new name.
package templates

import "embed"

// FS holds the folders of the built-in standards.
//
//go:embed v1
var FS embed.FS
