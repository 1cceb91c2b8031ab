package isolation

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/validate/source"
)

// TestFiveTeamsAreIsolated: what the standard renders has no finding, and the golden files say who reaches whom and what
// quotas have room for.
func TestFiveTeamsAreIsolated(t *testing.T) {
	found, gaps := Judge(unbroken())
	if len(found) > 0 {
		t.Errorf("what the standard renders must have no finding:\n%s", strings.Join(lines(found), "\n"))
	}
	if len(gaps) > 0 {
		t.Errorf("nothing may be left unjudged: %v", gaps)
	}
	golden(t, "reachability.txt", Reachability(unbroken()).Text())
	golden(t, "quota.txt", QuotaText(Quota(unbroken())))
}

func TestQuickstartIsIsolated(t *testing.T) {
	t.Parallel()
	got, err := source.Read(t.Context(), source.Input{Tree: os.DirFS("../../../examples/quickstart")})
	if err != nil {
		t.Fatal(err)
	}
	if found, gaps := Judge(got.Set); len(got.Set.Units) == 0 || len(found)+len(gaps) > 0 {
		t.Errorf("%d units, gaps %v, findings:\n%s", len(got.Set.Units), gaps, strings.Join(lines(found), "\n"))
	}
}

// TestPartIsNotWhole: an overlay is judged together with its tenant and the team's other overlays, and what needs more is
// told.
func TestPartIsNotWhole(t *testing.T) {
	t.Parallel()
	got, err := source.Read(t.Context(), source.Input{Tree: filesystem(rendered()), Paths: []string{resnet}})
	if err != nil {
		t.Fatal(err)
	}
	found, gaps := Judge(got.Set)
	for _, f := range found {
		t.Errorf("%s: %s", f.Check, f.Message)
	}
	if len(gaps) != 0 {
		t.Errorf("not judged: %v", gaps)
	}
	part, whole := Quota(got.Set), Quota(unbroken())
	whole = slices.DeleteFunc(whole, func(u Use) bool { return u.Namespace != "vision-prod" })
	if got, want := QuotaText(part), QuotaText(whole); got != want {
		t.Errorf("the sums of the team in this environment are\n%sand in the whole repository\n%s", got, want)
	}

	alone := *got.Set
	alone.Units = slices.DeleteFunc(slices.Clone(alone.Units), func(u *manifest.Unit) bool { return u.Kind == manifest.Tenant })
	if _, gaps := Judge(&alone); len(gaps) < 2 {
		t.Errorf("without its tenant: %v", gaps)
	}
}

// TestQuotaIsToldInTheSpec: the finding stands where the quota is written.
func TestQuotaIsToldInTheSpec(t *testing.T) {
	t.Parallel()
	r := five(t)
	r.replace(quotaFile, `pods: "20"`, `pods: "2"`)
	found, _ := Judge(r.read())
	spec := strings.Split(r.files["tenants/vision/team.yaml"], "\n")
	if !slices.ContainsFunc(found, func(f finding.Finding) bool {
		return f.Check == "MO303" && f.At.File == "tenants/vision/team.yaml" && strings.HasPrefix(spec[f.At.Line-1][f.At.Column-1:], "pods: 20")
	}) {
		t.Errorf("no finding stands at the quota of team.yaml: %+v", found)
	}
}
