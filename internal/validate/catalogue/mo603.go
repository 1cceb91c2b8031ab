package catalogue

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO603", Name: "dashboard-valid", Severity: finding.Warning, Set: dashboards,
		What: "A ConfigMap with the label grafana_dashboard holds dashboards: keys that end in .json, with JSON that has a title, a uid of at most 40 characters that no other dashboard has, and panels whose Prometheus queries are PromQL. " +
			"Data sources are chosen by a variable, not by the id of one installation.",
		Why:     "Grafana skips what it cannot read and says so in a log; two dashboards of one uid overwrite each other; and the id of a data source exists in one Grafana alone.",
		Fix:     "Export the dashboard for sharing externally, give it a uid made of team and model, and use ${datasource}.",
		Sources: []string{"https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/", "https://github.com/kiwigrid/k8s-sidecar"}})
}

// dashboard is what is looked at; Grafana's JSON has much more.
type dashboard struct {
	Title  string           `json:"title"`
	UID    string           `json:"uid"`
	Panels []dashboardPanel `json:"panels"`
	Rows   []dashboardPanel `json:"rows"`
}

type dashboardPanel struct {
	Title      string           `json:"title"`
	Datasource json.RawMessage  `json:"datasource"`
	Panels     []dashboardPanel `json:"panels"`
	Targets    []struct {
		Expr       string          `json:"expr"`
		Datasource json.RawMessage `json:"datasource"`
	} `json:"targets"`
}

func dashboards(p *Pass) {
	// A dashboard in staging and one in prod may be the same: their Grafanas are not.
	owner := map[string]string{}
	p.Set.Objects(func(o *manifest.Object) {
		if o.Kind != "ConfigMap" || o.At("metadata", "labels", "grafana_dashboard") == nil {
			return
		}
		for _, key := range sorted(fields(o.Content["data"])) {
			path := []any{"data", key}
			if !strings.HasSuffix(key, ".json") {
				p.Report(o, fmt.Sprintf("%s does not end in .json, and is not loaded", key), "call it NAME.json", path...)
				continue
			}
			var d dashboard
			if err := json.Unmarshal([]byte(text(o.At(path...))), &d); err != nil {
				p.Report(o, fmt.Sprintf("%s is no dashboard: %s", key, err), "export it from Grafana again", path...)
				continue
			}
			identity(p, o, d, owner, path)
			panels(p, o, append(d.Panels, d.Rows...), path)
		}
	})
}

func identity(p *Pass, o *manifest.Object, d dashboard, owner map[string]string, path []any) {
	if d.Title == "" {
		p.Report(o, "the dashboard has no title", "give it one", path...)
	}
	switch other := owner[o.Namespace+"/"+d.UID]; {
	case d.UID == "" || len(d.UID) > 40:
		p.Report(o, fmt.Sprintf("the dashboard's uid is %q, and should have 1 to 40 characters", d.UID), "make one of team and model", path...)
	case other != "":
		p.Report(o, fmt.Sprintf("the dashboard of %s has the uid %q too", other, d.UID), "give each a uid of its own", path...)
	default:
		owner[o.Namespace+"/"+d.UID] = o.String()
	}
}

func panels(p *Pass, o *manifest.Object, all []dashboardPanel, path []any) {
	for _, panel := range all {
		if id := fixedSource(panel.Datasource); id != "" {
			p.Report(o, fmt.Sprintf("panel %q reads from the data source %q of one installation", panel.Title, id), "use ${datasource}", path...)
		}
		for _, t := range panel.Targets {
			if t.Expr == "" {
				continue
			}
			if err := queryError(t.Expr); err != nil {
				p.Report(o, fmt.Sprintf("panel %q: the query is no PromQL: %s", panel.Title, oneLine(err)), "try it in Prometheus", path...)
			}
		}
		panels(p, o, panel.Panels, path)
	}
}

// fixedSource is the id of a data source that is written out; empty where a variable or Grafana's own stands.
func fixedSource(raw json.RawMessage) string {
	var d struct {
		UID string `json:"uid"`
	}
	if json.Unmarshal(raw, &d) != nil || strings.HasPrefix(d.UID, "$") || strings.HasPrefix(d.UID, "-- ") || d.UID == "grafana" {
		return ""
	}
	return d.UID
}
