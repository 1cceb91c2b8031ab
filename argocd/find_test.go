package argocd_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"

	"github.com/modelops/modelops/argocd"
	"github.com/modelops/modelops/argocd/argotest"
)

func TestFindByRepositoryAndPath(t *testing.T) {
	w := newWorld(t, argotest.App{})
	for _, address := range []string{
		"https://git.example.com/ml/deploy.git", "https://GIT.example.com/ml/deploy", "git@git.example.com:ml/deploy.git",
		"ssh://git@git.example.com:22/ml/deploy", "https://bot:secret@git.example.com:443/ml/deploy/",
	} {
		q := query()
		q.RepoURLs, q.Name = []string{address}, "somebody-chose-another-name"
		app, err := w.client.Find(t.Context(), q)
		if err != nil || app.Name != appName || app.Source != -1 {
			t.Errorf("%s: %+v %v", address, app, err)
		}
	}
	for _, address := range []string{"https://git.example.com/ml/other", "https://example.com/ml/deploy", "https://git.example.com:8443/ml/deploy", "https://git.example.com/ML/deploy"} {
		q := query()
		q.RepoURLs = []string{address}
		_, err := w.client.Find(t.Context(), q)
		var none *argocd.NoAppError
		if !errors.As(err, &none) || len(none.Near) != 1 || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestFindAmongSeveral(t *testing.T) {
	w := newWorld(t, argotest.App{})
	twin := argotest.App{Name: "twin", Project: project, RepoURL: "https://git.example.com/ml/deploy", Path: folder + "/", Branch: "main"}
	w.server.Add(twin)
	app, err := w.client.Find(t.Context(), query())
	if err != nil || app.Name != appName {
		t.Errorf("the expected name decides: %+v %v", app, err)
	}
	q := query()
	q.Name = ""
	_, err = w.client.Find(t.Context(), q)
	var several *argocd.AmbiguousError
	if !errors.As(err, &several) || len(several.Names) != 2 {
		t.Fatalf("%v", err)
	}
	w.server.Change("twin", func(a *argotest.Application) { a.Spec.Source.TargetRevision = "release" })
	if app, err := w.client.Find(t.Context(), q); err != nil || app.Name != appName {
		t.Errorf("the one that follows the branch decides: %+v %v", app, err)
	}
}

func TestFindReportsOverrides(t *testing.T) {
	w := newWorld(t, argotest.App{})
	w.server.Change(appName, func(a *argotest.Application) {
		a.Spec.Source.TargetRevision = "v1"
		a.Spec.Source.Kustomize = &v1alpha1.ApplicationSourceKustomize{Images: v1alpha1.KustomizeImages{"a=b"}}
	})
	app, err := w.client.Find(t.Context(), query())
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(app.Overrides, "|"); got != `targetRevision is "v1", not branch "main"|source.kustomize is set` {
		t.Errorf("overrides %q", got)
	}
}

func TestFindInOneOfSeveralSources(t *testing.T) {
	w := newWorld(t, argotest.App{})
	w.server.Change(appName, func(a *argotest.Application) {
		a.Spec.Sources = v1alpha1.ApplicationSources{{RepoURL: "https://charts.example.com", Chart: "x"}, *a.Spec.Source}
		a.Spec.Source = nil
	})
	app, err := w.client.Find(t.Context(), query())
	if err != nil || app.Source != 1 {
		t.Errorf("%+v %v", app, err)
	}
}

func TestAwait(t *testing.T) {
	repo := &argotest.Repo{}
	born := time.Now().Add(150 * time.Millisecond)
	server, err := argotest.Start(argotest.Options{Build: repo.Build, Now: time.Now, Speed: speed})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	client, err := argocd.Dial(t.Context(), argocd.Options{Server: server.Addr(), PlainText: true, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	searching := 0
	app, err := client.Await(t.Context(), query(), patience(), func(e argocd.Event) {
		if searching++; e.Kind != argocd.EventSearching || !strings.Contains(e.Message, folder) {
			t.Errorf("event %+v", e)
		}
		if time.Now().After(born) {
			server.Add(argotest.App{Name: appName, Project: project, RepoURL: "https://git.example.com/ml/deploy", Path: folder})
		}
	})
	if err != nil || app.Name != appName || searching == 0 {
		t.Errorf("%+v %v after %d looks", app, err, searching)
	}
	server.Remove(appName)
	p := patience()
	p.AppMissing = 50 * time.Millisecond
	_, err = client.Await(t.Context(), query(), p, nil)
	var none *argocd.NoAppError
	if !errors.As(err, &none) {
		t.Errorf("%v", err)
	}
}
