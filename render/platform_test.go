package render_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/modelops/modelops/render"
	"github.com/modelops/modelops/render/spec"
)

func platform(t testing.TB) (*spec.Platform, []*spec.Team) {
	t.Helper()
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join("testdata/platform", name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	p, err := spec.DecodePlatform("modelops.yaml", read("modelops.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var teams []*spec.Team
	for _, name := range []string{"vision.yaml", "nlp.yaml"} {
		team, err := spec.DecodeTeam(name, read(name))
		if err != nil {
			t.Fatal(err)
		}
		teams = append(teams, team)
	}
	return p, teams
}

// platformFolders renders the tenants and argocd/ of testdata/platform, and of a platform that says no more than it must.
func platformFolders(t testing.TB) map[string]render.Files {
	t.Helper()
	s := v1(t)
	p, teams := platform(t)
	out := map[string]render.Files{}
	add := func(name string, files render.Files, err error) {
		if err != nil {
			t.Fatal(err)
		}
		out[name] = files
	}
	for _, team := range teams {
		for _, env := range render.Environments(p, team) {
			files, err := render.Tenant(p, team, env, s)
			add("tenant "+team.Metadata.Name+"-"+env, files, err)
		}
	}
	files, err := render.ArgoCD(p, teams, s)
	add("argocd", files, err)
	small := &spec.Platform{Spec: spec.PlatformSpec{Git: spec.GitSpec{URL: "git@git.example.com:deploy.git"}, Environments: []spec.Environment{{Name: "prod"}}}}
	files, err = render.ArgoCD(small, nil, s)
	add("argocd without teams", files, err)
	files, err = render.Tenant(small, &spec.Team{Metadata: spec.Metadata{Name: "solo"}}, "prod", s)
	add("tenant solo-prod", files, err)
	return out
}

func TestPlatform(t *testing.T) {
	for name, files := range platformFolders(t) {
		t.Run(name, func(t *testing.T) {
			compareTree(t, filepath.Join("testdata/platform/want", name), files)
		})
	}
}

func TestTenantOfUnknownEnvironment(t *testing.T) {
	p, teams := platform(t)
	_, err := render.Tenant(p, teams[0], "qa", v1(t))
	want := `render tenant vision in qa: the platform has no environment "qa"; it has: staging, prod`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
