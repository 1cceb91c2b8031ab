package view

import (
	"fmt"
	"strings"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/report"
)

// Validation is the result of validate.
type Validation struct {
	// Version of this document: it changes when a field is taken away or gets another meaning.
	Version int `json:"version"`
	// Errors, warnings and infos count the findings.
	Errors   int `json:"errors"`
	Warnings int `json:"warnings"`
	Infos    int `json:"infos"`
	// Findings are sorted: errors first, then by place.
	Findings []Finding `json:"findings"`
	// Waived are findings that a waiver covers.
	Waived []Waived `json:"waived"`
	// Checked says who judged, NotChecked what nobody judged: silence about that means nothing.
	Checked    []Judge `json:"checked"`
	NotChecked []Gap   `json:"notChecked"`
	// Units are overlays, tenants, folders and files of manifests.
	Units   int `json:"units"`
	Objects int `json:"objects"`
	Files   int `json:"files"`
	// Beside are further units of the same teams, which count in sums and are not judged themselves.
	Beside int `json:"beside"`
	// Pending are those units that are not there yet: what a promote would make of the specs as they stand.
	Pending int `json:"pending"`

	// path is how people are shown a file; nil shows it from the root of what was read.
	path func(file string) string
}

// Shown gives the report as people see it, who open files from where they are: path says how they are shown a file.
func (v Validation) Shown(path func(file string) string) Validation {
	v.path = path
	return v
}

// Finding is one thing that is wrong.
type Finding struct {
	// Check is the id of the check, which never changes its meaning, and Name the same in words.
	Check string `json:"check"`
	Name  string `json:"name"`
	// Severity is error, warning or info.
	Severity string `json:"severity"`
	// File, Line and Column are where the fix goes; lines and columns count from 1, columns in characters.
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	// Object that it is in, and Field the path there.
	APIVersion string `json:"apiVersion,omitempty"`
	Kind       string `json:"kind,omitempty"`
	Namespace  string `json:"namespace,omitempty"`
	Object     string `json:"object,omitempty"`
	Field      string `json:"field,omitempty"`
	Message    string `json:"message"`
	// Why says what comes of it, Fix what to do, Docs where more is written.
	Why  string `json:"why,omitempty"`
	Fix  string `json:"fix,omitempty"`
	Docs string `json:"docs,omitempty"`
	// Judge is who says so where it is not modelops: a version of Kubernetes, or a policy.
	Judge string `json:"judge,omitempty"`
	// Pending says that it is not so yet, but will be with the next promote of the model.
	Pending bool `json:"pending,omitempty"`
	// Edits make the fix that --fix makes.
	Edits []TextEdit `json:"edits,omitempty"`
	// Fingerprint stays the same when lines move.
	Fingerprint string `json:"fingerprint"`
}

// TextEdit replaces a piece of text by another.
type TextEdit struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Old    string `json:"old"`
	New    string `json:"new"`
}

// Waived is a finding that somebody accepted.
type Waived struct {
	Finding Finding `json:"finding"`
	Reason  string  `json:"reason"`
	// Until is the day on which the waiver ends.
	Until string `json:"until,omitempty"`
}

// Judge is a layer of validation that ran.
type Judge struct {
	Name string `json:"name"`
	// Version of the rules that it judges by.
	Version string `json:"version,omitempty"`
	// Objects that it looked at.
	Objects int `json:"objects"`
}

// Gap is something that was not checked.
type Gap struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// FromReport makes the document of a report.
func FromReport(r *report.Report) Validation {
	v := Validation{Version: 1, Errors: r.Count(finding.Error), Warnings: r.Count(finding.Warning), Infos: r.Count(finding.Info),
		Findings: []Finding{}, Waived: []Waived{}, Checked: []Judge{}, NotChecked: []Gap{}, Units: r.Units, Objects: r.Objects, Files: r.Files, Beside: r.Beside, Pending: r.Pending}
	marks := report.Fingerprints(r.Findings)
	for i, f := range r.Findings {
		v.Findings = append(v.Findings, fromFinding(f, marks[i]))
	}
	waived := make([]finding.Finding, len(r.Waived))
	for i, w := range r.Waived {
		waived[i] = w.Finding
	}
	marks = report.Fingerprints(waived)
	for i, w := range r.Waived {
		v.Waived = append(v.Waived, Waived{fromFinding(w.Finding, marks[i]), w.Reason, w.Until})
	}
	for _, j := range r.Checked {
		v.Checked = append(v.Checked, Judge(j))
	}
	for _, g := range r.NotChecked {
		v.NotChecked = append(v.NotChecked, Gap(g))
	}
	return v
}

