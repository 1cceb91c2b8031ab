package release

import (
	"context"
	"fmt"
	"strings"

	"github.com/modelops/modelops/render"
	"github.com/modelops/modelops/render/spec"
)

// source makes the release that a promote asks for.
func (d *Desk) source(ctx context.Context, r *Reader, t spec.Target, req Promote, now overlayNow) (source, error) {
	if req.From != "" {
		return d.fromEnv(r, t, req.From)
	}
	return d.fromSpec(ctx, r, t, req, now)
}

// fromEnv takes another environment's release whole: its snapshot was tested there.
func (d *Desk) fromEnv(r *Reader, t spec.Target, env string) (source, error) {
	if _, err := r.EnvIndex(env); err != nil {
		return source{}, err
	}
	other := spec.Target{Team: t.Team, Model: t.Model, Env: env}
	now, err := r.now(other)
	if err != nil {
		return source{}, err
	}
	rel, err := r.Release(other)
	switch {
	case err != nil:
		return source{}, err
	case rel == nil:
		return source{}, &RefusedError{Action: "promote", Target: t, Why: "nothing runs in " + env,
			Next: []string{fmt.Sprintf("modelops promote %s --env %s --version VERSION", t.ModelName(), env)}}
	case now.edited():
		return source{}, &RefusedError{Action: "promote", Target: t, Why: fmt.Sprintf("the overlay in %s was changed by hand, so it is not the release that its record names", env),
			Next: []string{fmt.Sprintf("modelops promote %s --env %s --discard-edits", t.ModelName(), env)}}
	case rel.Spec.Retired:
		return source{}, &RefusedError{Action: "promote", Target: t, Why: "the model is retired in " + env}
	}
	std, err := r.Standard(rel.Spec.Standard.Name)
	if err != nil {
		return source{}, err
	}
	copied := *rel
	copied.Metadata = t.Names()
	return source{release: &copied, standard: std, patches: under(now.files, "patches/")}, nil
}

// fromSpec takes model.yaml and patches/ as they stand on the tip, or in the user's work tree where that was asked for.
func (d *Desk) fromSpec(ctx context.Context, r *Reader, t spec.Target, req Promote, now overlayNow) (source, error) {
	model, patches, along, err := r.modelFolder(t, req.Specs[t.ModelName()])
	if err != nil {
		return source{}, err
	}
	current, err := r.Release(t)
	if err != nil && !now.edited() {
		return source{}, err
	}
	rel := &spec.Release{APIVersion: spec.APIVersion, Kind: spec.KindRelease, Metadata: t.Names()}
	if err := d.content(ctx, &rel.Spec, t, model, current, req); err != nil {
		return source{}, err
	}
	platform, err := r.Platform()
	if err != nil {
		return source{}, err
	}
	std, err := r.Standard(render.StandardName(platform, model, current, req.Standard))
	if err != nil {
		return source{}, err
	}
	render.Snapshot(&rel.Spec, platform, model, std, patches)
	rel.Spec.ID = spec.ReleaseID(rel.Spec)
	return source{release: rel, standard: std, patches: patches, along: along}, nil
}

// modelFolder reads model.yaml and patches/, from the work tree's files where they are given.
func (r *Reader) modelFolder(t spec.Target, work render.Files) (*spec.Model, render.Files, render.Files, error) {
	patches, err := r.Folder(t.PatchesDir())
	if err != nil {
		return nil, nil, nil, err
	}
	if work == nil {
		model, err := r.Model(t)
		return model, patches, nil, err
	}
	model, err := decodeModel(t, work["model.yaml"])
	if err != nil {
		return nil, nil, nil, err
	}
	along := render.Files{}
	for name := range patches {
		along["patches/"+name] = nil
	}
	for name, data := range work {
		along[name] = data
	}
	return model, under(work, "patches/"), along, nil
}

// content finds version, image and artifact: those of the request, of model.yaml for the version, or the current ones.
func (d *Desk) content(ctx context.Context, rel *spec.ReleaseSpec, t spec.Target, model *spec.Model, current *spec.Release, req Promote) error {
	if req.Version == "" {
		if current == nil || current.Spec.Retired {
			return &UsageError{Message: fmt.Sprintf("promote %s in %s: nothing runs there yet, so a version is needed", t.ModelName(), t.Env),
				Next: []string{fmt.Sprintf("modelops promote %s --env %s --version VERSION", t.ModelName(), t.Env), "or --from ENV to take what runs in another environment"}}
		}
		rel.Version, rel.Image, rel.Artifact = current.Spec.Version, current.Spec.Image, current.Spec.Artifact
		return nil
	}
	rel.Version = req.Version
	ref := req.Image
	if ref == "" {
		ref = model.Spec.Image
	}
	if ref == "" {
		return &UsageError{Message: fmt.Sprintf("promote %s: neither --image nor spec.image of %s names an image", t.ModelName(), t.ModelFile())}
	}
	var err error
	if rel.Image, err = d.Resolve(ctx, forVersion(ref, req.Version)); err != nil {
		return err
	}
	rel.Artifact, err = d.artifact(ctx, t, model, req)
	return err
}

// forVersion fills the version into a reference; a bare repository stands for REPOSITORY:VERSION.
func forVersion(ref, version string) string {
	full := strings.ReplaceAll(ref, "{version}", version)
	last := full[strings.LastIndex(full, "/")+1:]
	if !strings.ContainsAny(last, ":@") {
		full += ":" + version
	}
	return full
}

func (d *Desk) artifact(ctx context.Context, t spec.Target, model *spec.Model, req Promote) (*spec.ReleasedArtifact, error) {
	uri := req.Artifact
	if uri == "" && model.Spec.Artifact != nil {
		uri = model.Spec.Artifact.URI
	}
	if uri == "" {
		return nil, nil
	}
	if model.Spec.Artifact == nil {
		return nil, &UsageError{Message: fmt.Sprintf("promote %s: --artifact is given, but %s has no spec.artifact that says where it goes", t.ModelName(), t.ModelFile())}
	}
	uri = strings.ReplaceAll(uri, "{version}", req.Version)
	ref, isImage := strings.CutPrefix(uri, "oci://")
	if !isImage {
		return &spec.ReleasedArtifact{URI: uri}, nil
	}
	image, err := d.Resolve(ctx, forVersion(ref, req.Version))
	if err != nil {
		return nil, fmt.Errorf("artifact %s: %w", uri, err)
	}
	return &spec.ReleasedArtifact{URI: "oci://" + image.Name, Digest: image.Digest}, nil
}

// Memo keeps what a resolver found, so that a plan that is made again on another tip asks the registry nothing.
func Memo(resolve Resolver) Resolver {
	found := map[string]spec.Image{}
	return func(ctx context.Context, ref string) (spec.Image, error) {
		if image, ok := found[ref]; ok {
			return image, nil
		}
		image, err := resolve(ctx, ref)
		if err == nil {
			found[ref] = image
		}
		return image, err
	}
}
