package render

import (
	"fmt"
	"path"
	"sort"
	"strings"

	"github.com/modelops/modelops/render/spec"
	"github.com/modelops/modelops/render/standard"
)

// OverlayInput is everything that an overlay is rendered from.
type OverlayInput struct {
	// Target of the overlay.
	Target spec.Target
	// Release to render.
	Release *spec.Release
	// Standard that the release names.
	Standard *standard.Standard
	// Patches by their path under patches/, as the release records them.
	Patches Files
}

// ServerImage stands in a standard's manifests for the image of the release, which the overlay's kustomization puts in
// its place.
const ServerImage = "modelops.dev/server"

// ReleaseAnnotation carries the id of the release on the live workload.
const ReleaseAnnotation = "modelops.dev/release"

// StandardMismatchError says that a standard is not the one that a release was made with.
type StandardMismatchError struct {
	// Target of the release, and the name of the standard.
	Target spec.Target
	Name   string
	// Recorded digest of the release, and Found digest of the standard, sha256:HEX.
	Recorded, Found string
}

func (e *StandardMismatchError) Error() string {
	return fmt.Sprintf("render %s: standard %s has changed: the release was made with %.19s, here is %.19s", e.Target, e.Name, e.Recorded, e.Found)
}

// Why is the same for somebody who looks at the overlay's release.
func (e *StandardMismatchError) Why() string {
	return fmt.Sprintf("the standard %s is no longer the one that the release was rendered by: a released standard is never changed, a change is a new name", e.Name)
}

// Again renders an overlay from its own release and from the patches that its folder has. Errors are those of Overlay.
func Again(t spec.Target, rel *spec.Release, std *standard.Standard, have map[string][]byte) (Files, error) {
	patches := Files{}
	for name, data := range have {
		if rest, ok := strings.CutPrefix(name, "patches/"); ok {
			patches[rest] = data
		}
	}
	return Overlay(OverlayInput{Target: t, Release: rel, Standard: std, Patches: patches})
}

// Overlay renders the folder of one model in one environment: release.yaml, kustomization.yaml, base/ and patches/.
// base/ depends on the spec of the model alone: what a version changes stands in kustomization.yaml and release.yaml.
// The error is *StandardMismatchError where the standard is not the release's, or names what cannot be rendered.
func Overlay(in OverlayInput) (Files, error) {
	rel := &in.Release.Spec
	if in.Release.Metadata.Target() != in.Target {
		return nil, fmt.Errorf("render %s: the release is of %s", in.Target, in.Release.Metadata.Target())
	}
	if found := in.Standard.Digest(); rel.Standard.Digest != found {
		return nil, &StandardMismatchError{Target: in.Target, Name: rel.Standard.Name, Recorded: rel.Standard.Digest, Found: found}
	}
	files, err := overlay(in)
	if err != nil {
		return nil, fmt.Errorf("render %s: %w", in.Target, err)
	}
	return files, nil
}

func overlay(in OverlayInput) (Files, error) {
	if err := recorded(in.Release.Spec.Patches, in.Patches); err != nil {
		return nil, err
	}
	vars, release, err := overlayVars(in)
	if err != nil {
		return nil, err
	}
	manifests, changes, err := in.Standard.Fill(standard.SheetOverlay, vars, release)
	if err != nil {
		return nil, err
	}
	files := Files{}
	base := kustomization{Resources: files.put("base/", manifests)}
	if files["base/kustomization.yaml"], err = base.encode(); err != nil {
		return nil, err
	}
	top, err := topKustomization(in, manifests, changes)
	if err != nil {
		return nil, err
	}
	if files["kustomization.yaml"], err = top.encode(); err != nil {
		return nil, err
	}
	for name, data := range in.Patches {
		files["patches/"+name] = data
	}
	data, err := spec.Encode(in.Release)
	files["release.yaml"] = append([]byte(releaseHeader), data...)
	return files, err
}

