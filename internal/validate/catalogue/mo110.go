package catalogue

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO110", Name: "model-artifact-pinned", Severity: finding.Error, Object: artifactPinned,
		What: "The address of a model's weights means one content: an OCI artifact by digest, a Hugging Face repository by the hash of a commit, and anything else by a path with a version, " +
			"not one that ends in a word that moves, such as latest or main. It is looked for in the annotation modelops.dev/model-uri and in the storageUri of KServe.",
		Why:     "With weights that change under the same name, two pods of one revision answer differently, and a revert brings back the manifest but not the model.",
		Fix:     "Write the digest, the commit, or the version into the address. In a deployment repository: {version} in spec.artifact.uri of model.yaml.",
		Sources: []string{"https://huggingface.co/docs/huggingface_hub/guides/download", "https://kserve.github.io/website/"}})
}

// moving are the names that people give to what changes.
var moving = []string{"latest", "main", "master", "head", "current", "stable", "production", "prod", "staging", "dev", "nightly"}

var commitHash = lazily(`^[0-9a-f]{40}$`)

func artifactPinned(p *Pass, o *manifest.Object) {
	const annotation = "modelops.dev/model-uri"
	// An OCI artifact is mounted as an image volume, whose digest counts; its annotation is for people to read.
	if uri := text(o.At("metadata", "annotations", annotation)); uri != "" && !strings.HasPrefix(uri, "oci://") {
		reportMoving(p, o, uri, "metadata", "annotations", annotation)
	}
	if o.Kind != "InferenceService" {
		return
	}
	for _, part := range []string{"predictor", "transformer", "explainer"} {
		for _, field := range sorted(fields(o.At("spec", part))) {
			if uri := text(o.At("spec", part, field, "storageUri")); uri != "" {
				reportMoving(p, o, uri, "spec", part, field, "storageUri")
			}
		}
	}
}

func reportMoving(p *Pass, o *manifest.Object, uri string, path ...any) {
	if why := movesUnder(uri); why != "" {
		p.Report(o, fmt.Sprintf("the weights at %s can change: %s", uri, why), "name one content: a digest, a commit, or a version", path...)
	}
}

// movesUnder says why the content of an address may change; empty where nothing speaks for it.
func movesUnder(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return "it cannot be read as an address"
	}
	last := strings.ToLower(path.Base(u.Path))
	switch u.Scheme {
	case "oci", "oci+native":
		if !pinned().MatchString(uri) {
			return "it has no digest"
		}
		return ""
	case "hf":
		_, revision, _ := strings.Cut(uri[len("hf://"):], ":")
		if !commitHash().MatchString(revision) && !commitHash().MatchString(last) {
			return "it has no commit's hash"
		}
		return ""
	}
	if u.Query().Get("versionId") != "" {
		return ""
	}
	if slices.Contains(moving, last) {
		return fmt.Sprintf("%q is a name that moves", last)
	}
	return ""
}
