// Package report is what a run of validation says, in every form that people and machines read: a terminal, JSON, SARIF, JUnit,
// annotations of GitHub and GitLab, Markdown. Nothing here judges.
package report

import "github.com/modelops/modelops/internal/validate/finding"

// Report is the outcome of one run. What was not checked is part of it: silence about a thing never means that it is right.
type Report struct {
	// Findings in the order of finding.Sort.
	Findings []finding.Finding
	// Waived are the findings that a waiver covers; they do not make a run fail.
	Waived []Waived
	// Checked says who judged how much, NotChecked what nobody judged.
	Checked    []Judge
	NotChecked []Gap
	// Units, Objects and Files count what was looked at, Beside the units that were only read because they share a
	// namespace's bounds with those.
	Units, Objects, Files, Beside int
	// Pending are those units among them that are not there yet: what a promote would make of the specs as they stand.
	Pending int
}

// Waived is a finding that somebody accepted.
type Waived struct {
	finding.Finding
	// Reason that the waiver gives, and Until the day it ends (2006-01-02); empty where it names none.
	Reason, Until string
}

// Judge is a layer of validation that ran.
type Judge struct {
	// Name of it, such as "API server" or "Pod Security", and Version of the rules that it judged by, such as "Kubernetes 1.33".
	Name, Version string
	// Objects that it looked at.
	Objects int
}

// Gap is something that was not checked.
type Gap struct {
	// What it is, such as a kind or a policy, and Why nobody judged it.
	What, Why string
}

// Count is how many findings have a severity.
func (r *Report) Count(s finding.Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}
