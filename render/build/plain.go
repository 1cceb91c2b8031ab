package build

import (
	"bytes"
	"path"
	"reflect"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/modelops/modelops/render/spec"
)

// Plain builds a folder of the shape that modelops renders where nobody patches it, without kustomize, in a small part of
// the time: for what is only looked at beside something else. The objects are those of Build, in the order of base/ and
// without their YAML. False means that the folder asks for more, or is broken: Build builds it, or says why not.
func Plain(files map[string][]byte) (Objects, bool) {
	overlay, ok := plainOverlay(files)
	if !ok {
		return nil, false
	}
	objects, ok := plainBase(files)
	if !ok {
		return nil, false
	}
	// In the order of kustomize: patches, namespace, labels, images.
	for _, p := range overlay.Patches {
		if !objects.patched(p.Patch) {
			return nil, false
		}
	}
	for i := range objects {
		o := &objects[i]
		o.Namespace = overlay.Namespace
		label(o.Content, overlay)
		if !replaceImages(o.Content, overlay.Images) {
			return nil, false
		}
	}
	images := objects.images()
	return objects, !slices.ContainsFunc(overlay.Images, func(i types.Image) bool { return !anyImage(images, i) })
}

// soleKustomization reads the kustomization of a folder, where there is just one.
func soleKustomization(files map[string][]byte, dir string) ([]byte, bool) {
	for _, name := range kustomizationFiles[1:] {
		if files[path.Join(dir, name)] != nil {
			return nil, false
		}
	}
	data, ok := files[path.Join(dir, kustomizationFiles[0])]
	return data, ok
}

// plainOverlay reads the kustomization of the folder, in which nothing may be asked for but what Plain does, and nothing
// written in a way that readers of YAML differ about.
func plainOverlay(files map[string][]byte) (types.Kustomization, bool) {
	var k types.Kustomization
	data, ok := soleKustomization(files, ".")
	docs, err := documents("", data)
	if !ok || err != nil || len(docs) != 1 || docs[0].Kind != yaml.MappingNode || !plainTexts(docs[0]) {
		return k, false
	}
	strict := yaml.NewDecoder(bytes.NewReader(data))
	strict.KnownFields(true)
	if strict.Decode(&k) != nil {
		return k, false
	}
	for _, l := range k.Labels {
		if !reflect.DeepEqual(l, types.Label{Pairs: l.Pairs}) {
			return k, false
		}
	}
	for _, p := range k.Patches {
		if !reflect.DeepEqual(p, types.Patch{Patch: p.Patch}) {
			return k, false
		}
	}
	for _, i := range k.Images {
		if i != (types.Image{Name: i.Name, NewName: i.NewName, Digest: i.Digest}) || i.Name == "" || i.NewName == "" || i.Digest == "" {
			return k, false
		}
	}
	return k, isKustomization(k.APIVersion, k.Kind) && k.Namespace != "" && slices.Equal(k.Resources, []string{"base"}) &&
		reflect.DeepEqual(k, types.Kustomization{TypeMeta: k.TypeMeta, Namespace: k.Namespace, Resources: k.Resources,
			Labels: k.Labels, Images: k.Images, Patches: k.Patches})
}

func isKustomization(apiVersion, kind any) bool {
	return apiVersion == types.KustomizationVersion && kind == types.KustomizationKind
}

// plainTexts says whether all values of a document are texts that every reader of YAML takes for the same.
func plainTexts(n *yaml.Node) bool {
	if n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 || n.Kind == yaml.AliasNode {
		return false
	}
	if n.Kind == yaml.ScalarNode {
		return n.ShortTag() == "!!str" && (n.Style != 0 || spec.IsText(n.Value))
	}
	return len(n.Content) > 0 && !slices.ContainsFunc(n.Content, func(c *yaml.Node) bool { return !plainTexts(c) })
}

// plainBase reads the objects of base/.
func plainBase(files map[string][]byte) (Objects, bool) {
	data, ok := soleKustomization(files, "base")
	k, plain := spec.DecodePlain(data)
	resources, isList := k["resources"].([]any)
	if !ok || !plain || !isList || len(k) != 3 || !isKustomization(k["apiVersion"], k["kind"]) {
		return nil, false
	}
	var objects Objects
	for _, r := range resources {
		name, _ := r.(string)
		o, ok := plainObject(files["base/"+name])
		if _, twice := objects.Find(o.Kind, o.Name); !ok || twice || !isLocal(name) || path.Base(name) != name {
			return nil, false
		}
		objects = append(objects, o)
	}
	return objects, true
}

// plainKinds are kinds of which kustomize changes nothing but metadata and images: they are in a namespace, and nothing in
// them names another object that is renamed.
var plainKinds = map[string]bool{
	"apps/v1/Deployment": true, "v1/Service": true, "v1/ServiceAccount": true, "autoscaling/v2/HorizontalPodAutoscaler": true,
	"policy/v1/PodDisruptionBudget": true, "networking.k8s.io/v1/NetworkPolicy": true,
}