func topKustomization(in OverlayInput, manifests, changes []standard.Manifest) (kustomization, error) {
	rel := &in.Release.Spec
	k := kustomization{
		Namespace: in.Target.Namespace(),
		Resources: []string{"base"},
		Labels:    []kustomizationLabel{{Pairs: Labels(in.Target)}},
		Images:    []kustomizationImage{{Name: ServerImage, NewName: rel.Image.Name, Digest: rel.Image.Digest}},
	}
	patches, err := patchesFor(in.Target, manifests, in.Patches)
	if err != nil {
		return k, err
	}
	k.Patches = patches
	// The release's own come last, so that no patch hides which release runs.
	for _, c := range changes {
		k.Patches = append(k.Patches, kustomizationPatch{Patch: string(c.Data)})
	}
	return k, nil
}

// Labels that every object of an overlay carries; never part of a selector or of a pod's template. The version is not
// one of them: it stands on the workload alone, so that a version bump changes one object and not all.
func Labels(t spec.Target) map[string]string {
	return map[string]string{
		"app.kubernetes.io/name":       t.Model,
		"app.kubernetes.io/part-of":    t.Team,
		"app.kubernetes.io/component":  "server",
		"app.kubernetes.io/managed-by": "modelops",
		"modelops.dev/team":            t.Team,
		"modelops.dev/model":           t.Model,
		"modelops.dev/environment":     t.Env,
	}
}

// recorded checks the patches against the release, which pins each by its digest.
func recorded(refs []spec.PatchRef, patches Files) error {
	want := map[string]string{}
	for _, r := range refs {
		want[r.Path] = r.Digest
		if _, ok := patches[r.Path]; !ok {
			return fmt.Errorf("patches/%s: the release names it, but it is not there", r.Path)
		}
	}
	for _, name := range patches.Names() {
		digest, ok := want[name]
		switch {
		case !ok:
			return fmt.Errorf("patches/%s: the release does not name it", name)
		case digest != spec.Digest(patches[name]):
			return fmt.Errorf("patches/%s: its content is not the one that the release names", name)
		case name != path.Clean(name) || strings.HasPrefix(name, "../") || strings.HasPrefix(name, "/"):
			return fmt.Errorf("patches/%s: this is no path under patches/", name)
		}
	}
	return nil
}

// patchesFor lists the patches that hold for an environment: those right under patches/ for every one, those in a
// folder of the environment's name for it alone.
func patchesFor(t spec.Target, manifests []standard.Manifest, patches Files) ([]kustomizationPatch, error) {
	var out []kustomizationPatch
	names := patches.Names()
	// The environment's own come after those for all, so that they can change what those set.
	sort.SliceStable(names, func(i, j int) bool { return strings.Count(names[i], "/") < strings.Count(names[j], "/") })
	for _, name := range names {
		dir, file := path.Split(name)
		if dir != "" && dir != t.Env+"/" || !isYAML(file) {
			continue
		}
		p := kustomizationPatch{Path: "patches/" + name}
		if isList(patches[name]) {
			target, err := targetOf(file, manifests)
			if err != nil {
				return nil, fmt.Errorf("patches/%s: %w", name, err)
			}
			p.Target = target
		}
		out = append(out, p)
	}
	return out, nil
}

func isYAML(file string) bool {
	ext := path.Ext(file)
	return ext == ".yaml" || ext == ".yml" || ext == ".json"
}

// isList tells a JSON patch (RFC 6902), which is a list of steps, from a strategic merge patch, which is a piece of an
// object.
func isList(data []byte) bool {
	for _, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line == "---" || strings.HasPrefix(line, "#") {
			continue
		}
		return strings.HasPrefix(line, "- ") || strings.HasPrefix(line, "[") || line == "-"
	}
	return false
}

// targetOf finds what a JSON patch is for by the beginning of its file's name, since a list of steps names no object:
// service.yaml and service-ports.yaml are for the Service.
func targetOf(file string, manifests []standard.Manifest) (*kustomizationPatchTargets, error) {
	word := strings.TrimSuffix(file, path.Ext(file))
	var kinds []string
	for _, m := range manifests {
		kind := strings.ToLower(m.Kind)
		if word == kind || strings.HasPrefix(word, kind+"-") {
			return &kustomizationPatchTargets{Kind: m.Kind, Name: m.Name}, nil
		}
		kinds = append(kinds, kind)
	}
	return nil, fmt.Errorf("a JSON patch is named after the kind that it changes, such as deployment-args.yaml; here are: %s", strings.Join(kinds, ", "))
}
