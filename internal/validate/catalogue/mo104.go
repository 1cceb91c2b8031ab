package catalogue

import (
	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO104", Name: "no-automount-token", Severity: finding.Error, Object: automountToken,
		What:    "automountServiceAccountToken is false, in the pod's spec or in its ServiceAccount.",
		Why:     "A model server has no business with the Kubernetes API, and whoever breaks into it finds a token for it.",
		Fix:     "Set automountServiceAccountToken: false in the pod's spec. A cloud's workload identity does not need it: it mounts a token of its own.",
		Sources: []string{"https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#opt-out-of-api-credential-automounting"}})
}

// automountToken follows the rule of the API server: what the pod says holds, else what its account says, else true.
func automountToken(p *Pass, o *manifest.Object) {
	w, ok := workloadOf(o)
	if !ok {
		return
	}
	const fix = "set automountServiceAccountToken: false in the pod's spec"
	switch path := w.within("automountServiceAccountToken"); w.At(path...) {
	case false:
	case true:
		rewrite(p.Report(o, "the pod asks for a token of the Kubernetes API", fix, path...), "automountServiceAccountToken", "true", "false")
	default:
		account := p.named(o, "ServiceAccount", text(w.At(w.within("serviceAccountName")...)))
		if account == nil || account.Content["automountServiceAccountToken"] != false {
			p.Report(o, "the pod is given a token of the Kubernetes API: neither it nor its ServiceAccount refuses it", fix, path...)
		}
	}
}
