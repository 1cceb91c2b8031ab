package catalogue

import (
	"fmt"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO106", Name: "image-digest", Severity: finding.Error, Object: imageDigest,
		What:    "Every image of a container, and every image volume, is named by its digest: REPOSITORY@sha256:DIGEST.",
		Why:     "A tag can be moved: then pods of one revision run different programs, and a revert does not bring the old one back.",
		Fix:     "Write the digest that the tag stands for (`crane digest REPOSITORY:TAG`). In a deployment repository `modelops promote` does.",
		Sources: []string{"https://kubernetes.io/docs/concepts/containers/images/#image-names"},
		Guard: &Guard{Kinds: []string{PodSpec}, Message: "an image is not named by its digest",
			Expression: containers + `.all(c, has(c.image) && c.image.matches("@sha256:[0-9a-f]{64}$")) && (!has(variables.pod.volumes) || variables.pod.volumes.all(v, !has(v.image) || v.image.reference.matches("@sha256:[0-9a-f]{64}$")))`}})
}

var pinned = lazily(`@sha256:[0-9a-f]{64}$`)

func imageDigest(p *Pass, o *manifest.Object) {
	w, ok := workloadOf(o)
	if !ok {
		return
	}
	for _, i := range w.images() {
		if !pinned().MatchString(i.reference) {
			p.Report(o, fmt.Sprintf("%s: the image %q is not named by its digest", i.of, i.reference), "write it as REPOSITORY@sha256:DIGEST", i.path...)
		}
	}
}
