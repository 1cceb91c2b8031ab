package catalogue_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/modelops/modelops/internal/validate/catalogue"
	"github.com/modelops/modelops/internal/validate/finding"
)

var update = flag.Bool("update", false, "write the pages of the checks anew")

const pages = root + "docs/checks"

// TestPages holds the page of every check to the check and its examples.
func TestPages(t *testing.T) {
	for _, c := range catalogue.All() {
		for _, text := range []string{c.Name, c.What, c.Why, c.Fix} {
			if text == "" {
				t.Errorf("%s says not what it is, why, or how to fix it", c.ID)
			}
		}
		if len(c.Sources) == 0 {
			t.Errorf("%s names no source", c.ID)
		}
		written(t, filepath.Join(pages, c.ID+".md"), page(t, c))
	}
	written(t, filepath.Join(pages, "README.md"), table(t))
}

// written compares a file, or writes it.
func written(t *testing.T, path, want string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(have)); diff != "" {
		t.Errorf("%s (write it with -update):\n%s", path, diff)
	}
}

func page(t *testing.T, c *catalogue.Check) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "# %s %s\n\n%s. %s\n\n## Why\n\n%s\n\n", c.ID, c.Name, title(c.Severity), c.What, c.Why)
	for _, s := range c.Sources {
		fmt.Fprintf(&b, "- %s\n", link(s))
	}
	fmt.Fprintf(&b, "\n## What it finds\n\n%s## What it accepts\n\n%s## How to fix it\n\n%s\n\n", snippets(t, c.ID, "fail"), snippets(t, c.ID, "pass"), c.Fix)
	fmt.Fprintf(&b, "## How to waive it\n\n%s\n", waiver(c))
	if c.Guard != nil {
		fmt.Fprintf(&b, "\n## In the cluster\n\nFor %s the API server can say the same, by this expression of CEL:\n\n```\n%s\n```\n", kinds(c.Guard), c.Guard.Expression)
	}
	return b.String()
}

// link to a page of the web, or of the docs.
func link(address string) string {
	if name, ok := strings.CutPrefix(address, "../"); ok {
		return "[" + name + "](" + address + ")"
	}
	return "<" + address + ">"
}

func title(s finding.Severity) string { return strings.ToUpper(s.String()[:1]) + s.String()[1:] }

func kinds(g *catalogue.Guard) string {
	if slices.Contains(g.Kinds, catalogue.PodSpec) {
		return "every kind that runs pods (`variables.pod` is the spec of the pod)"
	}
	names := make([]string, 0, len(g.Kinds))
	for _, k := range g.Kinds {
		names = append(names, k[strings.Index(k, "/")+1:])
	}
	return strings.Join(names, " and ")
}

// waiver says how findings are accepted. Those about a file have no object that could carry the annotation.
func waiver(c *catalogue.Check) string {
	if strings.HasPrefix(c.ID, "MO8") {
		return "It is about the records of modelops and not about an object: leave it out of a run by `--skip " + c.ID + "`, which is for the moment of repairing them."
	}
	return "Give the object a reason, and a day from which on it counts again:\n\n```yaml\nmetadata:\n  annotations:\n    modelops.dev/ignore." + c.ID +
		": \"why it is right here; until=2027-01-31\"\n```"
}

var mark = regexp.MustCompile(` # (MO\d+)( # MO\d+)*`)

// snippets are the check's first examples of a kind: fail.yaml, or the files of the folder fail.
func snippets(t *testing.T, id, kind string) string {
	t.Helper()
	path := filepath.Join("testdata", id, kind)
	files, _ := filepath.Glob(path + "/*.yaml")
	single := len(files) == 0
	if single {
		files = []string{path + ".yaml"}
	}
	var b strings.Builder
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if !single {
			fmt.Fprintf(&b, "`%s`:\n\n", filepath.Base(f))
		}
		fmt.Fprintf(&b, "```yaml\n%s```\n\n", mark.ReplaceAllString(string(data), " # $1"))
	}
	return b.String()
}

// TestEveryPageHasACheck finds pages that a check left behind. Pages of other judges say whose they are.
func TestEveryPageHasACheck(t *testing.T) {
	for _, p := range pagesThere(t) {
		known := slices.ContainsFunc(catalogue.All(), func(c *catalogue.Check) bool { return c.ID == p.id })
		if !known && p.judge == "" {
			t.Errorf("docs/checks/%s.md: there is no such check in the catalogue, and its third line does not begin with `Judge:`", p.id)
		}
	}
}

// pageThere is a page as it stands in the folder.
type pageThere struct{ id, name, severity, judge string }

var heading = regexp.MustCompile(`^# (MO\d+) (\S+)\n\n(?:Judge: (.*?)\. )?(Error|Warning|Info)\b`)

func pagesThere(t *testing.T) []pageThere {
	t.Helper()
	files, _ := filepath.Glob(pages + "/MO*.md")
	out := make([]pageThere, 0, len(files))
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		m := heading.FindStringSubmatch(string(data))
		if m == nil || m[1]+".md" != filepath.Base(f) {
			t.Errorf("%s does not begin as a page does: # ID name, an empty line, the severity", f)
			continue
		}
		out = append(out, pageThere{id: m[1], name: m[2], judge: m[3], severity: m[4]})
	}
	return out
}

// groups of checks by the first digit of their ids.
var groups = []struct{ digit, title string }{
	{"0", "Form"}, {"1", "Security"}, {"2", "Reliability"}, {"3", "Tenancy and resources"}, {"4", "Argo CD"}, {"5", "Canaries"},
	{"6", "Observability"}, {"7", "What a change does"}, {"8", "Records"},
}

// table is the list of all pages.
func table(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("# Checks\n\nWhat `modelops validate` looks for. A finding names its check; the check's page says why, shows what fails and what passes, and how to fix or waive it.\n")
	there := pagesThere(t)
	for _, g := range groups {
		rows := ""
		for _, p := range there {
			if strings.HasPrefix(p.id, "MO"+g.digit) {
				rows += fmt.Sprintf("| [%s](%s.md) | %s | %s |\n", p.id, p.id, p.name, strings.ToLower(p.severity))
			}
		}
		if rows != "" {
			fmt.Fprintf(&b, "\n## %s\n\n| check | name | severity |\n|---|---|---|\n%s", g.title, rows)
		}
	}
	return b.String()
}
