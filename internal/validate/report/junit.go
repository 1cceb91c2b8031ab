package report

import (
	"encoding/xml"
	"io"

	"github.com/modelops/modelops/internal/validate/finding"
)

// JUnit's XML as the common readers take it: a file's findings are a suite, errors are failures, warnings are passed cases that
// say something, waived findings are skipped ones.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		File    string        `xml:"file,attr,omitempty"`
		Line    int           `xml:"line,attr,omitempty"`
		Failure *junitFailure `xml:"failure"`
		Skipped *junitSkip    `xml:"skipped"`
		Out     string        `xml:"system-out,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
	junitSkip struct {
		Message string `xml:"message,attr"`
	}
)

func writeJUnit(w io.Writer, r *Report, _ string) error {
	all := junitSuites{Name: "modelops validate"}
	suites := map[string]int{}
	add := func(suite string, c junitCase) {
		i, known := suites[suite]
		if !known {
			i = len(all.Suites)
			suites[suite] = i
			all.Suites = append(all.Suites, junitSuite{Name: plain(suite)})
		}
		all.Suites[i].add(c)
	}
	for _, f := range r.Findings {
		c := junitOf(f)
		if f.Severity == finding.Error {
			c.Failure = &junitFailure{Message: plain(f.Message), Type: title(f), Text: junitText(f)}
		} else {
			c.Out = f.Severity.String() + ": " + junitText(f)
		}
		add(junitFile(f), c)
	}
	for _, waived := range r.Waived {
		c := junitOf(waived.Finding)
		c.Skipped = &junitSkip{plain("waived " + waived.why())}
		add(junitFile(waived.Finding), c)
	}
	for _, j := range r.Checked {
		add("checked", junitCase{Name: plain(j.String()), Class: "checked"})
	}
	for _, g := range r.NotChecked {
		add("not checked", junitCase{Name: plain(g.What), Class: "not checked", Skipped: &junitSkip{plain(g.Why)}})
	}
	for _, s := range all.Suites {
		all.Tests, all.Failures, all.Skipped = all.Tests+s.Tests, all.Failures+s.Failures, all.Skipped+s.Skipped
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (s *junitSuite) add(c junitCase) {
	s.Tests++
	if c.Failure != nil {
		s.Failures++
	}
	if c.Skipped != nil {
		s.Skipped++
	}
	s.Cases = append(s.Cases, c)
}

func junitFile(f finding.Finding) string {
	if f.At.File == "" {
		return "repository"
	}
	return f.At.File
}

func junitOf(f finding.Finding) junitCase {
	name := title(f)
	if a := about(f); a != "" {
		name += ": " + plain(a)
	}
	return junitCase{Name: name, Class: plain(junitFile(f)), File: plain(f.At.File), Line: f.At.Line}
}

func junitText(f finding.Finding) string {
	s := sentence(f)
	if f.At.File != "" {
		s = plain(f.At.String()) + ": " + s
	}
	if page := Page(f.Check); page != "" {
		s += "\n" + page
	}
	return s
}
