package view

import (
	"strings"

	"github.com/modelops/modelops/render/build"
)

// ObjectDiff is what changes in one built manifest.
type ObjectDiff struct {
	Object
	// Op is added, removed or changed.
	Op string `json:"op"`
	// Fields that change, for a changed object.
	Fields []FieldDiff `json:"fields,omitempty"`
	// Unified diff of the whole manifest.
	Unified string `json:"unified,omitempty"`
}

// FieldDiff is one field: before is empty where it is added, after where it is removed.
type FieldDiff struct {
	Path   string `json:"path"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// FromDiff is the view of a difference of built manifests.
func FromDiff(list []build.ObjectDiff) []ObjectDiff {
	var out []ObjectDiff
	for _, d := range list {
		o := ObjectDiff{Object: Object{Kind: d.Kind, Namespace: d.Namespace, Name: d.Name}, Op: string(d.Op), Unified: d.Unified}
		for _, f := range d.Fields {
			o.Fields = append(o.Fields, FieldDiff{Path: f.Path, Before: f.Before, After: f.After})
		}
		out = append(out, o)
	}
	return out
}

var objectStyle = map[string]Style{"added": Green, "removed": Red, "changed": Yellow}

var objectMark = map[string]string{"added": "+", "removed": "-", "changed": "~"}

// text shows the object and its fields; the whole manifest where details are wanted.
func (d ObjectDiff) text(t *Text) {
	t.Line("%s %s", In(objectStyle[d.Op], objectMark[d.Op]), d.Object)
	t.Under(func() {
		if t.Verbose() && d.Unified != "" {
			unified(t, d.Unified)
			return
		}
		for _, f := range d.Fields {
			t.Line("%s: %s -> %s", f.Path, In(Red, value(f.Before)), In(Green, value(f.After)))
		}
	})
}

func value(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}

// unified colours a diff by its lines.
func unified(t *Text, diff string) {
	for _, line := range strings.Split(strings.TrimRight(diff, "\n"), "\n") {
		line = strings.TrimSuffix(line, "\r")
		switch {
		case strings.HasPrefix(line, "+"):
			t.Line("%s", In(Green, line))
		case strings.HasPrefix(line, "-"):
			t.Line("%s", In(Red, line))
		case strings.HasPrefix(line, "@@"):
			t.Line("%s", In(Cyan, line))
		default:
			t.Line("%s", line)
		}
	}
}

// Differences is the result of `modelops diff`.
type Differences struct {
	// Before and After name what was compared: a commit, or "work tree".
	Before string `json:"before"`
	After  string `json:"after"`
	// Folders whose built manifests differ, by path.
	Folders []FolderDiff `json:"folders"`
}

// FolderDiff is one folder that is built to manifests.
type FolderDiff struct {
	Path string `json:"path"`
	// Target is TEAM/MODEL/ENV for an overlay; empty for others.
	Target string `json:"target,omitempty"`
	// Problem says why the folder cannot be built.
	Problem string       `json:"problem,omitempty"`
	Objects []ObjectDiff `json:"objects"`
}

// Text shows every object with its unified diff.
func (d Differences) Text(t *Text) {
	if len(d.Folders) == 0 {
		t.Line("no built manifest differs between %s and %s", d.Before, d.After)
		return
	}
	t.verbose = true
	for n, f := range d.Folders {
		if n > 0 {
			t.Blank()
		}
		t.Line("%s", In(Bold, f.Path))
		t.Under(func() {
			if f.Problem != "" {
				t.Line("%s %s", In(Red, "cannot be built:"), f.Problem)
			}
			for _, o := range f.Objects {
				o.text(t)
			}
		})
	}
}
