package check

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/modelops/modelops/render/build"
	"github.com/modelops/modelops/render/spec"
)

var digest = regexp.MustCompile(`@sha256:[0-9a-f]{64}$`)

// serverImage is what a promote is about: the serving container runs the release's image and no other.
func serverImage(in Input, found report) {
	o, ok := deployment(in, in.After)
	if !ok {
		return
	}
	want := in.Release.Spec.Image.Name + "@" + in.Release.Spec.Image.Digest
	for _, c := range list(at(o.Content, "spec", "template", "spec", "containers")) {
		if at(c, "name") != Server {
			continue
		}
		if have := at(c, "image"); have != want {
			found(o, "spec.template.spec.containers.[name=server].image", fmt.Sprintf("the serving container has the image %v, not %s", have, want),
				"an image is set by modelops promote --image, not by a patch")
		}
		return
	}
	found(o, "spec.template.spec.containers", `there is no container named "server"`, "a patch may have renamed or deleted it: take that out")
}

// imageDigests refuses what could become something else without a commit.
func imageDigests(in Input, found report) {
	for _, o := range in.After {
		for _, image := range o.Images() {
			if !digest.MatchString(image) {
				found(o, "spec.template.spec", fmt.Sprintf("the image %s is not pinned by digest", image), "write it as REPOSITORY@sha256:DIGEST")
			}
		}
	}
}

// registries holds for every container and for image volumes.
func registries(in Input, found report) {
	if len(in.Registries) == 0 {
		return
	}
	for _, o := range in.After {
		for _, image := range append(o.Images(), volumeImages(o)...) {
			if !spec.FromRegistry(in.Registries, image) {
				found(o, "spec.template.spec", fmt.Sprintf("the image %s is from none of the allowed registries", image),
					"allowed are: "+strings.Join(in.Registries, ", ")+" (spec.registries in modelops.yaml)")
			}
		}
	}
}

func volumeImages(o build.Object) []string {
	var out []string
	for _, v := range list(at(o.Content, "spec", "template", "spec", "volumes")) {
		if ref, ok := at(v, "image", "reference").(string); ok {
			out = append(out, ref)
		}
	}
	return out
}
