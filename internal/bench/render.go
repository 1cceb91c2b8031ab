package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/modelops/modelops/render"
	"github.com/modelops/modelops/render/build"
	"github.com/modelops/modelops/render/spec"
	"github.com/modelops/modelops/render/standard"
)

// render measures rendering and building many overlays on one core, beside one kustomize process after another that
// only builds them.
func (b *bench) render(ctx context.Context, n int) error {
	dirs := make([]string, n)
	ours, err := renderAll(b.dir, dirs)
	if err != nil {
		return err
	}
	var theirs time.Duration
	for _, dir := range dirs {
		s, err := command{args: []string{b.programs.Kustomize(), "build", dir}, env: []string{"GOMAXPROCS=1"}}.run(ctx)
		if err != nil {
			return err
		}
		theirs += s.took
	}
	b.ratio(fmt.Sprintf("render-build-%d", n), ours, theirs, 0.2)
	return nil
}

// renderAll renders and builds in memory, then writes the folders for kustomize, which is not counted.
func renderAll(root string, dirs []string) (time.Duration, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	model, err := spec.DecodeModel("model.yaml", []byte(modelYAML))
	if err != nil {
		return 0, err
	}
	rendered := make([]render.Files, len(dirs))
	start := time.Now()
	std, err := render.Standard(os.DirFS(root), "v1")
	if err != nil {
		return 0, err
	}
	for i := range dirs {
		if rendered[i], err = renderOne(std, model, i); err != nil {
			return 0, err
		}
	}
	took := time.Since(start)
	for i, files := range rendered {
		dirs[i] = filepath.Join(root, "overlays", fmt.Sprint(i))
		if err := write(dirs[i], files); err != nil {
			return 0, err
		}
	}
	return took, nil
}

func renderOne(std *standard.Standard, model *spec.Model, i int) (render.Files, error) {
	t := spec.Target{Team: "bench", Model: fmt.Sprintf("subject%d", i), Env: "staging"}
	rel := &spec.Release{APIVersion: spec.APIVersion, Kind: spec.KindRelease, Metadata: t.Names(), Spec: spec.ReleaseSpec{
		Version: "1.0.0", Image: spec.Image{Name: "registry.example.com/bench/subject", Digest: fmt.Sprintf("sha256:%064x", i+1)},
		Standard: spec.StandardRef{Name: "v1", Digest: std.Digest()}, Model: model.Spec}}
	rel.Spec.ID = spec.ReleaseID(rel.Spec)
	files, err := render.Overlay(render.OverlayInput{Target: t, Release: rel, Standard: std})
	if err != nil {
		return nil, err
	}
	_, err = build.Build(files)
	return files, err
}

func write(dir string, files render.Files) error {
	for name, data := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
