package catalogue

import (
	"fmt"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO105", Name: "dedicated-service-account", Severity: finding.Error, Object: serviceAccount,
		What:    "A workload names a ServiceAccount that is not `default` and that exists.",
		Why:     "The default account is everybody's in the namespace: what one workload is granted, all get; and a pod whose account does not exist is never created.",
		Fix:     "Add a ServiceAccount of the workload's name, and name it in serviceAccountName.",
		Sources: []string{"https://kubernetes.io/docs/concepts/security/service-accounts/"},
		Guard: &Guard{Kinds: []string{PodSpec}, Message: "the pod runs as the default ServiceAccount",
			Expression: `has(variables.pod.serviceAccountName) && !(variables.pod.serviceAccountName in ["", "default"])`}})
}

func serviceAccount(p *Pass, o *manifest.Object) {
	w, ok := workloadOf(o)
	if !ok {
		return
	}
	path := w.within("serviceAccountName")
	switch name := text(w.At(path...)); {
	case name == "" || name == "default":
		p.Report(o, "the pods run as the ServiceAccount default", "add a ServiceAccount of their own and name it in serviceAccountName", path...)
	case p.complete(o) && p.named(o, "ServiceAccount", name) == nil:
		p.Report(o, fmt.Sprintf("there is no ServiceAccount %s: no pod can be created", name), "add it beside the workload, or name one that is there", path...)
	}
}
