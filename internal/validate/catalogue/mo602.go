package catalogue

import (
	"fmt"
	"strings"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO602", Name: "promql-valid", Severity: finding.Error, Object: promql,
		What: "Queries are PromQL: in a PrometheusRule, in an AnalysisTemplate of Argo Rollouts, in a MetricTemplate of Flagger and in a ScaledObject of KEDA. What is filled in later ({{args.x}}) may stand for anything. " +
			"The groups of a PrometheusRule have different names, and each rule either records or alerts.",
		Why:     "Prometheus, or its operator, refuses the whole object for one rule that it cannot read, with all its alerts; and a gate whose query is refused stops every release.",
		Fix:     "Try the query in Prometheus, or with `promtool check rules`.",
		Sources: []string{"https://prometheus.io/docs/prometheus/latest/querying/basics/", "https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/"}})
}

const (
	notPromQL = "the query is no PromQL: "
	tryIt     = "try it with promtool check rules"
)

func promql(p *Pass, o *manifest.Object) {
	switch o.Kind {
	case "PrometheusRule":
		ruleGroups(p, o)
	case "AnalysisTemplate", "ClusterAnalysisTemplate":
		for i := range list(o.At("spec", "metrics")) {
			query(p, o, "spec", "metrics", i, "provider", "prometheus", "query")
		}
	case "MetricTemplate":
		if text(o.At("spec", "provider", "type")) == "prometheus" {
			query(p, o, "spec", "query")
		}
	case "ScaledObject":
		for i, t := range list(o.At("spec", "triggers")) {
			if text(fields(t)["type"]) == "prometheus" {
				query(p, o, "spec", "triggers", i, "metadata", "query")
			}
		}
	}
}

// query looks at one field, where it is there.
func query(p *Pass, o *manifest.Object, path ...any) {
	v := o.At(path...)
	if v == nil {
		return
	}
	if err := queryError(fmt.Sprint(v)); err != nil {
		p.Report(o, notPromQL+oneLine(err), tryIt, path...)
	}
}

func oneLine(err error) string {
	first, _, _ := strings.Cut(err.Error(), "\n")
	return first
}

func ruleGroups(p *Pass, o *manifest.Object) {
	seen := map[string]bool{}
	for i, g := range list(o.At("spec", "groups")) {
		group := fields(g)
		name := text(group["name"])
		if seen[name] {
			p.Report(o, fmt.Sprintf("two groups are called %q", name), "give each group a name of its own", "spec", "groups", i, "name")
		}
		seen[name] = true
		for j, r := range list(group["rules"]) {
			rule := fields(r)
			path := []any{"spec", "groups", i, "rules", j}
			if (rule["record"] == nil) == (rule["alert"] == nil) {
				p.Report(o, "a rule either records or alerts", "give it one of record and alert", path...)
			}
			// Nothing is filled in here: $x is an error.
			if err := parse(fmt.Sprint(rule["expr"])); rule["expr"] != nil && err != nil {
				p.Report(o, notPromQL+oneLine(err), tryIt, append(path, "expr")...)
			}
		}
	}
}
