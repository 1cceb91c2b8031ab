package view

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/modelops/modelops/internal/escape"
	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/report"
)

func validated() *report.Report {
	deployment := finding.Object{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "vision-prod", Name: "resnet"}
	probe := finding.Finding{Check: "MO201", Name: "readiness-probe", Severity: finding.Error, Object: deployment, Field: "spec.template.spec.containers[0]",
		At: finding.Position{File: "models/vision/resnet/model.yaml", Line: 12, Column: 9}, Message: "container server has no readinessProbe",
		Why: "Without it a pod takes requests before its model is loaded.", Fix: "add one"}
	other := probe
	other.At = finding.Position{File: "models/vision/bert/model.yaml", Line: 3}
	late := probe
	late.Check, late.Name, late.Severity, late.Judge, late.Why, late.Fix = "MO902", "gatekeeper", finding.Warning, "K8sAllowedRepos/ours", "", ""
	return &report.Report{Findings: []finding.Finding{probe, other, late},
		Waived:     []report.Waived{{Finding: other, Reason: "it answers at once", Until: "2027-01-31"}},
		Checked:    []report.Judge{{Name: "API server", Version: "of Kubernetes 1.33", Objects: 14}, {Name: "catalogue", Objects: 1}},
		NotChecked: []report.Gap{{What: "Widget/a", Why: "no schema of example.com/v1"}}, Units: 2, Objects: 14, Files: 1}
}

const validatedText = `models/vision/resnet/model.yaml:12:9: error MO201 readiness-probe: container server has no readinessProbe
  vision-prod Deployment/resnet, spec.template.spec.containers[0]
  why: Without it a pod takes requests before its model is loaded.
  fix: add one
  https://github.com/modelops/modelops/blob/main/docs/checks/MO201.md
models/vision/resnet/model.yaml:12:9: warning MO902 gatekeeper: container server has no readinessProbe
  vision-prod Deployment/resnet, spec.template.spec.containers[0], K8sAllowedRepos/ours
  https://github.com/modelops/modelops/blob/main/docs/checks/MO902.md

models/vision/bert/model.yaml:3: error MO201 readiness-probe: container server has no readinessProbe
  vision-prod Deployment/resnet, spec.template.spec.containers[0]
  fix: add one

models/vision/bert/model.yaml:3: waived: MO201 readiness-probe: container server has no readinessProbe
  until 2027-01-31, because: it answers at once
checked: API server of Kubernetes 1.33, 14 objects
checked: catalogue, 1 object
not checked: Widget/a: no schema of example.com/v1
2 errors, 1 warning; 14 objects of 2 units in 1 file
`

func TestValidationText(t *testing.T) {
	var out bytes.Buffer
	if err := New(Options{Out: &out, Format: FormatText}).Print(FromReport(validated())); err != nil {
		t.Fatal(err)
	}
	if out.String() != validatedText {
		t.Errorf("got:\n%s", out.String())
	}
	out.Reset()
	if err := New(Options{Out: &out, Format: FormatText}).Print(FromReport(&report.Report{})); err != nil || out.String() != "0 errors, 0 warnings; 0 objects of 0 units in 0 files\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}

// Lists are never null, and the document says the same when it is read again.
func TestValidationJSON(t *testing.T) {
	for _, r := range []*report.Report{validated(), {}} {
		var out bytes.Buffer
		want := FromReport(r)
		if err := New(Options{Out: &out, Format: FormatJSON}).Print(want); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), "null") {
			t.Errorf("a list is null:\n%s", out.String())
		}
		var got Validation
		if err := json.Unmarshal(out.Bytes(), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v: got %+v", err, got)
		}
	}
}

func TestValidationShowsNothingEvil(t *testing.T) {
	s := "::error::x\n::error::y\x1b[31m\u202e ##[group]"
	f := finding.Finding{Check: s, Name: s, Object: finding.Object{APIVersion: s, Kind: s, Namespace: s, Name: s}, Field: s, At: finding.Position{File: s, Line: 1}, Message: s, Why: s, Fix: s, Judge: s}
	evil := FromReport(&report.Report{Findings: []finding.Finding{f}, Waived: []report.Waived{{Finding: f, Reason: s, Until: s}}, Checked: []report.Judge{{Name: s, Version: s}}, NotChecked: []report.Gap{{What: s, Why: s}}})
	var out bytes.Buffer
	if err := New(Options{Out: &out, Format: FormatText, Dialect: escape.GitHubLog}).Print(evil); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.ContainsAny(line, "\x1b\u202e") || strings.Contains(line, "##[") {
			t.Errorf("shown: %q", line)
		}
	}
}
