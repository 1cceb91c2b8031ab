package catalogue

import (
	"fmt"
	"strings"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO504", Name: "canary-gate", Severity: finding.Error, Object: canaryGate,
		What: "A canary is judged before it gets more requests: a Rollout whose steps set weights has an analysis, or a pause that a person ends; a Flagger Canary has metrics or webhooks. " +
			"A Prometheus metric of an AnalysisTemplate has a successCondition (a failureCondition alone does not do, unless it looks at isNaN), and names metrics of the servers that are there.",
		Why: "Without a gate a canary is a slow rollout of whatever is broken. A comparison with NaN is false: a failureCondition alone lets a canary without any requests pass, " +
			"and without conditions a measurement always succeeds. A query of another server's metrics is empty for ever.",
		Fix:     "Give the metric a successCondition such as `len(result) > 0 && !isNaN(result[0]) && result[0] >= 0.99`, and put an analysis between the steps.",
		Sources: []string{"https://argo-rollouts.readthedocs.io/en/stable/features/analysis/", "https://docs.flagger.app/usage/metrics"}})
}

func canaryGate(p *Pass, o *manifest.Object) {
	switch o.Kind {
	case "Rollout":
		stepsAreJudged(p, o)
	case "Canary":
		a := fields(o.At("spec", "analysis"))
		if strings.HasPrefix(o.APIVersion, "flagger.app/") && len(list(a["metrics"])) == 0 && len(list(a["webhooks"])) == 0 {
			p.Report(o, "the canary is judged by nothing", "add metrics: request-success-rate and request-duration", "spec", "analysis")
		}
	case "AnalysisTemplate", "ClusterAnalysisTemplate":
		for i, m := range list(o.At("spec", "metrics")) {
			measurement(p, o, i, fields(m))
		}
	}
}

func stepsAreJudged(p *Pass, o *manifest.Object) {
	canary := []any{"spec", "strategy", "canary"}
	if o.At(append(canary, "analysis")...) != nil {
		return
	}
	weighed := false
	for _, s := range list(o.At(append(canary, "steps")...)) {
		f := fields(s)
		pause, pauses := f["pause"]
		if f["analysis"] != nil || f["experiment"] != nil || pauses && fields(pause)["duration"] == nil {
			return
		}
		weighed = weighed || f["setWeight"] != nil
	}
	if weighed {
		p.Report(o, "the canary gets more and more requests, and nothing judges it", "add an analysis, or a pause without a duration that a person ends", append(canary, "steps")...)
	}
}

func measurement(p *Pass, o *manifest.Object, i int, m map[string]any) {
	prometheus := fields(fields(m["provider"])["prometheus"])
	if prometheus == nil {
		return
	}
	success, failure := text(m["successCondition"]), text(m["failureCondition"])
	const fix = "set a successCondition: len(result) > 0 && !isNaN(result[0]) && result[0] >= LIMIT"
	switch name := text(m["name"]); {
	case success == "" && failure == "":
		p.Report(o, fmt.Sprintf("the metric %s has no condition: every measurement succeeds", name), fix, "spec", "metrics", i)
	case success == "" && !strings.Contains(failure, "isNaN"):
		p.Report(o, fmt.Sprintf("the metric %s has a failureCondition alone: without requests the result is NaN, no comparison with it holds, and it passes", name), fix, "spec", "metrics", i, "failureCondition")
	}
	foreignMetrics(p, o, text(prometheus["query"]), "spec", "metrics", i, "provider", "prometheus", "query")
}

var metricName = lazily(`[a-zA-Z_:][a-zA-Z0-9_:]*`)

// foreignMetrics finds metrics of a server that is known and is not one of those around, where all of those are known.
func foreignMetrics(p *Pass, o *manifest.Object, query string, path ...any) {
	here := p.runtimesAround(o)
	if len(here) == 0 {
		return
	}
	for _, word := range metricName().FindAllString(query, 64) {
		for i := range servingRuntimes {
			r := &servingRuntimes[i]
			if r.metrics().MatchString(word) && !here[r.name] {
				p.Report(o, fmt.Sprintf("%s is a metric of %s, which nothing here runs", word, r.name), "use the metrics of the server", path...)
				return
			}
		}
	}
}

// runtimesAround are the servers around an object; none where one of them is not known.
func (p *Pass) runtimesAround(o *manifest.Object) map[string]bool {
	out := map[string]bool{}
	for _, w := range p.index().around[aroundKey(o)].pods {
		if !w.serves() {
			continue
		}
		for _, c := range w.servers() {
			r := runtimeOf(w, c)
			if r == nil {
				return nil
			}
			out[r.name] = true
		}
	}
	return out
}
