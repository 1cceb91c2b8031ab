package report

import (
	"io"

	"github.com/modelops/modelops/internal/validate/finding"
)

// gitlabIssue is an entry of GitLab's Code Quality report (https://docs.gitlab.com/ci/testing/code_quality/). It has no place
// for what is waived or was not checked.
type gitlabIssue struct {
	Description string         `json:"description"`
	Check       string         `json:"check_name"`
	Fingerprint string         `json:"fingerprint"`
	Severity    string         `json:"severity"`
	Location    gitlabLocation `json:"location"`
}

type gitlabLocation struct {
	Path  string      `json:"path"`
	Lines gitlabLines `json:"lines"`
}

type gitlabLines struct {
	Begin int `json:"begin"`
}

var gitlabSeverities = map[finding.Severity]string{finding.Error: "critical", finding.Warning: "minor", finding.Info: "info"}

func writeGitLab(w io.Writer, r *Report, _ string) error {
	issues := []gitlabIssue{}
	for i, mark := range Fingerprints(r.Findings) {
		f := r.Findings[i]
		issues = append(issues, gitlabIssue{Description: title(f) + ": " + sentence(f), Check: plain(f.Check), Fingerprint: mark,
			Severity: gitlabSeverities[f.Severity], Location: gitlabLocation{gitlabPath(f.At.File), gitlabLines{max(f.At.Line, 1)}}})
	}
	return writeJSON(w, issues)
}

// gitlabPath is a file; GitLab drops an entry without one, so what is about the whole is shown at the platform's spec.
func gitlabPath(file string) string {
	if file == "" {
		return "modelops.yaml"
	}
	return plain(file)
}
