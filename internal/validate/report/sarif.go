package report

import (
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/modelops/modelops/internal/escape"
	"github.com/modelops/modelops/internal/validate/finding"
)

// The part of SARIF 2.1.0 that we write (https://docs.oasis-open.org/sarif/sarif/v2.1.0/).
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		ColumnKind  string            `json:"columnKind"`
		Results     []sarifResult     `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name            string      `json:"name"`
		SemanticVersion string      `json:"version,omitempty"`
		InformationURI  string      `json:"informationUri"`
		Rules           []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string         `json:"id"`
		Name             string         `json:"name,omitempty"`
		ShortDescription sarifText      `json:"shortDescription"`
		FullDescription  sarifText      `json:"fullDescription"`
		Help             sarifText      `json:"help"`
		HelpURI          string         `json:"helpUri,omitempty"`
		Configuration    sarifLevel     `json:"defaultConfiguration"`
		Properties       sarifRuleProps `json:"properties"`
	}
	sarifRuleProps struct {
		Tags []string `json:"tags"`
		// SecuritySeverity makes GitHub rank the alert; only for checks about security.
		SecuritySeverity string `json:"security-severity,omitempty"`
	}
	sarifLevel struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown,omitempty"`
	}
	sarifInvocation struct {
		Successful    bool                `json:"executionSuccessful"`
		Notifications []sarifNotification `json:"toolExecutionNotifications"`
	}
	sarifNotification struct {
		Level   string    `json:"level"`
		Message sarifText `json:"message"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Fingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI       string `json:"uri"`
		URIBaseID string `json:"uriBaseId"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
	}
	sarifLogical struct {
		Name string `json:"fullyQualifiedName"`
		Kind string `json:"kind"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Status        string `json:"status"`
		Justification string `json:"justification"`
	}
)

var sarifLevels = map[finding.Severity]string{finding.Error: "error", finding.Warning: "warning", finding.Info: "note"}

// securitySeverity ranks findings on GitHub's scale, on which 7 and more is high.
var securitySeverity = map[finding.Severity]string{finding.Error: "8.0", finding.Warning: "5.0", finding.Info: "2.0"}

// families are the tags of the checks, by the hundred that their ids lie in; those of security are ranked as such.
var families = map[string]string{"MO0": "schema", "MO1": "security", "MO2": "reliability", "MO3": "security", "MO4": "gitops", "MO5": "canary", "MO6": "observability", "MO7": "gitops", "MO8": "gitops", "MO9": "security"}

func writeSARIF(w io.Writer, r *Report, version string) error {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}, Invocations: []sarifInvocation{{Successful: true, Notifications: []sarifNotification{}}},
		Tool: sarifTool{sarifDriver{Name: "modelops", SemanticVersion: version, InformationURI: "https://github.com/modelops/modelops"}}}
	all := slices.Clone(r.Findings)
	for _, w := range r.Waived {
		all = append(all, w.Finding)
	}
	index := map[string]int{}
	run.Tool.Driver.Rules = sarifRules(all, index)
	for i, mark := range Fingerprints(all) {
		f := all[i]
		result := sarifResult{RuleID: plain(f.Check), RuleIndex: index[f.Check], Level: sarifLevels[f.Severity], Message: sarifText{Text: sarifMessage(sentence(f))},
			Locations: []sarifLocation{sarifPlace(f)}, Fingerprints: map[string]string{"primaryLocationLineHash": mark + ":1"}, Suppressions: []sarifSuppression{}}
		if waived := i - len(r.Findings); waived >= 0 {
			result.Suppressions = append(result.Suppressions, sarifSuppression{Kind: "external", Status: "accepted", Justification: plain(r.Waived[waived].why())})
		}
		run.Results = append(run.Results, result)
	}
	for _, g := range r.NotChecked {
		run.Invocations[0].Notifications = append(run.Invocations[0].Notifications, sarifNotification{"note", sarifText{Text: sarifMessage(plain("not checked: " + g.What + ": " + g.Why))}})
	}
	return writeJSON(w, sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}})
}

// sarifRules describes the checks of the findings, each at the worst severity that it is met with.
func sarifRules(all []finding.Finding, index map[string]int) []sarifRule {
	rules, worst := []sarifRule{}, []finding.Severity{}
	for _, f := range all {
		i, known := index[f.Check]
		if !known {
			i = len(rules)
			index[f.Check] = i
			rules, worst = append(rules, sarifRuleOf(f)), append(worst, f.Severity)
		}
		worst[i] = min(worst[i], f.Severity)
	}
	for i := range rules {
		rules[i].Configuration.Level = sarifLevels[worst[i]]
		if slices.Contains(rules[i].Properties.Tags, "security") {
			rules[i].Properties.SecuritySeverity = securitySeverity[worst[i]]
		}
	}
	return rules
}

func sarifRuleOf(f finding.Finding) sarifRule {
	name, why := plain(f.Name), plain(f.Why)
	if name == "" {
		name = plain(f.Check)
	}
	if why == "" {
		why = name
	}
	rule := sarifRule{ID: plain(f.Check), Name: name, ShortDescription: sarifText{Text: name}, FullDescription: sarifText{Text: sarifMessage(why)},
		Help: sarifText{Text: sarifMessage(why), Markdown: code(why)}, HelpURI: Page(f.Check), Properties: sarifRuleProps{Tags: []string{}}}
	if page := Page(f.Check); page != "" {
		rule.Help.Markdown += "\n\n[" + f.Check + "](" + page + ")"
		if tag := families[f.Check[:3]]; tag != "" {
			rule.Properties.Tags = []string{tag}
		}
	}
	return rule
}

// sarifMessage keeps a plain text from being read as one with links: SARIF knows [text](target) there as well.
func sarifMessage(s string) string { return strings.ReplaceAll(s, "](", "] (") }

// sarifPlace is where a finding is. What has no file of its own is at the root: GitHub takes no result without a place.
func sarifPlace(f finding.Finding) sarifLocation {
	file := f.At.File
	if file == "" {
		file = "."
	}
	l := sarifLocation{Physical: sarifPhysical{Artifact: sarifArtifact{(&url.URL{Path: escape.Line(file)}).String(), "%SRCROOT%"}}}
	if f.At.Line > 0 {
		l.Physical.Region = &sarifRegion{f.At.Line, f.At.Column}
	}
	if name := about(f); name != "" {
		l.Logical = []sarifLogical{{plain(name), "resource"}}
	}
	return l
}

// why is a waiver's reason and its end.
func (w Waived) why() string {
	if w.Until == "" {
		return w.Reason
	}
	return "until " + w.Until + ": " + w.Reason
}

// writeJSON writes a document whose texts are escaped already.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
