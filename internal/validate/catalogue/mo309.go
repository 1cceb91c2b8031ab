package catalogue

import (
	"fmt"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO309", Name: "required-labels", Severity: finding.Error, Unit: requiredLabels,
		What: "Every object of an overlay carries the labels of its target: app.kubernetes.io/name, part-of and managed-by, modelops.dev/team, model and environment; the pods carry name, team, model, environment and modelops.dev/managed: \"true\". " +
			"Every object of a tenant carries modelops.dev/team and modelops.dev/environment.",
		Why:     "Network policies, dashboards, quotas of costs and `modelops status` go by these labels: an object without them is let through where it should not be, or is seen by nobody.",
		Fix:     "Take out the patch that changes the label, or render the overlay anew: `modelops render`.",
		Sources: []string{"https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/"}})
}

func requiredLabels(p *Pass, u *manifest.Unit) {
	t := u.Target
	switch u.Kind {
	case manifest.Overlay:
		own := map[string]string{"app.kubernetes.io/name": t.Model, "app.kubernetes.io/part-of": t.Team, "app.kubernetes.io/managed-by": "modelops",
			"modelops.dev/team": t.Team, "modelops.dev/model": t.Model, "modelops.dev/environment": t.Env}
		pods := map[string]string{"app.kubernetes.io/name": t.Model, "modelops.dev/team": t.Team, "modelops.dev/model": t.Model,
			"modelops.dev/environment": t.Env, "modelops.dev/managed": "true"}
		for _, o := range u.Objects {
			labelled(p, o, own, "metadata", "labels")
			if w, ok := workloadOf(o); ok && len(w.pod) > 1 {
				labelled(p, o, pods, append(w.pod[:len(w.pod)-1:len(w.pod)-1], "metadata", "labels")...)
			}
		}
	case manifest.Tenant:
		for _, o := range u.Objects {
			labelled(p, o, map[string]string{"modelops.dev/team": t.Team, "modelops.dev/environment": t.Env}, "metadata", "labels")
		}
	}
}

func labelled(p *Pass, o *manifest.Object, want map[string]string, path ...any) {
	have := fields(o.At(path...))
	for _, k := range sorted(want) {
		if have[k] != want[k] {
			found := "is missing"
			if have[k] != nil {
				found = fmt.Sprintf("is %q", fmt.Sprint(have[k]))
			}
			p.Report(o, fmt.Sprintf("the label %s %s, and should be %q", k, found, want[k]), "take out the patch that changes it", append(path[:len(path):len(path)], k)...)
		}
	}
}
