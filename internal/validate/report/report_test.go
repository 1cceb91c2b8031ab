package report

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/modelops/modelops/internal/validate/finding"
)

var update = flag.Bool("update", false, "write the expected reports anew")

// sample is a report with one of everything.
func sample() *Report {
	deployment := finding.Object{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "vision-prod", Name: "resnet"}
	return &Report{
		Findings: []finding.Finding{
			{Check: "MO201", Name: "readiness-probe", Severity: finding.Error, Object: deployment, Field: "spec.template.spec.containers[0].readinessProbe",
				At: finding.Position{File: "models/vision/resnet/prod/base/deployment.yaml", Line: 12, Column: 9}, Message: "container server has no readinessProbe",
				Why: "Without it a pod takes requests before its model is loaded.", Fix: "add one on the endpoint that answers once the model is loaded"},
			{Check: "MO902", Name: "gatekeeper", Severity: finding.Error, Object: deployment, At: finding.Position{File: "models/vision/resnet/prod/base/deployment.yaml", Line: 3},
				Message: "100% of images: from `registry.example.com`, tagged", Judge: "K8sAllowedRepos/ours"},
			{Check: "MO007", Name: "duplicate-object", Severity: finding.Warning, Message: "two files say Service/resnet", Why: "The later one wins."},
			{Check: "MO210", Name: "spread", Severity: finding.Info, Object: deployment, At: finding.Position{File: "models/vision/resnet/prod/base/deployment.yaml"}, Message: "all pods may land on one node"},
		},
		Waived: []Waived{{finding.Finding{Check: "MO102", Name: "read-only-root-fs", Severity: finding.Error, Object: deployment,
			At: finding.Position{File: "models/vision/resnet/prod/base/deployment.yaml", Line: 20, Column: 3}, Message: "container server writes its root file system"},
			"the tokenizer caches there", "2027-01-31"}},
		Checked:    []Judge{{"API server", "of Kubernetes 1.33", 7}, {"catalogue", "", 7}},
		NotChecked: []Gap{{"Widget/a", "no schema of example.com/v1"}},
		Units:      2, Objects: 7, Files: 9,
	}
}

func written(t testing.TB, r *Report, f Format) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.Write(&b, f, "1.2.3"); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestFormats(t *testing.T) {
	for _, f := range Formats() {
		path := filepath.Join("testdata", string(f)+".golden")
		got := written(t, sample(), f)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s is not as in %s:\n%s", f, path, got)
		}
	}
}

func TestUnknownFormat(t *testing.T) {
	if err := sample().Write(io.Discard, "tap", ""); err == nil || err.Error() != `no reports in the format "tap"` {
		t.Errorf("%v", err)
	}
}

var errFull = errors.New("disk full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestAReportThatCannotBeWrittenIsAnError(t *testing.T) {
	for _, f := range Formats() {
		if err := sample().Write(full{}, f, ""); !errors.Is(err, errFull) {
			t.Errorf("%s: %v", f, err)
		}
	}
}

// The schema is OASIS' own, https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json.
func sarifSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	file, err := os.Open("testdata/sarif-schema-2.1.0.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(z)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("sarif.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestSARIFFollowsItsSchema(t *testing.T) {
	schema := sarifSchema(t)
	for _, r := range []*Report{sample(), {}, evil("a\n::error::x\u202e%](http://x) \x1b[31m")} {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(written(t, r, SARIF)))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Error(err)
		}
	}
	if schema.Validate(map[string]any{"version": "2.1.0"}) == nil {
		t.Error("the schema takes everything")
	}
}

func TestFingerprints(t *testing.T) {
	first := sample().Findings
	moved := sample().Findings
	for i := range moved {
		moved[i].At.Line += 40
		moved[i].Message += " (now)"
	}
	seen := map[string]bool{}
	for i, mark := range Fingerprints(first) {
		if again := Fingerprints(moved)[i]; again != mark {
			t.Errorf("%s: %s became %s with its line", first[i].Check, mark, again)
		}
		seen[mark] = true
	}
	for _, mark := range Fingerprints(append(first, first...)) {
		seen[mark] = true
	}
	if len(seen) != 2*len(first) {
		t.Errorf("%d marks for %d findings", len(seen), 2*len(first))
	}
	other := []finding.Finding{first[0]}
	other[0].Object.Namespace = "vision-staging"
	if Fingerprints(other)[0] == Fingerprints(first)[0] {
		t.Error("two objects have one mark")
	}
}

// GitHub shows ten annotations of a kind; the others must be in the log.
func TestGitHubShowsTenOfAKind(t *testing.T) {
	r := &Report{}
	for _, s := range []finding.Severity{finding.Error, finding.Warning} {
		for range 13 {
			r.Findings = append(r.Findings, finding.Finding{Check: "MO201", Name: "readiness-probe", Severity: s, Message: "no probe"})
		}
	}
	out := written(t, r, GitHub)
	for text, want := range map[string]int{"::error ": 10, "::warning ": 10, "\nerror MO201": 3, "\nwarning MO201": 3, "\n6 findings not annotated": 1, "no probe": 26} {
		if got := strings.Count("\n"+out, text); got != want {
			t.Errorf("%q stands %d times, want %d:\n%s", text, got, want, out)
		}
	}
}

func TestMarkdownFitsAComment(t *testing.T) {
	r := &Report{}
	for range 900 {
		r.Findings = append(r.Findings, sample().Findings[0])
		r.NotChecked = append(r.NotChecked, Gap{strings.Repeat("w", 60), strings.Repeat("y", 60)})
	}
	out := written(t, r, Markdown)
	if len(out) > 65000 {
		t.Errorf("%d bytes", len(out))
	}
	for _, want := range []string{"### modelops validate: 900 errors in", "findings not shown here", "and 8"} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q", want)
		}
	}
}

