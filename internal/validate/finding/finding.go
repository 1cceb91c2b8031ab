// Package finding is what validation says: one Finding for each thing that is wrong, at the place where the fix goes.
package finding

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity of a finding. Only errors, and warnings where that is asked for, make a run fail.
type Severity int

// The severities, worst first.
const (
	Error Severity = iota
	Warning
	Info
)

var severities = []string{"error", "warning", "info"}

func (s Severity) String() string { return severities[s] }

// MarshalText writes the severity as its word.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ParseSeverity reads a severity's word.
func ParseSeverity(s string) (Severity, error) {
	if i := slices.Index(severities, s); i >= 0 {
		return Severity(i), nil
	}
	return 0, fmt.Errorf("%q is no severity: %s", s, strings.Join(severities, ", "))
}

// Position is a place in a file of the tree that is validated.
type Position struct {
	// File is its path from the root of the tree, with slashes; empty where there is none to name.
	File string
	// Line and Column count from 1, columns in characters; 0 means the whole file.
	Line, Column int
}

func (p Position) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Object names a Kubernetes object; zero where a finding is about a file.
type Object struct {
	APIVersion, Kind, Namespace, Name string
}

// String is Kind/name, with the namespace before it where there is one.
func (o Object) String() string {
	switch {
	case o.Kind == "":
		return ""
	case o.Namespace == "":
		return o.Kind + "/" + o.Name
	}
	return o.Namespace + " " + o.Kind + "/" + o.Name
}

// Edit replaces one piece of a file by another. The file must still hold the old text there.
type Edit struct {
	At       Position
	Old, New string
}

// Finding is one thing that is wrong.
type Finding struct {
	// Check is the stable id of the check that found it, such as MO201, and Name its name, such as readiness-probe.
	Check, Name string
	Severity    Severity
	// Object it is in, and Field the path of the field there as the API server writes it
	// (spec.template.spec.containers[0].image).
	Object Object
	Field  string
	// At is where the fix goes: in the file that people write, not in what was rendered from it.
	At Position
	// Message says what is wrong, Why what comes of it, Fix what to do.
	Message, Why, Fix string
	// Judge is who says so where it is not modelops itself: a version of Kubernetes, a policy by its name.
	Judge string
	// Pending says that it is not so yet, but will be with the next promote of the model.
	Pending bool
	// Edits make the one safe fix; empty where there is none.
	Edits []Edit
}

// Sort orders findings: errors first, then by place, check and message, so that equal input gives equal reports.
func Sort(all []Finding) {
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.At.File, b.At.File), cmp.Compare(a.At.Line, b.At.Line),
			cmp.Compare(a.At.Column, b.At.Column), cmp.Compare(a.Check, b.Check), cmp.Compare(a.Object.String(), b.Object.String()),
			cmp.Compare(a.Field, b.Field), cmp.Compare(a.Message, b.Message))
	})
}
