package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/modelops/modelops/internal/escape"
	"github.com/modelops/modelops/internal/validate/finding"
)

// Format of a report for a machine or a platform.
type Format string

// The formats beside text and JSON, which internal/view writes.
const (
	SARIF    Format = "sarif"
	JUnit    Format = "junit"
	GitHub   Format = "github"
	GitLab   Format = "gitlab"
	Markdown Format = "markdown"
)

// writers of the formats. Version is that of modelops itself.
var writers = map[Format]func(w io.Writer, r *Report, version string) error{
	SARIF: writeSARIF, JUnit: writeJUnit, GitHub: writeGitHub, GitLab: writeGitLab, Markdown: writeMarkdown,
}

// Formats lists the formats.
func Formats() []Format { return slices.Sorted(maps.Keys(writers)) }

// Write writes a report. Version is that of modelops, for the formats that name the program.
func (r *Report) Write(w io.Writer, f Format, version string) error {
	write, ok := writers[f]
	if !ok {
		return fmt.Errorf("no reports in the format %q", f)
	}
	if err := write(w, r, version); err != nil {
		return fmt.Errorf("write the report as %s: %w", f, err)
	}
	return nil
}

// plain makes text of others safe inside one line of any format: nothing in it is a control, and no log of a CI system obeys it.
func plain(s string) string { return escape.AzureLog.Defuse(escape.Line(s)) }

// title is a check's id and its name.
func title(f finding.Finding) string { return plain(strings.TrimSpace(f.Check + " " + f.Name)) }

// sentence is all that there is to say about a finding in one line.
func sentence(f finding.Finding) string {
	s := f.Message
	if f.Fix != "" {
		s += "; " + f.Fix
	}
	if about := about(f); about != "" {
		s += " (" + about + ")"
	}
	return plain(s)
}

// about names the object, the field in it, and who says so.
func about(f finding.Finding) string {
	pending := ""
	if f.Pending {
		pending = "pending: with the next promote"
	}
	parts := slices.DeleteFunc([]string{f.Object.String(), f.Field, f.Judge, pending}, func(s string) bool { return s == "" })
	return strings.Join(parts, ", ")
}

// counts of the findings in words.
func (r *Report) counts() string {
	if len(r.Findings) == 0 {
		return "nothing found"
	}
	var parts []string
	for _, s := range []finding.Severity{finding.Error, finding.Warning, finding.Info} {
		if n := r.Count(s); n > 0 {
			parts = append(parts, number(n, s.String()))
		}
	}
	return strings.Join(parts, ", ")
}

func number(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// scope is what was looked at, in words.
func (r *Report) scope() string {
	s := fmt.Sprintf("%s of %s", number(r.Objects, "object"), number(r.Files, "file"))
	if r.Pending > 0 {
		s += "; " + number(r.Pending, "pending change") + " rendered and judged"
	}
	return s
}

func (j Judge) String() string {
	s := j.Name
	if j.Version != "" {
		s += " " + j.Version
	}
	return s + ", " + number(j.Objects, "object")
}
