package isolation

import (
	"fmt"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/modelops/modelops/internal/validate/finding"
)

// example is a file of a page.
var example = regexp.MustCompile("(?s)`([^`\n]+)`:\n\n```yaml\n(.*?)```")

// TestPages holds the page of each check to the check, and tries its examples in the repository of the five teams.
func TestPages(t *testing.T) {
	for _, c := range Checks() {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile("../../../docs/checks/" + c.ID + ".md")
			if err != nil {
				t.Fatal(err)
			}
			page := string(data)
			if head := fmt.Sprintf("# %s %s\n\nJudge: isolation. Error. ", c.ID, c.Name); !strings.HasPrefix(page, head) || !strings.Contains(page, "ignore."+c.ID+":") {
				t.Errorf("the page does not begin with %q, or names another check", head)
			}
			_, rest, _ := strings.Cut(page, "## What it finds")
			finds, rest, _ := strings.Cut(rest, "## What it accepts")
			accepts, _, _ := strings.Cut(rest, "## How to fix it")
			if got := tried(t, c.ID, finds); len(got) == 0 {
				t.Error("the page's example that fails does not fail")
			}
			if got := tried(t, c.ID, accepts); len(got) > 0 {
				t.Errorf("the page's example that passes has findings:\n%s", strings.Join(lines(got), "\n"))
			}
		})
	}
}

// tried puts the examples of a section into the repository, and gives what a check finds then.
func tried(t *testing.T, id, section string) []finding.Finding {
	t.Helper()
	all := example.FindAllStringSubmatch(section, -1)
	if len(all) == 0 {
		t.Fatal("the page has no example in a section")
	}
	r := five(t)
	for _, m := range all {
		if _, there := r.files[m[1]]; there {
			r.files[m[1]] = m[2]
		} else {
			r.add(path.Dir(m[1]), m[2])
		}
	}
	found, _ := Judge(r.read())
	var out []finding.Finding
	for _, f := range found {
		if f.Check == id {
			out = append(out, f)
		}
	}
	return out
}
