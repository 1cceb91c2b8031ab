package catalogue

import (
	"fmt"
	"strings"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/render/spec"
)

func init() {
	register(Check{ID: "MO107", Name: "image-registry-allowed", Severity: finding.Error, Object: imageRegistry,
		What:    "Every image, and every image volume, comes from one of spec.registries in modelops.yaml, compared by whole parts of its name. Without that list everything is allowed.",
		Why:     "What is pulled from anywhere is scanned by nobody, and can be gone tomorrow.",
		Fix:     "Copy the image to one of the allowed registries, or have the platform add its registry to spec.registries in modelops.yaml.",
		Sources: []string{"https://kubernetes.io/docs/concepts/containers/images/"}})
}

func imageRegistry(p *Pass, o *manifest.Object) {
	w, ok := workloadOf(o)
	if !ok || p.Set.Platform == nil || len(p.Set.Platform.Spec.Registries) == 0 {
		return
	}
	registries := p.Set.Platform.Spec.Registries
	for _, i := range w.images() {
		if !spec.FromRegistry(registries, i.reference) {
			p.Report(o, fmt.Sprintf("%s: the image %q comes from none of the allowed registries", i.of, i.reference),
				"take it from "+strings.Join(registries, " or ")+" (spec.registries in modelops.yaml)", i.path...)
		}
	}
}
