package argocd_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/modelops/modelops/argocd"
	"github.com/modelops/modelops/argocd/argotest"
)

func withAccounts(o *argotest.Options) {
	all := project + "/*"
	o.LogsRight = true
	o.Accounts = map[string]argotest.Account{
		"admin":  {Name: "admin", Policies: []string{"*, *, *"}},
		"ci":     {Name: "proj:vision-prod:ci", Policies: []string{"applications, get, " + all, "applications, sync, " + all}},
		"reader": {Name: "proj:vision-prod:reader", Policies: []string{"applications, get, " + all}},
		"other":  {Name: "proj:other:ci", Policies: []string{"applications, *, other/*"}},
	}
}

// as gives the world with a client of another token.
func (w *world) as(token string) *world {
	other := *w
	other.client, other.events = w.dial(token), nil
	return &other
}

func newSecureWorld(t *testing.T, app argotest.App) *world {
	t.Helper()
	return newWorld(t, app, withAccounts).as("ci")
}

func TestSignIn(t *testing.T) {
	server, err := argotest.Start(argotest.Options{Build: (&argotest.Repo{}).Build, Now: time.Now, Accounts: map[string]argotest.Account{"good": {Name: "ana"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	for _, token := range []string{"", "garbage-secret"} {
		_, err := argocd.Dial(t.Context(), argocd.Options{Server: server.Addr(), PlainText: true, AuthToken: token, Now: time.Now})
		var auth *argocd.AuthError
		if !errors.As(err, &auth) || strings.Contains(err.Error(), "secret") {
			t.Errorf("token %q: %v", token, err)
		}
	}
}

func TestLeastRightsAreEnough(t *testing.T) {
	w := newSecureWorld(t, argotest.App{AutoSync: true})
	w.start()
	w.mustRun(w.push(argotest.Deployment{Image: image("b2")}))

	want := w.push(argotest.Deployment{Image: image("crash")})
	out, err := w.deploy(want)
	var failed *argocd.FailedError
	if !errors.As(err, &failed) || out.Diagnosis == nil {
		t.Fatalf("%v", err)
	}
	if len(out.Diagnosis.Logs) != 0 || len(out.Diagnosis.Denied) != 1 || out.Diagnosis.Denied[0] != "logs, get, vision-prod/vision.resnet.prod" {
		t.Errorf("diagnosis %+v: want the right that is missing for logs", out.Diagnosis)
	}
	out, err = w.as("admin").wait(want)
	if !errors.As(err, &failed) || strings.Join(out.Diagnosis.Logs, "|") != "loading|out of memory" {
		t.Errorf("%v, diagnosis %+v", err, out.Diagnosis)
	}
}

func TestMayNotSync(t *testing.T) {
	t.Run("auto-sync does it", func(t *testing.T) {
		w := newSecureWorld(t, argotest.App{AutoSync: true})
		w.start()
		reader := w.as("reader")
		// Auto-sync begins at once, so that an operation has to fail first for a sync of our own to be tried.
		bad := w.push(argotest.Deployment{Image: image("b2"), Hook: image("badhook")})
		if _, err := w.deploy(bad); err == nil {
			t.Fatal("a hook that fails passed")
		}
		want := w.push(argotest.Deployment{Image: image("c3")})
		out, err := reader.deploy(want)
		if err != nil {
			t.Fatalf("%v\n%s", err, reader.trace())
		}
		w.mustBeTrue(want)
		if out.Synced {
			t.Error("claims to have synced")
		}
	})
	t.Run("it says so where it has to wait", func(t *testing.T) {
		w := newSecureWorld(t, argotest.App{AutoSync: true})
		w.start()
		bad := w.push(argotest.Deployment{Image: image("b2"), Hook: image("hang")})
		w.hang(bad)
		want := w.push(argotest.Deployment{Image: image("c3")})
		reader := w.as("reader")
		p := patience()
		p.Timeout = 200 * time.Millisecond
		out, err := reader.client.Deploy(t.Context(), w.app, want, p, reader.record)
		var timeout *argocd.TimeoutError
		if !errors.As(err, &timeout) || !reader.saw(argocd.EventSyncDenied) {
			t.Fatalf("%v\n%s", err, reader.trace())
		}
		if len(out.Notes) != 1 || out.Notes[0].Kind != "denied" || !strings.Contains(out.Notes[0].Text, "applications, sync, vision-prod/vision.resnet.prod") {
			t.Errorf("notes %+v", out.Notes)
		}
	})
	t.Run("nobody does it", func(t *testing.T) {
		w := newSecureWorld(t, argotest.App{})
		w.start()
		want := w.push(argotest.Deployment{Image: image("b2")})
		_, err := w.as("reader").deploy(want)
		var denied *argocd.PermissionError
		if !errors.As(err, &denied) || denied.Right != "applications, sync, vision-prod/vision.resnet.prod" {
			t.Fatalf("%v", err)
		}
	})
}

func TestMayNotSee(t *testing.T) {
	w := newSecureWorld(t, argotest.App{})
	w.start()
	_, err := w.as("other").client.Find(t.Context(), query())
	var none *argocd.NoAppError
	if !errors.As(err, &none) || none.Seen != 0 || !strings.Contains(err.Error(), "without it the list is empty") {
		t.Fatalf("%v", err)
	}
	_, err = w.as("other").wait(argocd.Want{Contains: func(context.Context, string) (argocd.Relation, error) { return 0, nil }})
	var denied *argocd.PermissionError
	if !errors.As(err, &denied) || denied.Right != "applications, get, vision-prod/vision.resnet.prod" {
		t.Fatalf("%v", err)
	}
}

func TestSyncWindow(t *testing.T) {
	w := newWorld(t, argotest.App{})
	w.start()
	w.server.Fault(func(f *argotest.Faults) { f.SyncWindow = true })
	_, err := w.deploy(w.push(argotest.Deployment{Image: image("b2")}))
	var failed *argocd.FailedError
	if !errors.As(err, &failed) || failed.Cause.Kind != argocd.CauseSyncWindow {
		t.Fatalf("%v", err)
	}
}

func TestCheck(t *testing.T) {
	w := newSecureWorld(t, argotest.App{})
	for token, missing := range map[string]string{
		"admin": "", "ci": "logs, get, vision-prod/*", "reader": "applications, sync, vision-prod/*|logs, get, vision-prod/*",
	} {
		report, err := w.as(token).client.Check(t.Context(), project)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range report.Missing(true) {
			got = append(got, r.Policy)
		}
		if strings.Join(got, "|") != missing {
			t.Errorf("%s lacks %q, want %q", token, got, missing)
		}
		if report.User == "" || report.Version != "v2.14.21+argotest" || !strings.HasPrefix(report.Server, "127.0.0.1:") {
			t.Errorf("report %+v", report)
		}
	}
	report, err := w.as("reader").client.Check(t.Context(), project)
	if err != nil || len(report.Missing(false)) != 1 {
		t.Errorf("%v %+v", err, report)
	}
}
