package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/modelops/modelops/internal/validate/finding"
)

// limit of a Markdown report in bytes: GitHub takes comments of 65,536 characters.
const limit = 60000

// writeMarkdown writes a comment for a pull request. Whatever others wrote stands in code spans: there, no mention, reference,
// link, HTML or fence means anything.
func writeMarkdown(w io.Writer, r *Report, _ string) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "### modelops validate: %s in %s\n", r.counts(), r.scope())
	file, left := "", 0
	for _, f := range r.Findings {
		part := markdownOf(f)
		if f.At.File != file {
			part = "\n**" + code(fileOr(f.At.File, "the repository")) + "**\n\n" + part
		}
		if b.Len()+len(part) > limit || left > 0 {
			left++
			continue
		}
		file = f.At.File
		b.WriteString(part)
	}
	if left > 0 {
		fmt.Fprintf(&b, "\n%s not shown here, for want of room.\n", number(left, "finding"))
	}
	var rest []string
	for _, g := range r.NotChecked {
		rest = append(rest, "not checked: "+code(g.What)+": "+code(g.Why))
	}
	for _, v := range r.Waived {
		rest = append(rest, "waived: "+code(title(v.Finding))+" at "+code(v.At.String())+": "+code(v.Message)+", "+code(v.why()))
	}
	for _, j := range r.Checked {
		rest = append(rest, "checked: "+code(j.String()))
	}
	appendList(&b, rest)
	_, err := w.Write(b.Bytes())
	return err
}

// appendList writes items as long as there is room; the room kept for them is a tenth of a comment.
func appendList(b *bytes.Buffer, items []string) {
	for i, item := range items {
		if i == 0 {
			b.WriteString("\n")
		}
		if b.Len()+len(item) > limit+limit/20 {
			fmt.Fprintf(b, "- and %d more\n", len(items)-i)
			return
		}
		b.WriteString("- " + item + "\n")
	}
}

func fileOr(file, other string) string {
	if file == "" {
		return other
	}
	return file
}

func markdownOf(f finding.Finding) string {
	var b strings.Builder
	fmt.Fprintf(&b, "- **%s** ", f.Severity)
	if page := Page(f.Check); page != "" {
		fmt.Fprintf(&b, "[%s](%s) %s", f.Check, page, code(f.Name))
	} else {
		b.WriteString(code(title(f)))
	}
	if f.At.Line > 0 {
		fmt.Fprintf(&b, ", line %d", f.At.Line)
	}
	fmt.Fprintf(&b, ": %s\n", code(f.Message))
	if a := about(f); a != "" {
		fmt.Fprintf(&b, "  - in: %s\n", code(a))
	}
	if f.Why != "" {
		fmt.Fprintf(&b, "  - why: %s\n", code(f.Why))
	}
	if f.Fix != "" {
		fmt.Fprintf(&b, "  - fix: %s\n", code(f.Fix))
	}
	return b.String()
}

// code writes text of others as a code span, behind more backticks than it holds itself in a row.
func code(s string) string {
	s = plain(s)
	if strings.TrimSpace(s) == "" {
		return "` `"
	}
	longest, run := 0, 0
	for _, c := range s {
		if c != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	fence := strings.Repeat("`", longest+1)
	if s[0] == '`' || s[len(s)-1] == '`' {
		s = " " + s + " "
	}
	return fence + s + fence
}
