package spec

import "strings"

// FromRegistry says whether an image comes from one of some registries or repositories, compared by whole parts of its
// name: registry.example.com/ml is the home of registry.example.com/ml/x, not of registry.example.com/mlx.
func FromRegistry(registries []string, image string) bool {
	name := Repository(image)
	for _, r := range registries {
		r = strings.TrimSuffix(r, "/")
		if name == r || strings.HasPrefix(name, r+"/") {
			return true
		}
	}
	return false
}

// Repository is the name of an image without tag and digest. A port of the registry belongs to the name.
func Repository(image string) string {
	name, _, _ := strings.Cut(image, "@")
	if colon := strings.LastIndex(name, ":"); colon > strings.LastIndex(name, "/") {
		name = name[:colon]
	}
	return name
}
