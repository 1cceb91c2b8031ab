package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/modelops/modelops/internal/validate/finding"
)

// shown is how many annotations of one kind GitHub shows for one step; it drops the others without a word.
const shown = 10

var githubCommands = map[finding.Severity]string{finding.Error: "error", finding.Warning: "warning", finding.Info: "notice"}

// writeGitHub writes workflow commands that GitHub turns into annotations, errors first. What is beyond the number that it
// shows is written as lines of the log, and so is the summary.
func writeGitHub(w io.Writer, r *Report, _ string) error {
	var b bytes.Buffer
	written, beyond := map[finding.Severity]int{}, 0
	for _, f := range r.Findings {
		if written[f.Severity]++; written[f.Severity] <= shown {
			b.WriteString(annotation(f) + "\n")
			continue
		}
		beyond++
		fmt.Fprintf(&b, "%s %s: %s: %s\n", f.Severity, title(f), plain(f.At.String()), sentence(f))
	}
	if beyond > 0 {
		fmt.Fprintf(&b, "%s not annotated: GitHub shows %d of a kind\n", number(beyond, "finding"), shown)
	}
	for _, waived := range r.Waived {
		fmt.Fprintf(&b, "waived %s: %s: %s (%s)\n", title(waived.Finding), plain(waived.At.String()), sentence(waived.Finding), plain(waived.why()))
	}
	for _, j := range r.Checked {
		fmt.Fprintf(&b, "checked: %s\n", plain(j.String()))
	}
	for _, g := range r.NotChecked {
		fmt.Fprintf(&b, "not checked: %s: %s\n", plain(g.What), plain(g.Why))
	}
	fmt.Fprintf(&b, "%s in %s\n", r.counts(), r.scope())
	_, err := w.Write(b.Bytes())
	return err
}

var (
	// githubData and githubProperty are the escapes of the runner (actions/toolkit, command.ts).
	githubData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	githubProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func annotation(f finding.Finding) string {
	var properties []string
	add := func(name, value string) { properties = append(properties, name+"="+githubProperty.Replace(value)) }
	if f.At.File != "" {
		add("file", plain(f.At.File))
	}
	if f.At.Line > 0 {
		add("line", fmt.Sprint(f.At.Line))
	}
	if f.At.Column > 0 {
		add("col", fmt.Sprint(f.At.Column))
	}
	add("title", title(f))
	return "::" + githubCommands[f.Severity] + " " + strings.Join(properties, ",") + "::" + githubData.Replace(sentence(f))
}
