package generate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/render"
	"github.com/modelops/modelops/render/spec"
)

// Kind of a difference between a generated folder and what it should be: those of files, and two of overlays.
type Kind = render.Kind

// The kinds.
const (
	Edited  = render.Edited
	Missing = render.Missing
	Extra   = render.Extra
	// Unrecorded is an overlay that holds a release which its record does not name.
	Unrecorded Kind = "unrecorded"
	// Broken is an overlay that cannot be rendered again.
	Broken Kind = "broken"
)

// Drift is one difference.
type Drift struct {
	Path string
	Kind Kind
	Why  string
}

// Drift lists the differences of a folder, by path.
func (f Folder) Drift() []Drift {
	if f.Broken != nil {
		return []Drift{{f.place(), Broken, f.Broken.Error()}}
	}
	source := "the specs render to now"
	if f.isOverlay() {
		source = "release.yaml renders to"
	}
	var out []Drift
	for _, d := range render.Files(f.Want).Deviations(f.Have, source) {
		out = append(out, Drift{f.Dir + "/" + d.Name, d.Kind, d.Why})
	}
	if len(out) == 0 && f.isOverlay() {
		out = f.record()
	}
	return out
}

func (f Folder) isOverlay() bool { return f.Target != spec.Target{} }

func (f Folder) place() string {
	if f.isOverlay() {
		return f.Target.ReleaseFile()
	}
	return f.Dir
}

// record compares an overlay with the tree that its state names: a release that was edited together with everything that
// it renders to shows only there.
func (f Folder) record() []Drift {
	switch {
	case len(f.Have) == 0 && f.Recorded == "":
		return nil
	case f.Recorded == "":
		return []Drift{{f.Target.StateFile(), Unrecorded, fmt.Sprintf("%s is there, but the record names no current release", f.Dir)}}
	case len(f.Have) == 0:
		return []Drift{{f.Dir, Missing, fmt.Sprintf("%s names a current release, but its folder is not there", f.Target.StateFile())}}
	}
	tree, err := gitops.HashTree(f.Have)
	switch {
	case err != nil:
		return []Drift{{f.Dir, Broken, err.Error()}}
	case tree.String() != f.Recorded:
		return []Drift{{f.Target.ReleaseFile(), Unrecorded, fmt.Sprintf("%s records another release; releases are written by modelops promote", f.Target.StateFile())}}
	}
	return nil
}

// Changes are the files to write and, nil, to delete so that the folders hold what they should.
func Changes(folders []Folder) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, f := range folders {
		if f.Broken != nil {
			return nil, fmt.Errorf("render %s: %w", f.Dir, f.Broken)
		}
		for _, name := range names(f.Want, f.Have) {
			files[f.Dir+"/"+name] = f.Want[name]
		}
	}
	return files, nil
}

func names(files ...map[string][]byte) []string {
	all := map[string]bool{}
	for _, m := range files {
		for n := range m {
			all[n] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

func under(files map[string][]byte, prefix string) map[string][]byte {
	out := map[string][]byte{}
	for name, data := range files {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			out[rest] = data
		}
	}
	return out
}

// DriftOf lists the differences of several folders.
func DriftOf(folders []Folder) []Drift {
	var out []Drift
	for _, f := range folders {
		out = append(out, f.Drift()...)
	}
	return out
}
