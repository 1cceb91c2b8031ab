// Package catalogue holds the checks that modelops itself makes. A check is one file here, which registers it, with its
// examples in testdata/ID; its page docs/checks/ID.md is written from both.
package catalogue

import (
	"cmp"
	"slices"
	"strings"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

// Check is one rule.
type Check struct {
	// ID is stable for ever, Name says the same in words: MO201, readiness-probe.
	ID, Name string
	// Severity of its findings, unless Pass.Warn is used.
	Severity finding.Severity
	// What is asked, exactly, and how to do it: the text of the check's page.
	What, Fix string
	// Why says in a sentence what comes of it where the rule is not kept.
	Why string
	// Sources are addresses of the pages that say so.
	Sources []string
	// One of these is set: what is called for each object, for each unit, or once for everything.
	Object func(*Pass, *manifest.Object)
	Unit   func(*Pass, *manifest.Unit)
	Set    func(*Pass)
	// Guard says the same to the API server; nil where one object alone does not tell.
	Guard *Guard
}

var all []*Check

// register adds a check. Each file of a check calls it from init, so that a check is one file.
func register(c Check) {
	all = append(all, &c)
	slices.SortFunc(all, func(a, b *Check) int { return cmp.Compare(a.ID, b.ID) })
}

// All lists the checks by id.
func All() []*Check { return slices.Clone(all) }

// Pass is one run of one check.
type Pass struct {
	Set   *manifest.Set
	check *Check
	found []finding.Finding
	known *index
}

// Run makes a check. What looks at everything together sees also what is only there for the sake of others.
func (c *Check) Run(set *manifest.Set) []finding.Finding {
	p := &Pass{Set: set, check: c}
	switch {
	case c.Set != nil:
		c.Set(p)
	case c.Unit != nil:
		for _, u := range set.Units {
			if !u.Context {
				c.Unit(p, u)
			}
		}
	default:
		set.Judged(func(o *manifest.Object) { c.Object(p, o) })
	}
	return p.found
}

// Report notes a finding at a field of an object: what is wrong, and what to do.
func (p *Pass) Report(o *manifest.Object, message, fix string, path ...any) *finding.Finding {
	f := p.ReportFile(o.Source.Position(path...), message, fix)
	f.Object, f.Field = o.Object, manifest.Field(path...)
	return f
}

// rewrite offers the one safe value for the field of a finding, which stands in its place as `key: value`.
func rewrite(f *finding.Finding, key, was, is string) {
	f.Edits = append(f.Edits, finding.Edit{At: f.At, Old: key + ": " + was, New: key + ": " + is})
}

// ReportFile is Report for what is wrong in a file and in no object.
func (p *Pass) ReportFile(at finding.Position, message, fix string) *finding.Finding {
	message = shortened(message)
	p.found = append(p.found, finding.Finding{Check: p.check.ID, Name: p.check.Name, Severity: p.check.Severity, At: at,
		Message: message, Why: p.check.Why, Fix: fix})
	return &p.found[len(p.found)-1]
}

// longest is how much of a value that somebody wrote a message repeats.
const longest = 400

func shortened(message string) string {
	if len(message) <= longest {
		return message
	}
	return strings.ToValidUTF8(message[:longest], "") + "..."
}

// Warn is Report for what is a warning although the check's findings are errors.
func (p *Pass) Warn(o *manifest.Object, message, fix string, path ...any) *finding.Finding {
	f := p.Report(o, message, fix, path...)
	f.Severity = finding.Warning
	return f
}
