package build

import (
	"bytes"
	"fmt"
	"path"
	"strings"

	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// matched refuses images and patches that changed nothing. kustomize says nothing about them, so that a pinned image
// could be gone, or a patch forgotten, without anybody seeing it.
func (in *inspection) matched(objects Objects) error {
	images := objects.images()
	for _, k := range in.list {
		for _, i := range k.Images {
			if !anyImage(images, i) {
				return &RefusedError{File: k.file, Why: fmt.Sprintf("images: no container has the image %s: a patch may have replaced it", i.Name)}
			}
		}
		if err := in.targets(k); err != nil {
			return err
		}
	}
	return nil
}

// Images lists the images of all containers of an object, init containers included.
func (o Object) Images() []string { return Objects{o}.images() }

func (os Objects) images() []string {
	var out []string
	for _, o := range os {
		out = imagesIn(o.Content, out)
	}
	return out
}

// imagesIn looks where kustomize looks: in every list of containers, wherever it is.
func imagesIn(v any, out []string) []string {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			out = imagesIn(e, out)
		}
	case map[string]any:
		for key, e := range v {
			list, ok := e.([]any)
			if !ok || key != "containers" && key != "initContainers" {
				out = imagesIn(e, out)
				continue
			}
			for _, c := range list {
				if m, ok := c.(map[string]any); ok {
					if image, ok := m["image"].(string); ok {
						out = append(out, image)
					}
				}
			}
		}
	}
	return out
}

func anyImage(images []string, want types.Image) bool {
	name := want.NewName
	if name == "" {
		name = want.Name
	}
	for _, i := range images {
		rest, ok := strings.CutPrefix(i, name)
		if !ok || rest != "" && rest[0] != ':' && rest[0] != '@' {
			continue
		}
		if strings.Contains(rest, want.Digest) && (want.NewTag == "" || strings.HasPrefix(rest, ":"+want.NewTag)) {
			return true
		}
	}
	return false
}

// targets builds a kustomization without its patches, and looks whether each patch with a target would find an object.
func (in *inspection) targets(k kustomization) error {
	var plain resmap.ResMap
	for _, p := range k.Patches {
		if p.Target == nil {
			continue
		}
		if plain == nil {
			var err error
			if plain, err = in.withoutPatches(k); err != nil {
				return err
			}
		}
		found, err := plain.Select(*p.Target)
		if err != nil {
			return &RefusedError{File: k.file, Why: fmt.Sprintf("patches: target %s: %v", describe(p.Target), err)}
		}
		if len(found) == 0 {
			return &RefusedError{File: k.file, Why: fmt.Sprintf("patches: %s: its target %s is not there", describePatch(p), describe(p.Target))}
		}
	}
	return nil
}

func describePatch(p types.Patch) string {
	if p.Path != "" {
		return p.Path
	}
	return "a patch"
}

func describe(s *types.Selector) string {
	var words []string
	for _, w := range []string{s.Kind, s.Name, s.LabelSelector, s.AnnotationSelector} {
		if w != "" {
			words = append(words, w)
		}
	}
	return strings.Join(words, " ")
}

func (in *inspection) withoutPatches(k kustomization) (resmap.ResMap, error) {
	fsys := filesys.MakeFsInMemory()
	for name, data := range in.files {
		if err := fsys.WriteFile(path.Join(root, name), data); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	bare := k.Kustomization
	bare.Patches, bare.Images, bare.Labels = nil, nil, nil
	var b bytes.Buffer
	if err := yaml.NewEncoder(&b).Encode(bare); err != nil {
		return nil, fmt.Errorf("%s: %w", k.file, err)
	}
	if err := fsys.WriteFile(path.Join(root, k.file), b.Bytes()); err != nil {
		return nil, fmt.Errorf("%s: %w", k.file, err)
	}
	return kustomize(fsys, path.Join(root, k.dir))
}
