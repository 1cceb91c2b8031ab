package generate

import (
	"errors"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/internal/scaffold"
	"github.com/modelops/modelops/internal/workspace"
	"github.com/modelops/modelops/render/spec"
)

var target = spec.Target{Team: "vision", Model: "resnet", Env: "staging"}

// repository is a rendered one with one team, one model and one overlay; change edits its files before it is read.
func repository(t *testing.T, change func(files map[string][]byte)) workspace.Tree {
	t.Helper()
	files, err := scaffold.Platform{Name: "ml", Branch: "main", Environments: []string{"staging", "prod"}, ArgoCD: 3}.Files()
	must(t, err)
	files["tenants/vision/team.yaml"], err = scaffold.Team{Name: "vision", Environments: []string{"staging", "prod"}}.File()
	must(t, err)
	model, err := scaffold.Model{Team: "vision", Name: "resnet", Runtime: "triton", Image: "r.example.com/v/resnet", Last: "prod"}.File()
	must(t, err)
	files[target.ModelFile()] = model
	promote(t, files, model)
	src, err := New(tree(files))
	must(t, err)
	folders, err := src.All()
	must(t, err)
	changes, err := Changes(folders)
	must(t, err)
	for path, data := range changes {
		files[path] = data
	}
	record(t, files)
	change(files)
	return tree(files)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func tree(files map[string][]byte) workspace.Tree {
	m := fstest.MapFS{}
	for path, data := range files {
		if data != nil {
			m[path] = &fstest.MapFile{Data: data, Mode: 0o644}
		}
	}
	return workspace.Tree{FS: m, Name: "test"}
}

// promote writes the release of an overlay, as a promote does.
func promote(t *testing.T, files map[string][]byte, model []byte) {
	t.Helper()
	m, err := spec.DecodeModel("model.yaml", model)
	must(t, err)
	src, err := New(tree(files))
	must(t, err)
	std, err := src.Standard("")
	must(t, err)
	rel := spec.Release{APIVersion: spec.APIVersion, Kind: spec.KindRelease, Metadata: target.Names(), Spec: spec.ReleaseSpec{
		Version: "1.0.0", Image: spec.Image{Name: "r.example.com/v/resnet", Digest: "sha256:" + strings.Repeat("a", 64)},
		Standard: spec.StandardRef{Name: "v1", Digest: std.Digest()}, Model: m.Spec,
	}}
	rel.Spec.ID = spec.ReleaseID(rel.Spec)
	files[target.ReleaseFile()], err = spec.Encode(rel)
	must(t, err)
}

// record writes the state that names the overlay's tree.
func record(t *testing.T, files map[string][]byte) {
	t.Helper()
	folder, err := tree(files).Folder(target.Dir())
	must(t, err)
	id, err := gitops.HashTree(folder)
	must(t, err)
	state := spec.State{APIVersion: spec.APIVersion, Kind: spec.KindState, Metadata: target.Names(), Spec: spec.StateSpec{Change: "x",
		Current: &spec.Entry{ID: "x", Version: "1.0.0", Image: "sha256:" + strings.Repeat("a", 64), Tree: id.String(), Action: "promote"}}}
	files[target.StateFile()], err = spec.Encode(state)
	must(t, err)
}

var treeID = regexp.MustCompile(`tree: [0-9a-f]{40}`)

func TestDrift(t *testing.T) {
	kustomization := target.Dir() + "/kustomization.yaml"
	for name, c := range map[string]struct {
		change func(map[string][]byte)
		want   []string // PATH KIND
	}{
		"clean":             {func(map[string][]byte) {}, nil},
		"overlay edited":    {func(f map[string][]byte) { f[kustomization] = append(f[kustomization], '#') }, []string{kustomization + " edited"}},
		"overlay file gone": {func(f map[string][]byte) { delete(f, kustomization) }, []string{kustomization + " missing"}},
		"overlay file more": {func(f map[string][]byte) { f[target.Dir()+"/x.yaml"] = []byte("x") }, []string{target.Dir() + "/x.yaml extra"}},
		"release edited": {func(f map[string][]byte) {
			f[target.ReleaseFile()] = []byte(strings.Replace(string(f[target.ReleaseFile()]), "1.0.0", "1.0.1", 1))
		}, []string{target.ReleaseFile() + " broken"}},
		"release gone": {func(f map[string][]byte) { delete(f, target.ReleaseFile()) }, []string{target.ReleaseFile() + " broken"}},
		"no record":    {func(f map[string][]byte) { delete(f, target.StateFile()) }, []string{target.StateFile() + " unrecorded"}},
		"empty record": {func(f map[string][]byte) { f[target.StateFile()] = []byte{} }, []string{target.ReleaseFile() + " broken"}},
		"another record": {func(f map[string][]byte) {
			f[target.StateFile()] = treeID.ReplaceAll(f[target.StateFile()], []byte("tree: "+strings.Repeat("d", 40)))
		}, []string{target.ReleaseFile() + " unrecorded"}},
		"folder gone":    {removeFolder, []string{target.Dir() + " missing"}},
		"tenant edited":  {func(f map[string][]byte) { f["tenants/vision/prod/limitrange.yaml"] = []byte("x") }, []string{"tenants/vision/prod/limitrange.yaml edited"}},
		"argo cd edited": {func(f map[string][]byte) { f["argocd/kustomization.yaml"] = []byte("x") }, []string{"argocd/kustomization.yaml edited"}},
		"windows' ends": {func(f map[string][]byte) {
			f[kustomization] = []byte(strings.ReplaceAll(string(f[kustomization]), "\n", "\r\n"))
		}, []string{kustomization + " edited"}},
		"spec moved on": {func(f map[string][]byte) {
			f[target.ModelFile()] = []byte(strings.Replace(string(f[target.ModelFile()]), "max: 3", "max: 9", 1))
		}, nil},
		"quota moved on": {func(f map[string][]byte) {
			f["tenants/vision/team.yaml"] = []byte(strings.Replace(string(f["tenants/vision/team.yaml"]), "cpu: 16", "cpu: 99", 1))
		}, []string{"tenants/vision/staging/resourcequota.yaml edited", "tenants/vision/prod/resourcequota.yaml edited"}},
		"env left": {func(f map[string][]byte) {
			f["tenants/vision/team.yaml"] = append(f["tenants/vision/team.yaml"], []byte("\n  environments: [prod]\n")...)
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			src, err := New(repository(t, c.change))
			must(t, err)
			folders, err := src.All()
			must(t, err)
			var got []string
			for _, d := range DriftOf(folders) {
				got = append(got, d.Path+" "+string(d.Kind))
			}
			if name == "env left" {
				if len(got) == 0 || slices.ContainsFunc(got, func(s string) bool {
					return strings.HasPrefix(s, "tenants/") && !strings.HasPrefix(s, "tenants/vision/staging/")
				}) {
					t.Errorf("%q, want the staging tenant to be extra and argocd to change", got)
				}
				return
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func removeFolder(files map[string][]byte) {
	for path := range files {
		if strings.HasPrefix(path, target.Dir()+"/") {
			delete(files, path)
		}
	}
}

// What drifted is what Changes puts right.
func TestChangesRepair(t *testing.T) {
	damaged := repository(t, func(f map[string][]byte) {
		f[target.Dir()+"/kustomization.yaml"] = []byte("x")
		f["tenants/vision/prod/extra.yaml"] = []byte("x")
		delete(f, "argocd/kustomization.yaml")
	})
	src, err := New(damaged)
	must(t, err)
	folders, err := src.All()
	must(t, err)
	changes, err := Changes(folders)
	must(t, err)
	repaired, err := New(workspace.Tree{FS: workspace.Over(damaged.FS, changes), Name: "repaired"})
	must(t, err)
	folders, err = repaired.All()
	must(t, err)
	if drift := DriftOf(folders); len(drift) > 0 {
		t.Errorf("after the repair: %v", drift)
	}
}

func TestBrokenIsNotWritten(t *testing.T) {
	src, err := New(repository(t, func(f map[string][]byte) { f[target.ReleaseFile()] = []byte("x") }))
	must(t, err)
	folders, err := src.All()
	must(t, err)
	var problems spec.Problems
	if _, err := Changes(folders); !errors.As(err, &problems) {
		t.Errorf("%v, want the release's problems", err)
	}
}

func TestSelected(t *testing.T) {
	src, err := New(repository(t, func(map[string][]byte) {}))
	must(t, err)
	for in, want := range map[string][]string{
		"vision":        {"tenants/vision/staging", "tenants/vision/prod", target.Dir()},
		"vision/resnet": {target.Dir()},
		"vision/*":      {target.Dir()},
	} {
		folders, err := src.Selected([]string{in})
		must(t, err)
		var got []string
		for _, f := range folders {
			got = append(got, f.Dir)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
	var none *workspace.SelectorError
	if _, err := src.Selected([]string{"audio"}); !errors.As(err, &none) {
		t.Errorf("audio: %v", err)
	}
}

func TestCompare(t *testing.T) {
	before := repository(t, func(map[string][]byte) {})
	after := repository(t, func(f map[string][]byte) {
		path := target.Dir() + "/kustomization.yaml"
		f[path] = []byte(strings.Replace(string(f[path]), strings.Repeat("a", 64), strings.Repeat("b", 64), 1))
		delete(f, "tenants/vision/prod/kustomization.yaml")
	})
	got, err := Compare(before, after)
	must(t, err)
	if len(got) != 2 || got[0].TargetName() != "vision/resnet/staging" || len(got[0].Objects) != 1 || got[0].Objects[0].Kind != "Deployment" {
		t.Fatalf("%+v", got)
	}
	if got[1].Dir != "tenants/vision/prod" || got[1].Problem == "" {
		t.Errorf("a folder that cannot be built: %+v", got[1])
	}
	same, err := Compare(before, repository(t, func(map[string][]byte) {}))
	if err != nil || len(same) > 0 {
		t.Errorf("equal trees: %v (%v)", same, err)
	}
}

func TestObjectsOfATeam(t *testing.T) {
	folder, err := repository(t, func(map[string][]byte) {}).Folder("tenants/vision")
	must(t, err)
	objects, err := (Folder{Have: folder}).Objects()
	must(t, err)
	n := 0
	for _, o := range objects {
		if o.Kind == "Namespace" {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d namespaces, want 2", n)
	}
	if _, err := fs.Stat(repository(t, removeFolder).FS, target.Dir()); err == nil {
		t.Error("the folder is still there")
	}
}
