package render

import (
	"reflect"
	"sort"
	"strings"

	"github.com/modelops/modelops/render/spec"
	"github.com/modelops/modelops/render/standard"
)

// StandardName is the standard by which a model is rendered next: the one that is asked for, else that of model.yaml, of the
// current release, of the platform, and the built-in one. Asked may be empty and current nil.
func StandardName(platform *spec.Platform, model *spec.Model, current *spec.Release, asked string) string {
	kept := ""
	if current != nil {
		kept = current.Spec.Standard.Name
	}
	for _, name := range []string{asked, model.Spec.Standard, kept, platform.Spec.Standard} {
		if name != "" {
			return name
		}
	}
	return DefaultStandard
}

// Snapshot copies into a release what rendering depends on beside its content: the standard, the model's spec, the platform's
// part, and the patches by their digests. It has another id then.
func Snapshot(rel *spec.ReleaseSpec, platform *spec.Platform, model *spec.Model, std *standard.Standard, patches Files) {
	rel.Standard = spec.StandardRef{Name: std.Name(), Digest: std.Digest()}
	rel.Model = model.Spec
	rel.Platform = spec.PlatformSnapshot{Gateways: platform.Spec.Network.Gateways, PriorityClass: platform.Spec.PriorityClass}
	rel.Patches = nil
	for path, data := range patches {
		rel.Patches = append(rel.Patches, spec.PatchRef{Path: path, Digest: spec.Digest(data)})
	}
	sort.Slice(rel.Patches, func(i, j int) bool { return rel.Patches[i].Path < rel.Patches[j].Path })
}

// Pending is the release that a promote makes which keeps the version, image and artifact of a release and takes the specs as
// they stand; false where that is the same release.
func Pending(rel *spec.Release, platform *spec.Platform, model *spec.Model, std *standard.Standard, patches Files) (*spec.Release, bool) {
	next := *rel
	Snapshot(&next.Spec, platform, model, std, patches)
	if reflect.DeepEqual(next.Spec, rel.Spec) {
		return nil, false // most are, and an id costs more
	}
	next.Spec.ID = spec.ReleaseID(next.Spec)
	return &next, next.Spec.ID != rel.Spec.ID // an empty list instead of none is no difference
}

// Unreleased is the version of First.
const Unreleased = "unreleased"

// UnknownDigest stands in First for one that only the registry knows.
var UnknownDigest = "sha256:" + strings.Repeat("0", 64)

// First is the release of a model that was never promoted, as far as its specs tell: no version names a content yet, so the
// image and an artifact that is one stand there by their names, with UnknownDigest. False where model.yaml names no image.
func First(t spec.Target, platform *spec.Platform, model *spec.Model, std *standard.Standard, patches Files) (*spec.Release, bool) {
	if model.Spec.Image == "" {
		return nil, false
	}
	rel := &spec.Release{APIVersion: spec.APIVersion, Kind: spec.KindRelease, Metadata: t.Names()}
	rel.Spec.Version, rel.Spec.Image = Unreleased, unresolved(model.Spec.Image)
	if a := model.Spec.Artifact; a != nil {
		uri := strings.ReplaceAll(a.URI, versionPlaceholder, Unreleased)
		rel.Spec.Artifact = &spec.ReleasedArtifact{URI: uri}
		if ref, isImage := strings.CutPrefix(uri, artifactOCI+"://"); isImage {
			image := unresolved(ref)
			rel.Spec.Artifact.URI, rel.Spec.Artifact.Digest = artifactOCI+"://"+image.Name, image.Digest
		}
	}
	Snapshot(&rel.Spec, platform, model, std, patches)
	rel.Spec.ID = spec.ReleaseID(rel.Spec)
	return rel, true
}

// unresolved is an image whose registry nobody asked.
func unresolved(ref string) spec.Image {
	_, digest, pinned := strings.Cut(ref, "@")
	if !pinned {
		digest = UnknownDigest
	}
	return spec.Image{Name: spec.Repository(ref), Digest: digest}
}
