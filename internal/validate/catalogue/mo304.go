package catalogue

import (
	"fmt"
	"strings"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO304", Name: "limitrange-gpu-default", Severity: finding.Error, Object: limitRange,
		What: "A LimitRange names no GPU, or any other extended resource, under its items of type Container or Pod; and an item of type Container with max.cpu also says default.cpu (a warning).",
		Why: "For containers Kubernetes makes max the default where none is given: max of nvidia.com/gpu: 1 hands every container of the namespace a GPU, sidecars included; " +
			"max.cpu alone becomes everybody's cpu limit. A max of type Pod refuses every pod that has none.",
		Fix:     "Bound GPUs by a ResourceQuota: requests.nvidia.com/gpu. In a deployment repository: spec.quota.gpus in team.yaml.",
		Sources: []string{"https://kubernetes.io/docs/concepts/policy/limit-range/", "https://github.com/kubernetes/kubernetes/blob/v1.33.0/pkg/apis/core/v1/defaults.go"},
		Guard: &Guard{Kinds: []string{"/LimitRange"}, Message: "a LimitRange makes an extended resource everybody's",
			Expression: `object.spec.limits.all(l, l.type == "PersistentVolumeClaim" || ((!has(l.max) || l.max.all(k, !k.contains("/"))) && (!has(l.min) || l.min.all(k, !k.contains("/"))) && ` +
				`(!has(l.default) || l.default.all(k, !k.contains("/"))) && (!has(l.defaultRequest) || l.defaultRequest.all(k, !k.contains("/")))))`}})
}

func limitRange(p *Pass, o *manifest.Object) {
	if o.Kind != "LimitRange" {
		return
	}
	for i, l := range list(o.At("spec", "limits")) {
		item := fields(l)
		kind := text(item["type"])
		if kind == "PersistentVolumeClaim" {
			continue
		}
		for _, field := range []string{"max", "min", "default", "defaultRequest"} {
			for _, resource := range sorted(fields(item[field])) {
				if strings.Contains(resource, "/") {
					p.Report(o, fmt.Sprintf("%s of type %s names %s: %s", field, kind, resource, whatComes(kind)),
						"take it out, and bound it by a ResourceQuota: requests."+resource, "spec", "limits", i, field, resource)
				}
			}
		}
		if kind == "Container" && fields(item["max"])["cpu"] != nil && fields(item["default"])["cpu"] == nil {
			p.Warn(o, fmt.Sprintf("max.cpu of %v becomes the cpu limit of every container that sets none", fields(item["max"])["cpu"]),
				"set default.cpu, or take max.cpu out", "spec", "limits", i, "max", "cpu")
		}
	}
}

func whatComes(kind string) string {
	if kind == "Container" {
		return "every container that sets none gets it"
	}
	return "every pod without it is refused"
}