// plainObject reads a file of one object.
func plainObject(data []byte) (Object, bool) {
	content, ok := spec.DecodePlain(data)
	if !ok || !namesAreTexts(content) {
		return Object{}, false
	}
	o := Object{Content: content}
	o.APIVersion, _ = content["apiVersion"].(string)
	o.Kind, _ = content["kind"].(string)
	metadata, _ := content["metadata"].(map[string]any)
	o.Name, _ = metadata["name"].(string)
	return o, o.Name != "" && metadata["generateName"] == nil && metadata["namespace"] == nil && plainKinds[o.APIVersion+"/"+o.Kind] &&
		notesAreTexts(metadata, "annotations") && notesAreTexts(metadata, "labels")
}

// notesAreTexts says whether metadata that kustomize writes anew has texts for values, and nothing that tells it what to do.
func notesAreTexts(metadata map[string]any, field string) bool {
	texts, isMap := metadata[field].(map[string]any)
	if _, there := metadata[field]; there && !isMap {
		return false
	}
	for name, value := range texts {
		if _, isText := value.(string); !isText || strings.Contains(name, "config.k8s.io/") || strings.Contains(name, "config.kubernetes.io/") {
			return false
		}
	}
	return true
}

// namesAreTexts says so of the fields in which kustomize looks for names and images.
func namesAreTexts(v any) bool {
	switch v := v.(type) {
	case []any:
		return !slices.ContainsFunc(v, func(e any) bool { return !namesAreTexts(e) })
	case map[string]any:
		for key, e := range v {
			_, isText := e.(string)
			named := strings.HasSuffix(key, "name") || strings.HasSuffix(key, "Name") || key == "reference"
			if named && !isText || !namesAreTexts(e) {
				return false
			}
		}
	}
	return true
}

// patched merges a patch into the object that it names.
func (os Objects) patched(text string) bool {
	patch, ok := plainObject([]byte(text))
	if !ok {
		return false
	}
	for _, o := range os {
		if o.APIVersion == patch.APIVersion && o.Kind == patch.Kind && o.Name == patch.Name {
			return merge(o.Content, patch.Content)
		}
	}
	return false
}

// mergeKeys are the lists of a pod whose elements a patch names, and by which field.
var mergeKeys = map[string]string{"containers": "name", "initContainers": "name", "volumeMounts": "mountPath", "volumes": "name"}

// merge puts a patch's fields over an object's. It knows maps, the lists of mergeKeys, and those that are replaced whole.
func merge(onto, patch map[string]any) bool {
	for key, value := range patch {
		was, there := onto[key]
		switch value := value.(type) {
		case map[string]any:
			into, isMap := was.(map[string]any)
			if !there {
				into, isMap = map[string]any{}, true
				onto[key] = into
			}
			if !isMap || len(value) == 0 || !merge(into, value) {
				return false
			}
		case []any:
			if key != "args" && key != "command" {
				if value, there = mergeList(was, value, mergeKeys[key]); !there {
					return false
				}
			}
			onto[key] = value
		default:
			if there && reflect.TypeOf(was) != reflect.TypeOf(value) || strings.HasPrefix(key, "$") {
				return false // another shape, or a directive
			}
			onto[key] = value
		}
	}
	return true
}

// mergeList merges elements that are there, and puts them first, as kustomize does.
func mergeList(was any, patches []any, by string) ([]any, bool) {
	rest, _ := was.([]any)
	var out []any
	for _, patch := range patches {
		p, _ := patch.(map[string]any)
		i := slices.IndexFunc(rest, func(e any) bool { m, _ := e.(map[string]any); return p[by] != nil && m[by] == p[by] })
		if i < 0 || !merge(rest[i].(map[string]any), p) {
			return nil, false
		}
		out = append(out, rest[i])
		rest = slices.Delete(rest, i, i+1)
	}
	return append(out, rest...), true
}

// label sets the namespace and the labels of a kustomization.
func label(content map[string]any, k types.Kustomization) {
	metadata, _ := content["metadata"].(map[string]any) // plainObject found a name there
	metadata["namespace"] = k.Namespace
	for _, l := range k.Labels {
		labels, ok := metadata["labels"].(map[string]any)
		if !ok {
			labels = map[string]any{}
			metadata["labels"] = labels
		}
		for name, value := range l.Pairs {
			labels[name] = value
		}
	}
}

// replaceImages does so in every list of containers, wherever it is, as kustomize does.
func replaceImages(v any, images []types.Image) bool {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			if !replaceImages(e, images) {
				return false
			}
		}
	case map[string]any:
		for key, e := range v {
			list, isList := e.([]any)
			switch {
			case isList && (key == "containers" || key == "initContainers"):
				if slices.ContainsFunc(list, func(c any) bool { return !replaceImage(c, images) }) {
					return false
				}
			case key == "reference" && slices.ContainsFunc(images, func(i types.Image) bool { return strings.HasPrefix(e.(string), i.Name) }):
				return false // the image of a volume
			case !replaceImages(e, images):
				return false
			}
		}
	}
	return true
}

func replaceImage(container any, images []types.Image) bool {
	c, isMap := container.(map[string]any)
	image, isText := c["image"].(string)
	if !isMap || !isText && c["image"] != nil {
		return false
	}
	for _, i := range images {
		switch {
		case image == i.Name:
			image = i.NewName + "@" + i.Digest
			c["image"] = image
		case strings.HasPrefix(image, i.Name):
			return false // perhaps with a tag
		}
	}
	return true
}
