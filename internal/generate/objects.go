package generate

import (
	"path"
	"slices"

	"github.com/modelops/modelops/render/build"
)

// Objects builds what lies in the folder, or in its folders where it is a team's: every folder with a kustomization.yaml
// that no other one of the folder contains.
func (f Folder) Objects() (build.Objects, error) {
	var out build.Objects
	for _, dir := range roots(f.Have) {
		files := f.Have
		if dir != "." {
			files = under(f.Have, dir+"/")
		}
		objects, err := build.Build(files)
		if err != nil {
			return nil, err
		}
		out = append(out, objects...)
	}
	return out, nil
}

// roots are the outermost folders that hold a kustomization.yaml.
func roots(files map[string][]byte) []string {
	var dirs []string
	for name := range files {
		if path.Base(name) == "kustomization.yaml" {
			dirs = append(dirs, path.Dir(name))
		}
	}
	if slices.Contains(dirs, ".") {
		return []string{"."}
	}
	slices.Sort(dirs)
	return slices.DeleteFunc(dirs, func(d string) bool {
		for at := path.Dir(d); at != "."; at = path.Dir(at) {
			if slices.Contains(dirs, at) {
				return true
			}
		}
		return false
	})
}
