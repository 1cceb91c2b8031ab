package source_test

import (
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/validate/source"
	"github.com/modelops/modelops/internal/workspace"
)

var quickstart = os.DirFS("../../../examples/quickstart")

// names of the units, those in brackets read for the sake of others.
func names(set *manifest.Set) []string {
	var out []string
	for _, u := range set.Units {
		name := u.Path
		if u.Context {
			name = "(" + name + ")"
		}
		out = append(out, name)
	}
	return out
}

// TestWhatAPathMeans: folders of ours are units wherever a path in them points; other folders are searched.
func TestWhatAPathMeans(t *testing.T) {
	t.Parallel()
	const prod = "models/vision/resnet/prod"
	beside := []string{prod, "(models/vision/scorer/prod)", "(tenants/vision/prod)"}
	team := []string{"(models/vision/resnet/prod)", "(models/vision/resnet/staging)", "(models/vision/scorer/prod)", "(models/vision/scorer/staging)", "(tenants/vision/prod)", "(tenants/vision/staging)"}
	for path, want := range map[string][]string{
		"models/vision/scorer":                           {"(models/vision/resnet/prod)", "(models/vision/resnet/staging)", "models/vision/scorer/prod", "models/vision/scorer/staging", "(tenants/vision/prod)", "(tenants/vision/staging)"},
		prod:                                             beside,
		prod + "/base/deployment.yaml":                   beside,
		"models/vision/resnet/model.yaml":                team,
		"models/vision/resnet/patches":                   team,
		"tenants/vision":                                 {"(models/vision/resnet/prod)", "(models/vision/resnet/staging)", "(models/vision/scorer/prod)", "(models/vision/scorer/staging)", "tenants/vision/prod", "tenants/vision/staging"},
		"argocd/vision-prod/project.yaml":                {"argocd"},
		"models/vision/resnet/state/prod.yaml":           nil,
		"models/vision/resnet/patches/../../resnet/prod": beside,
	} {
		r := read(t, quickstart, path)
		if diff := cmp.Diff(want, names(r.Set)); diff != "" {
			t.Errorf("%s:\n%s", path, diff)
		}
		if r.Set.Whole || r.Set.Platform == nil {
			t.Errorf("%s: %+v", path, r.Set)
		}
	}
	if all := read(t, quickstart).Set; !all.Whole || len(all.Units) < 10 || all.Teams["vision"] == nil || all.Models["vision/resnet"] == nil || all.States["vision/resnet/prod"] == nil {
		t.Errorf("everything: %v", names(all))
	}
}

// TestWhatAChangeConcerns: a change costs what it concerns, and what bounds others concerns them all.
func TestWhatAChangeConcerns(t *testing.T) {
	t.Parallel()
	all := names(read(t, quickstart).Set)
	of := func(parts ...string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(n string) bool {
			return !slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(n, p) })
		})
	}
	beside := []string{"models/vision/resnet/prod", "(models/vision/scorer/prod)", "(tenants/vision/prod)"}
	team := []string{"(models/vision/resnet/prod)", "(models/vision/resnet/staging)", "(models/vision/scorer/prod)", "(models/vision/scorer/staging)", "(tenants/vision/prod)", "(tenants/vision/staging)"}
	for name, c := range map[string]struct {
		changed []string
		want    []string
	}{
		"nothing":             {[]string{}, nil},
		"an overlay":          {[]string{"models/vision/resnet/prod/base/hpa.yaml", "models/vision/resnet/prod/release.yaml"}, beside},
		"a record":            {[]string{"models/vision/resnet/state/prod.yaml"}, beside},
		"a pending spec":      {[]string{"models/vision/resnet/model.yaml"}, team},
		"a pending patch":     {[]string{"models/vision/resnet/patches/deployment-log.yaml"}, team},
		"a tenant":            {[]string{"tenants/vision/prod/resourcequota.yaml"}, []string{"models/vision/resnet/prod", "models/vision/scorer/prod", "tenants/vision/prod"}},
		"a team":              {[]string{"tenants/vision/team.yaml"}, of("models/vision", "tenants/vision")},
		"Argo CD":             {[]string{"argocd/project.yaml"}, []string{"argocd"}},
		"the platform":        {[]string{"modelops.yaml"}, all},
		"a standard":          {[]string{"standards/own/overlay.yaml"}, all},
		"a page":              {[]string{"README.md", "docs/x.yaml"}, nil},
		"a page and one more": {[]string{"README.md", "argocd/project.yaml"}, []string{"argocd"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := source.Input{Tree: quickstart, Changed: c.changed}
			if len(c.want) < len(all) {
				in.Before = quickstart
			}
			r, err := source.Read(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, names(r.Set)); diff != "" {
				t.Error(diff)
			}
			for _, u := range r.Set.Units {
				if in.Before != nil && len(u.Before) != len(u.Objects) {
					t.Errorf("%s built %d objects before and %d now", u.Path, len(u.Before), len(u.Objects))
				}
			}
		})
	}
}

