package workspace

import (
	"errors"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/modelops/modelops/render/spec"
)

const platform = "apiVersion: modelops.dev/v1alpha1\nkind: Platform\nmetadata: {name: ml}\nspec:\n  git: {url: \"https://g.example.com/d.git\"}\n  environments: [{name: staging}, {name: prod}]\n"

func team(name string) string {
	return "apiVersion: modelops.dev/v1alpha1\nkind: Team\nmetadata: {name: " + name + "}\nspec: {}\n"
}

func model(team, name string) string {
	return "apiVersion: modelops.dev/v1alpha1\nkind: Model\nmetadata: {name: " + name + ", team: " + team + "}\nspec: {runtime: custom}\n"
}

// repository has two teams, the models nlp/bert, vision/detector, vision/resnet, and folders that are none.
func repository() Tree {
	files := fstest.MapFS{}
	for path, data := range map[string]string{
		"modelops.yaml": platform, "tenants/vision/team.yaml": team("vision"), "tenants/nlp/team.yaml": team("nlp"), "tenants/empty/readme": "",
		"models/vision/resnet/model.yaml": model("vision", "resnet"), "models/vision/resnet/prod/release.yaml": "x", "models/vision/resnet/state/prod.yaml": "x",
		"models/vision/detector/model.yaml": model("vision", "detector"), "models/nlp/bert/model.yaml": model("nlp", "other"), "models/nlp/notes/x": "",
		"models/.git/x/model.yaml": "",
	} {
		files[path] = &fstest.MapFile{Data: []byte(data)}
	}
	return Tree{FS: files, Name: "test"}
}

func TestSelect(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", "nlp/bert vision/detector vision/resnet"},
		{"vision", "vision/detector vision/resnet"},
		{"vision/", "vision/detector vision/resnet"},
		{"vision/resnet", "vision/resnet"},
		{"vision/resnet vision", "vision/detector vision/resnet"},
		{"*", "nlp/bert vision/detector vision/resnet"},
		{"*/b*", "nlp/bert"},
		{"v*/?esnet", "vision/resnet"},
		{"vision/[d-r]*", "vision/detector vision/resnet"},
	} {
		got, err := repository().Select(strings.Fields(c.in))
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%q: %q (%v), want %q", c.in, got, err, c.want)
		}
	}
}

func TestSelectRefuses(t *testing.T) {
	for in, hint := range map[string]string{
		"vision/resnext":     "models of vision: detector, resnet",
		"audio":              "teams: nlp, vision",
		"vision/resnet/prod": "the environment is a flag: vision/resnet --env prod",
		"vision/../nlp":      "",
		"../etc":             "",
		"/":                  "",
		"a/b/c/d":            "",
		"Vision":             "",
		"vision/[":           "",
		"vision\n":           "",
	} {
		got, err := repository().Select([]string{in})
		var sel *SelectorError
		if !errors.As(err, &sel) || len(got) > 0 {
			t.Errorf("%q: %v (%v), want a SelectorError", in, got, err)
			continue
		}
		if hint != "" && !slices.Contains(sel.Next, hint) {
			t.Errorf("%q: hints %q lack %q", in, sel.Next, hint)
		}
	}
}

func TestRead(t *testing.T) {
	tree := repository()
	if teams, err := tree.Teams(); err != nil || !slices.Equal(teams, []string{"nlp", "vision"}) {
		t.Errorf("teams %v (%v)", teams, err)
	}
	if got, err := tree.Overlays("vision/resnet"); err != nil || !reflect.DeepEqual(got, []spec.Target{{Team: "vision", Model: "resnet", Env: "prod"}}) {
		t.Errorf("overlays %v (%v)", got, err)
	}
	var problems spec.Problems
	if _, err := tree.Model("nlp/bert"); !errors.As(err, &problems) || !strings.Contains(err.Error(), `lies in the folder of "bert", but says "other"`) {
		t.Errorf("a model in the wrong folder: %v", err)
	}
	if m, err := tree.Model("vision/resnet"); err != nil || m.Metadata.Name != "resnet" {
		t.Errorf("model %v (%v)", m, err)
	}
	p, err := tree.Platform()
	if err != nil {
		t.Fatal(err)
	}
	some := &spec.Team{Metadata: spec.Metadata{Name: "x"}, Spec: spec.TeamSpec{Environments: []string{"prod"}}}
	if envs, err := TeamEnvironments(p, some); err != nil || !slices.Equal(envs, []string{"prod"}) {
		t.Errorf("environments %v (%v)", envs, err)
	}
	some.Spec.Environments = []string{"qa"}
	if _, err := TeamEnvironments(p, some); !errors.As(err, &problems) {
		t.Errorf("an environment that the platform lacks: %v", err)
	}
	var none *NoPlatformError
	if _, err := (Tree{FS: fstest.MapFS{}}).Platform(); !errors.As(err, &none) {
		t.Errorf("no platform: %v", err)
	}
}

func TestFree(t *testing.T) {
	for path, by := range map[string]string{
		"models/vision/other/model.yaml":  "",
		"models/audio/other/model.yaml":   "",
		"models/vision/resnet/model.yaml": "models/vision/resnet/model.yaml",
		"models/Vision/other/model.yaml":  "models/vision",
		"models/vision/Resnet/model.yaml": "models/vision/resnet",
	} {
		err := repository().Free(path)
		var taken *TakenError
		if by == "" && err != nil || by != "" && (!errors.As(err, &taken) || taken.By != by) {
			t.Errorf("%s: %v, want taken by %q", path, err, by)
		}
	}
}

func TestOver(t *testing.T) {
	tree := repository()
	over := Over(tree.FS, map[string][]byte{"models/vision/new/model.yaml": []byte("n"), "modelops.yaml": []byte("m"), "models/nlp/bert/model.yaml": nil, "tenants/empty/readme": []byte("r")})
	top := Tree{FS: over, Name: "over"}
	if got, err := top.Models(); err != nil || !slices.Equal(got, []string{"vision/detector", "vision/new", "vision/resnet"}) {
		t.Errorf("models %v (%v)", got, err)
	}
	for path, want := range map[string]string{"modelops.yaml": "m", "models/vision/new/model.yaml": "n", "tenants/empty/readme": "r", "tenants/nlp/team.yaml": team("nlp")} {
		if data, err := fs.ReadFile(over, path); err != nil || string(data) != want {
			t.Errorf("%s is %q (%v)", path, data, err)
		}
	}
	if _, err := fs.ReadFile(over, "models/nlp/bert/model.yaml"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what was taken away: %v", err)
	}
	if files, err := top.Folder("models/vision/new"); err != nil || len(files) != 1 {
		t.Errorf("folder %v (%v)", files, err)
	}
}

func FuzzSelect(f *testing.F) {
	for _, s := range []string{"vision", "vision/*", "../x", "[", "a/b/c", "*", "\\"} {
		f.Add(s)
	}
	all, err := repository().Models()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := repository().Select([]string{s})
		var sel *SelectorError
		if err != nil && !errors.As(err, &sel) {
			t.Fatalf("%q: %T", s, err)
		}
		for _, m := range got {
			if !slices.Contains(all, m) {
				t.Fatalf("%q selected %q", s, m)
			}
		}
	})
}
