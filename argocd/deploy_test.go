package argocd_test

import (
	"testing"

	"github.com/modelops/modelops/argocd"
	"github.com/modelops/modelops/argocd/argotest"
)

func TestDeployProves(t *testing.T) {
	for _, app := range []argotest.App{{}, {AutoSync: true}, {AutoSync: true, SelfHeal: true, Prune: true}} {
		w := newWorld(t, app)
		w.start()
		second := w.push(argotest.Deployment{Image: image("b2")})
		out := w.mustRun(second)
		if out.Verdict.Status != argocd.Done || !out.Synced && !out.Followed {
			t.Errorf("%+v: outcome %+v", app, out)
		}
		t.Log(w.trace())
	}
}
