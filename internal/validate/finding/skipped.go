package finding

import "cmp"

// Skipped is something that a judge saw and could not judge. It is reported as what it is: what nobody looked at did not
// pass.
type Skipped struct {
	Object Object
	// Field is the path of the field that was left out; empty where it is the whole object.
	Field string
	At    Position
	// Reason says why, and what would make it judged.
	Reason string
}

// CompareSkipped orders by place, object and field.
func CompareSkipped(a, b Skipped) int {
	return cmp.Or(cmp.Compare(a.At.File, b.At.File), cmp.Compare(a.At.Line, b.At.Line), cmp.Compare(a.At.Column, b.At.Column),
		cmp.Compare(a.Object.String(), b.Object.String()), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Reason, b.Reason))
}