func fromFinding(f finding.Finding, mark string) Finding {
	out := Finding{Check: f.Check, Name: f.Name, Severity: f.Severity.String(), File: f.At.File, Line: f.At.Line, Column: f.At.Column,
		APIVersion: f.Object.APIVersion, Kind: f.Object.Kind, Namespace: f.Object.Namespace, Object: f.Object.Name, Field: f.Field,
		Message: f.Message, Why: f.Why, Fix: f.Fix, Docs: report.Page(f.Check), Judge: f.Judge, Pending: f.Pending, Fingerprint: mark}
	for _, e := range f.Edits {
		out.Edits = append(out.Edits, TextEdit{e.At.File, e.At.Line, e.At.Column, e.Old, e.New})
	}
	return out
}

var severityStyle = map[string]Style{"error": Red, "warning": Yellow, "info": Cyan}

// Text writes the findings file by file, those with errors first, and then what was and was not checked. Why a check is made
// and its page are written where it is first met.
func (v Validation) Text(t *Text) {
	met := map[string]bool{}
	for _, group := range byFile(v.Findings) {
		t.Blank()
		for _, f := range group {
			f.text(t, v.place(f), !met[f.Check])
			met[f.Check] = true
		}
	}
	v.summary(t)
}

// byFile groups findings, in the order in which the files come up.
func byFile(all []Finding) [][]Finding {
	place := map[string]int{}
	var groups [][]Finding
	for _, f := range all {
		i, known := place[f.File]
		if !known {
			i = len(groups)
			place[f.File] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], f)
	}
	return groups
}

func (f Finding) text(t *Text, place string, first bool) {
	t.Line("%s%s %s %s: %s", In(Bold, place), In(severityStyle[f.Severity], f.Severity), f.Check, f.Name, f.Message)
	t.Under(func() {
		if about := f.about(); about != "" {
			t.Line("%s", In(Dim, about))
		}
		if first && f.Why != "" {
			t.Line("why: %s", f.Why)
		}
		if f.Fix != "" {
			t.Line("fix: %s", f.Fix)
		}
		if first && f.Docs != "" {
			t.Line("%s", In(Dim, f.Docs))
		}
	})
}

// place is where it is, as editors and terminals know it: FILE:LINE:COLUMN and a colon.
func (v Validation) place(f Finding) string {
	if f.File == "" {
		return ""
	}
	file := f.File
	if v.path != nil {
		file = v.path(file)
	}
	return finding.Position{File: file, Line: f.Line, Column: f.Column}.String() + ": "
}

// about names the object, the field in it, and who says so.
func (f Finding) about() string {
	var parts []string
	o := finding.Object{APIVersion: f.APIVersion, Kind: f.Kind, Namespace: f.Namespace, Name: f.Object}
	for _, s := range []string{o.String(), f.Field, f.Judge} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if f.Pending {
		parts = append(parts, "pending: with the next promote")
	}
	return strings.Join(parts, ", ")
}

func (v Validation) summary(t *Text) {
	t.Blank()
	for _, w := range v.Waived {
		t.Line("%s%s %s %s: %s", In(Bold, v.place(w.Finding)), In(Dim, "waived:"), w.Finding.Check, w.Finding.Name, w.Finding.Message)
		t.Line("  %s", waiver(w))
	}
	for _, j := range v.Checked {
		t.Line("%s %s", In(Dim, "checked:"), j.text())
	}
	for _, g := range v.NotChecked {
		t.Line("%s %s: %s", In(Yellow, "not checked:"), g.What, g.Why)
	}
	style := Green
	if v.Errors > 0 {
		style = Red
	} else if v.Warnings > 0 {
		style = Yellow
	}
	more := ""
	if v.Beside > 0 {
		more = fmt.Sprintf(", beside %d more of the same teams", v.Beside)
	}
	if v.Pending > 0 {
		more += "; " + count(v.Pending, "pending change", "pending changes") + " rendered and judged"
	}
	t.Line("%s; %s of %s in %s%s", In(style, v.counts()), count(v.Objects, "object", "objects"), count(v.Units, "unit", "units"), count(v.Files, "file", "files"), more)
}

func waiver(w Waived) string {
	if w.Until == "" {
		return "because: " + w.Reason
	}
	return fmt.Sprintf("until %s, because: %s", w.Until, w.Reason)
}

func (j Judge) text() string {
	if j.Version == "" {
		return fmt.Sprintf("%s, %s", j.Name, count(j.Objects, "object", "objects"))
	}
	return fmt.Sprintf("%s %s, %s", j.Name, j.Version, count(j.Objects, "object", "objects"))
}

func (v Validation) counts() string {
	s := count(v.Errors, "error", "errors") + ", " + count(v.Warnings, "warning", "warnings")
	if v.Infos > 0 {
		s += ", " + count(v.Infos, "info", "infos")
	}
	return s
}
