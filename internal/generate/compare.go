package generate

import (
	"bytes"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/modelops/modelops/internal/workspace"
	"github.com/modelops/modelops/render/build"
	"github.com/modelops/modelops/render/spec"
)

// Difference is a folder whose built manifests differ between two trees.
type Difference struct {
	Dir    string
	Target spec.Target
	// Objects that differ.
	Objects []build.ObjectDiff
	// Problem says why one side cannot be built; it counts as having no manifests then.
	Problem string
}

// TargetName is TEAM/MODEL/ENV for an overlay and empty for other folders.
func (d Difference) TargetName() string {
	if (d.Target == spec.Target{}) {
		return ""
	}
	return d.Target.String()
}

// Compare builds every folder that Argo CD builds in two trees, and lists those whose manifests differ, by path.
func Compare(before, after workspace.Tree) ([]Difference, error) {
	old, err := built(before)
	if err != nil {
		return nil, err
	}
	now, err := built(after)
	if err != nil {
		return nil, err
	}
	maps.Copy(old, now)
	return CompareFolders(before, after, old)
}

var builtFolder = regexp.MustCompile(`^(?:(argocd)|(tenants/[^/]+/[^/]+)|models/([^/]+)/([^/]+)/([^/]+))/`)

// FoldersOf lists the folders that Argo CD or its administrator builds and in which one of the files lies, with their
// target where they are overlays.
func FoldersOf(files []string) map[string]spec.Target {
	out := map[string]spec.Target{}
	for _, f := range files {
		m := builtFolder.FindStringSubmatch(f)
		switch {
		case m == nil || m[5] == "state" || m[5] == "patches" || strings.HasSuffix(m[2], "/holds"):
		case m[5] != "":
			t := spec.Target{Team: m[3], Model: m[4], Env: m[5]}
			out[t.Dir()] = t
		default:
			out[m[1]+m[2]] = spec.Target{}
		}
	}
	return out
}

// CompareFolders builds some folders in two trees, and lists those whose manifests differ, by path.
func CompareFolders(before, after workspace.Tree, dirs map[string]spec.Target) ([]Difference, error) {
	var out []Difference
	for _, dir := range slices.Sorted(maps.Keys(dirs)) {
		d, err := difference(before, after, dir)
		if err != nil {
			return nil, err
		}
		d.Target = dirs[dir]
		if len(d.Objects) > 0 || d.Problem != "" {
			out = append(out, d)
		}
	}
	return out, nil
}

// built are the folders of a tree that Argo CD or its administrator builds.
func built(t workspace.Tree) (map[string]spec.Target, error) {
	out := map[string]spec.Target{ArgoDir: {}}
	teams, err := t.Teams()
	if err != nil {
		return nil, err
	}
	for _, team := range teams {
		dirs, err := t.Subfolders(workspace.TenantDir(team), "kustomization.yaml")
		if err != nil {
			return nil, err
		}
		for _, d := range dirs {
			out[workspace.TenantDir(team)+"/"+d] = spec.Target{}
		}
	}
	models, err := t.Models()
	if err != nil {
		return nil, err
	}
	for _, m := range models {
		overlays, err := t.Overlays(m)
		if err != nil {
			return nil, err
		}
		for _, o := range overlays {
			out[o.Dir()] = o
		}
	}
	return out, nil
}

func difference(before, after workspace.Tree, dir string) (Difference, error) {
	d := Difference{Dir: dir}
	was, err := before.Folder(dir)
	if err != nil {
		return d, err
	}
	is, err := after.Folder(dir)
	if err != nil || maps.EqualFunc(was, is, bytes.Equal) {
		return d, err
	}
	var problems []string
	objects := func(name string, files map[string][]byte) build.Objects {
		if len(files) == 0 {
			return nil
		}
		o, err := build.Build(files)
		if err != nil {
			problems = append(problems, name+": "+err.Error())
		}
		return o
	}
	d.Objects = build.Diff(objects(before.Name, was), objects(after.Name, is))
	d.Problem = strings.Join(problems, "; ")
	return d, nil
}