// TestWhatAChangeOfAnyTreeConcerns: the kustomizations that include a file, through however many others.
func TestWhatAChangeOfAnyTreeConcerns(t *testing.T) {
	t.Parallel()
	fsys := tree(shop + "-- other/kustomization.yaml --\nresources: [x.yaml]\n-- other/x.yaml --\napiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n-- plain.yaml --\napiVersion: v1\nkind: Namespace\nmetadata: {name: y}\n")
	for file, want := range map[string][]string{
		"base/more/list.yaml":         {"overlays/prod"},
		"overlays/prod/env.json":      {"overlays/prod"},
		"components/safe/policy.yaml": {"overlays/prod"},
		"base/kustomization.yaml":     {"overlays/prod"},
		"other/x.yaml":                {"other"},
		"plain.yaml":                  {"plain.yaml"},
		"gone.yaml":                   nil,
	} {
		r, err := source.Read(t.Context(), source.Input{Tree: fsys, Changed: []string{file}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, names(r.Set)); diff != "" {
			t.Errorf("%s:\n%s", file, diff)
		}
	}
}

// TestANamedFileOfATree: a file that a kustomization names is judged by what is built of it.
func TestANamedFileOfATree(t *testing.T) {
	t.Parallel()
	fsys := tree(shop + "-- values.yaml --\na: b\n")
	for path, want := range map[string][]string{
		"base/web.yaml":           {"base"},
		"base/more/list.yaml":     {"base"},
		"overlays/prod/env.json":  {"overlays/prod"},
		"overlays/prod/nope.yaml": nil,
		"components/safe":         nil,
		"values.yaml":             nil,
		"base/kustomization.yaml": {"base"},
	} {
		r, err := source.Read(t.Context(), source.Input{Tree: fsys, Paths: []string{path}})
		if path == "overlays/prod/nope.yaml" {
			if err == nil {
				t.Error("a file that is not there was read")
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, names(r.Set)); diff != "" {
			t.Errorf("%s:\n%s", path, diff)
		}
		if path == "values.yaml" && (len(r.Gaps) != 1 || r.Gaps[0].What != "other files of YAML or JSON (1)") {
			t.Errorf("%+v", r.Gaps)
		}
	}
}

// TestRemoved: an overlay that is gone is still a unit, so that a judge can say what Argo CD will delete.
func TestRemoved(t *testing.T) {
	t.Parallel()
	const dir = "models/vision/scorer/prod"
	files := map[string][]byte{}
	var changed []string
	if err := fs.WalkDir(quickstart, dir, func(p string, d fs.DirEntry, err error) error {
		if !d.IsDir() {
			files[p], changed = nil, append(changed, p)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	r, err := source.Read(t.Context(), source.Input{Tree: workspace.Over(quickstart, files), Before: quickstart, Changed: changed})
	if err != nil || len(r.Findings) != 0 {
		t.Fatal(r.Findings, err)
	}
	u := r.Set.Units[slices.IndexFunc(r.Set.Units, func(u *manifest.Unit) bool { return u.Path == dir })]
	if u.Path != dir || len(u.Objects) != 0 || len(u.Before) == 0 {
		t.Errorf("%+v", u)
	}
}

// TestProblemsAreFindings: what is wrong in a file of ours is found at its line, and nothing else stops for it.
func TestProblemsAreFindings(t *testing.T) {
	t.Parallel()
	edit := func(file, old, new string) fs.FS {
		data, err := fs.ReadFile(quickstart, file)
		if err != nil || !strings.Contains(string(data), old) {
			t.Fatalf("%s does not hold %q: %v", file, old, err)
		}
		return workspace.Over(quickstart, map[string][]byte{file: []byte(strings.Replace(string(data), old, new, 1))})
	}
	for want, fsys := range map[string]fs.FS{
		`MO002 models/vision/resnet/model.yaml:19:5: unknown field "most"`:                                  edit("models/vision/resnet/model.yaml", "max: 4", "most: 4"),
		`MO002 modelops.yaml:6:3: unknown field "gitt"`:                                                     edit("modelops.yaml", "git:", "gitt:"),
		`MO002 tenants/vision/team.yaml:4:3: the name "default" is reserved`:                                edit("tenants/vision/team.yaml", "name: vision", "name: default"),
		`MO006 models/vision/resnet/prod/kustomization.yaml:5:1: the field "helmCharts" is not accepted in`: edit("models/vision/resnet/prod/kustomization.yaml", "resources:", "helmCharts:"),
		`MO002 models/vision/resnet/prod/release.yaml:9:3: the id is`:                                       edit("models/vision/resnet/prod/release.yaml", "version: ", "version: 9"),
	} {
		file, _, _ := strings.Cut(strings.Fields(want)[1], ":")
		r, err := source.Read(t.Context(), source.Input{Tree: fsys, Paths: []string{file}})
		if err != nil {
			t.Fatal(err)
		}
		got := "nothing"
		for i, f := range r.Findings {
			if got = f.Check + " " + f.At.String() + ": " + f.Message; i == 0 && strings.HasPrefix(got, want) {
				break
			}
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("want %s\n got %s", want, got)
		}
	}
}

// TestLook: the text of every file that people write is looked at once, and of no file that modelops writes.
func TestLook(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	look := func(file string, _ []byte) []finding.Finding {
		seen[file]++
		return nil
	}
	fsys := tree(shop + "-- overlays/test/kustomization.yaml --\nresources: [../../base]\n")
	if _, err := source.Read(t.Context(), source.Input{Tree: one{fsys}, Look: look}); err != nil {
		t.Fatal(err)
	}
	if seen["base/web.yaml"] != 1 || seen["overlays/prod/env.json"] != 1 || len(seen) != 9 {
		t.Errorf("%v", seen)
	}
}

// one keeps a tree from being read by other ways than Open.
type one struct{ fs.FS }
