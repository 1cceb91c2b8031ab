package conform_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/modelops/modelops/argocd"
	"github.com/modelops/modelops/argocd/argotest"
	"github.com/modelops/modelops/argocd/argotest/conform"
)

// simulated is the harness over argotest.
type simulated struct {
	server *argotest.Server
	repo   *argotest.Repo
	apps   int
}

func TestArgotest(t *testing.T) {
	conform.Suite(t, func(t *testing.T) conform.Harness {
		repo := &argotest.Repo{}
		behave := func(image string, _ map[string]string) argotest.Behaviour {
			for kind, b := range map[string]argotest.Behaviour{
				"crash": {CrashAfter: 300 * time.Millisecond, ExitCode: 1}, "nopull": {PullError: "manifest unknown"},
				"unready": {NeverReady: true}, "hang": {Hang: true},
			} {
				if strings.Contains(image, "/"+kind+"@") {
					return b
				}
			}
			return argotest.Behaviour{}
		}
		server, err := argotest.Start(argotest.Options{Build: repo.Build, Now: time.Now, Speed: 40, Behaviour: behave})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(server.Close)
		return &simulated{server: server, repo: repo}
	})
}

func (s *simulated) Client(t *testing.T) *argocd.Client {
	client, err := argocd.Dial(t.Context(), argocd.Options{Server: s.server.Addr(), PlainText: true, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func (s *simulated) App(_ *testing.T, app argotest.App) argocd.Query {
	s.apps++
	app.Name, app.Project, app.Namespace = fmt.Sprintf("app-%d", s.apps), "p", fmt.Sprintf("ns-%d", s.apps)
	app.RepoURL, app.Path, app.Branch = "https://git.example.com/r", "models/"+app.Name, "main"
	s.repo.Commit(app.Path, argotest.Deployment{Name: "serve", Image: "none@sha256:0", Release: "none"}.Objects()...)
	s.server.Add(app)
	return argocd.Query{RepoURLs: []string{app.RepoURL}, Path: app.Path, Name: app.Name, Project: app.Project, Branch: "main"}
}

func (s *simulated) Push(_ *testing.T, q argocd.Query, d argotest.Deployment) argocd.Want {
	d.Name = "serve"
	path := q.Path
	if path == "" {
		path = "models/nobody"
		d.Release = s.repo.Head()
	}
	commit := s.repo.Commit(path, d.Objects()...)
	return argocd.Want{
		Commit: commit, Contains: s.repo.Contains(commit, path), ReleaseID: d.Release, Image: d.Image,
		Workload: argocd.Object{Namespace: strings.Replace(q.Name, "app", "ns", 1), Name: "serve"},
	}
}

func (s *simulated) Image(kind string, n int) string {
	return fmt.Sprintf("registry.example.com/%s@sha256:%064x", kind, n)
}

func (s *simulated) Patience() argocd.Patience {
	p := argocd.DefaultPatience()
	p.Timeout, p.Poll, p.Outage, p.ImagePull = 10*time.Second, 5*time.Millisecond, 2*time.Second, 100*time.Millisecond
	return p
}
