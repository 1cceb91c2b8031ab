package argocd_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/modelops/modelops/argocd"
	"github.com/modelops/modelops/argocd/argotest"
)

// TestRemoveOutlastsAnOldList removes an Application that an ApplicationSet with an old list of folders makes anew once.
func TestRemoveOutlastsAnOldList(t *testing.T) {
	w := newWorld(t, argotest.App{})
	w.start()
	again := false
	err := w.client.Remove(t.Context(), w.app, patience(), func(argocd.Event) {
		if strings.HasSuffix(w.server.Calls()[len(w.server.Calls())-1], "Delete") && !again {
			again = true
			w.server.Add(argotest.App{Name: appName, Project: project, RepoURL: w.app.RepoURL, Path: folder})
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(strings.Join(w.server.Calls(), " "), "Delete"); again && n < 2 || n == 0 {
		t.Errorf("%d deletions", n)
	}
	if _, err := w.client.Find(t.Context(), query()); err == nil {
		t.Error("the Application is still there")
	}
	if err := w.client.Remove(t.Context(), w.app, patience(), nil); err != nil {
		t.Errorf("removing it once more: %v", err)
	}
}

func TestRemoveNeedsTheRight(t *testing.T) {
	w := newSecureWorld(t, argotest.App{})
	w.start()
	var denied *argocd.PermissionError
	if err := w.client.Remove(t.Context(), w.app, patience(), nil); !errors.As(err, &denied) || !strings.Contains(denied.Right, "applications, delete") {
		t.Errorf("%v", err)
	}
}
