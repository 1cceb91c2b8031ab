package catalogue

import (
	"fmt"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO102", Name: "read-only-root-filesystem", Severity: finding.Error, Object: readOnlyRoot,
		What:    "Every container says securityContext.readOnlyRootFilesystem: true.",
		Why:     "A server that is broken into can otherwise change its own program, and what it writes fills the node's disk.",
		Fix:     "Set it, and mount an emptyDir where the server writes: /tmp, and the caches that its environment names (HOME, HF_HOME, TRITON_CACHE_DIR).",
		Sources: []string{"https://kubernetes.io/docs/tasks/configure-pod-container/security-context/"},
		Guard: &Guard{Kinds: []string{PodSpec}, Message: "a container's root file system is not read-only",
			Expression: `(has(variables.pod.os) && variables.pod.os.name == "windows") || ` + containers + `.all(c, has(c.securityContext) && has(c.securityContext.readOnlyRootFilesystem) && c.securityContext.readOnlyRootFilesystem)`}})
}

// readOnlyRoot is no part of Pod Security's levels.
func readOnlyRoot(p *Pass, o *manifest.Object) {
	w, ok := workloadOf(o)
	if !ok || text(w.At(w.within("os", "name")...)) == "windows" {
		return
	}
	for _, c := range w.everyContainer() {
		if fields(c.content["securityContext"])["readOnlyRootFilesystem"] != true {
			p.Report(o, fmt.Sprintf("container %s may write to its root file system", c.name()),
				"set readOnlyRootFilesystem: true, and mount an emptyDir where it writes", c.in("securityContext", "readOnlyRootFilesystem")...)
		}
	}
}