// evil is a report in which everything that others wrote is one text.
func evil(s string) *Report {
	f := finding.Finding{Check: "MO201", Name: s, Severity: finding.Error, Object: finding.Object{APIVersion: s, Kind: s, Namespace: s, Name: s}, Field: s,
		At: finding.Position{File: s, Line: 3, Column: 4}, Message: s, Why: s, Fix: s, Judge: s}
	unknown := f
	unknown.Check, unknown.Severity, unknown.At = s, finding.Warning, finding.Position{}
	return &Report{Findings: []finding.Finding{f, unknown}, Waived: []Waived{{f, s, s}}, Checked: []Judge{{s, s, 1}}, NotChecked: []Gap{{s, s}}, Objects: 1, Files: 1}
}

var fuzzed = []string{"plain", "a\nb", "\r::error::x", "::error::x", "x ##[error]y ##vso[task.setvariable]z", "\x1b[31mred", "\u202etxt\u200b", "```\n@team please", "`", "``` ` ``",
	"@org/team #12 GH-3 https://evil.example <img src=x onerror=y>", "[a](b) | c", "]]><!--", "\xff\x00\ufffe", "%0A::error::", ",line=1", "  ", "", "\\`", "$`x`$"}

func FuzzReports(f *testing.F) {
	for _, s := range fuzzed {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 2000 {
			return
		}
		r := evil(s)
		lines := map[Format]int{}
		for _, format := range Formats() {
			out := written(t, r, format)
			harmless(t, format, out)
			lines[format] = strings.Count(out, "\n")
		}
		if want := strings.Count(written(t, evil("x"), GitHub), "\n"); lines[GitHub] != want {
			t.Errorf("%q makes %d lines for GitHub, want %d", s, lines[GitHub], want)
		}
		parses(t, r)
		spans(t, written(t, r, Markdown))
		commands(t, written(t, r, GitHub))
	})
}

// harmless: no control characters but line ends, no directions, nothing that a log obeys at any place.
func harmless(t *testing.T, f Format, out string) {
	if !utf8.ValidString(out) {
		t.Errorf("%s is not UTF-8", f)
	}
	for _, c := range out {
		if c != '\n' && (unicode.IsControl(c) || unicode.In(c, unicode.Cf, unicode.Zl, unicode.Zp)) {
			t.Errorf("%s holds %U", f, c)
		}
	}
	if strings.Contains(out, "##[") || strings.Contains(out, "##vso[") {
		t.Errorf("%s holds a command:\n%s", f, out)
	}
	if f == GitHub {
		return
	}
	for line := range strings.Lines(out) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") {
			t.Errorf("%s holds a workflow command: %q", f, line)
		}
	}
}

func parses(t *testing.T, r *Report) {
	for _, f := range []Format{SARIF, GitLab} {
		if out := written(t, r, f); !json.Valid([]byte(out)) {
			t.Errorf("%s is no JSON:\n%s", f, out)
		}
	}
	var suites junitSuites
	if err := xml.Unmarshal([]byte(written(t, r, JUnit)), &suites); err != nil {
		t.Fatal(err)
	}
	if suites.Tests != 5 || suites.Failures != 1 || suites.Skipped != 2 {
		t.Errorf("%+v", suites)
	}
}

// spans takes the code spans out of a Markdown text, as CommonMark finds them, and looks at what is left: only our own words.
func spans(t *testing.T, out string) {
	ours := regexp.MustCompile(`^(### modelops validate: 1 error, 1 warning in 1 object of 1 file|\*\*\*\*|- \*\*(error|warning)\*\* (\[MO201\]\(https://github\.com/modelops/modelops/blob/main/docs/checks/MO201\.md\) )?(, line 3)?: | *- (in|why|fix): |- (not checked: : |waived:  at : , |checked: )|)$`)
	for line := range strings.Lines(out) {
		rest := withoutSpans(strings.TrimSuffix(line, "\n"))
		if !ours.MatchString(rest) {
			t.Errorf("outside of code: %q, in %q", rest, line)
		}
	}
}

func withoutSpans(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		n := len(s) - len(strings.TrimLeft(s, "`"))
		if n == 0 {
			b.WriteByte(s[0])
			s = s[1:]
			continue
		}
		end := closing(s[n:], n)
		if end < 0 {
			b.WriteString(s[:n])
			s = s[n:]
			continue
		}
		s = s[n+end+n:]
	}
	return b.String()
}

// closing finds the next run of exactly n backticks.
func closing(s string, n int) int {
	for i := 0; i < len(s); {
		run := len(s[i:]) - len(strings.TrimLeft(s[i:], "`"))
		if run == n {
			return i
		}
		i += max(run, 1)
	}
	return -1
}

// commands reads GitHub's output as its runner does: one command for each finding, with the properties that we set.
func commands(t *testing.T, out string) {
	n := 0
	for line := range strings.Lines(out) {
		command, rest, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "::"), "::")
		if !strings.HasPrefix(strings.TrimSpace(line), "::") {
			continue
		}
		n++
		name, properties, _ := strings.Cut(command, " ")
		if !ok || name != "error" && name != "warning" || strings.ContainsAny(rest, "\r") {
			t.Errorf("%q", line)
		}
		for _, p := range strings.Split(properties, ",") {
			if key, _, _ := strings.Cut(p, "="); key != "file" && key != "line" && key != "col" && key != "title" {
				t.Errorf("property %q in %q", p, line)
			}
		}
	}
	if n != 2 {
		t.Errorf("%d commands:\n%s", n, out)
	}
}
