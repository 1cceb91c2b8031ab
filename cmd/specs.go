package cmd

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/internal/workspace"
	"github.com/modelops/modelops/render"
)

// localSpecs compares model.yaml and patches/ of the work tree with those of the tip, by model, and returns those that
// differ. Where nothing differs, or there is no work tree, it returns none.
func (s *session) localSpecs(c *cli.Context, st *store, models []string) (map[string]render.Files, []string, error) {
	if st.repo.WorkTree() == "" {
		return nil, nil, nil
	}
	d, err := s.disk(c)
	var none *workspace.NoPlatformError
	if errors.As(err, &none) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	defer d.Close()
	specs := map[string]render.Files{}
	var paths []string
	for _, m := range models {
		here, err := specFiles(d.Tree(), m)
		if err != nil {
			return nil, nil, err
		}
		there, err := specFiles(st.tree(), m)
		if err != nil {
			return nil, nil, err
		}
		if differ := differing(here, there); len(differ) > 0 {
			specs[m] = here
			for _, name := range differ {
				paths = append(paths, "models/"+m+"/"+name)
			}
		}
	}
	return specs, paths, nil
}

// specFiles are a model's model.yaml and patches/, with the line ends that Git keeps.
func specFiles(t workspace.Tree, model string) (render.Files, error) {
	out := render.Files{}
	target, err := workspace.ParseModel(model)
	if err != nil {
		return nil, err
	}
	patches, err := t.Folder(target.PatchesDir())
	if err != nil {
		return nil, err
	}
	for name, data := range patches {
		out["patches/"+name] = lineFeeds(data)
	}
	files, err := t.Files(target.ModelFile())
	for _, data := range files {
		out["model.yaml"] = lineFeeds(data)
	}
	return out, err
}

func lineFeeds(data []byte) []byte { return bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")) }

func differing(a, b render.Files) []string {
	var out []string
	for name, data := range a {
		if other, ok := b[name]; !ok || !bytes.Equal(data, other) {
			out = append(out, name)
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// unpushed refuses a promote whose specs in the work tree are not those that it would take.
func unpushed(st *store, paths []string) error {
	what := "differs"
	if len(paths) > 1 {
		what = "differ"
	}
	return &refusedError{
		Message: fmt.Sprintf("promote: %s in your work tree %s from %s, which a promote takes it from", strings.Join(paths, ", "), what, st.repo.Branch()),
		Next: []string{
			"--with-spec commits it along",
			"or commit it first: git add models && git commit" + pushHint(st.repo),
			"or take the branch's: git pull, or git checkout -- " + paths[0],
		},
	}
}
