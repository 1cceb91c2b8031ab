package cmd

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/modelops/modelops/argocd"
	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/internal/hook"
	"github.com/modelops/modelops/internal/registry"
	"github.com/modelops/modelops/internal/release"
	"github.com/modelops/modelops/internal/validate/source"
	"github.com/modelops/modelops/internal/view"
	"github.com/modelops/modelops/internal/workspace"
	"github.com/modelops/modelops/render/spec"
	"github.com/modelops/modelops/render/standard"
)

var resnet = spec.Target{Team: "vision", Model: "resnet", Env: "prod"}

// A new error type without a line in the table would silently be an unexpected one, so each is named here.
func TestExits(t *testing.T) {
	for _, c := range []struct {
		err  error
		kind string
		code int
	}{
		{errors.New("x"), "unexpected", 1},
		{&usageError{}, "usage", 2},
		{&release.UsageError{}, "usage", 2},
		{spec.Problems{{File: "a", Message: "b"}}, "invalid-spec", 2},
		{&workspace.SelectorError{}, "selector", 2},
		{&workspace.NoPlatformError{}, "no-platform", 2},
		{&standard.UnknownError{}, "unknown-standard", 2},
		{&standard.UnknownRuntimeError{}, "unknown-runtime", 2},
		{&gitops.NotRepoError{}, "no-repository", 2},
		{&gitops.EmptyRepoError{}, "empty-repository", 2},
		{&gitops.NoBranchError{}, "no-branch", 2},
		{&gitops.NoRevisionError{}, "no-revision", 2},
		{&gitops.IdentityError{}, "no-identity", 2},
		{&gitops.UnmergedError{}, "unmerged", 2},
		{&source.TooMuchError{}, "too-much", 2},
		{&registry.NotFoundError{}, "no-image", 2},
		{&registry.ReferenceError{}, "bad-reference", 2},
		{&findingsError{}, "findings", 3},
		{&release.HeldError{Target: resnet}, "held", 4},
		{&release.PolicyError{}, "policy", 4},
		{&release.LinkError{Target: resnet}, "link", 4},
		{&release.RefusedError{}, "refused", 4},
		{&refusedError{}, "refused", 4},
		{&gitops.RejectedError{Class: gitops.RejectProtected}, "protected", 4},
		{&gitops.RejectedError{Class: gitops.RejectHook}, "declined", 4},
		{&gitops.RejectedError{Class: gitops.RejectDirty}, "uncommitted", 4},
		{&gitops.RejectedError{Class: gitops.RejectDiverged}, "diverged", 4},
		{&gitops.DirtyError{}, "uncommitted", 4},
		{&gitops.ScopeError{}, "scope", 4},
		{&gitops.AttributeError{}, "attributes", 4},
		{&gitops.SignError{}, "signing", 4},
		{&workspace.UnsafeError{}, "path", 4},
		{&hook.ForeignError{}, "hook", 4},
		{&workspace.TakenError{}, "taken", 4},
		{&release.ContendedError{Target: resnet, Cause: &release.HeldError{Target: resnet}}, "contended", 5},
		{&release.BusyError{Last: &gitops.StaleError{}}, "busy", 5},
		{&release.BusyError{Last: &gitops.LockedError{}}, "busy", 5},
		{&release.BusyError{Last: &gitops.TransportError{Status: 503, Err: errors.New("x")}}, "git-unreachable", 8},
		{&gitops.StaleError{}, "stale", 5},
		{&gitops.LockedError{}, "locked", 5},
		{&argocd.SupersededError{}, "superseded", 5},
		{&argocd.FailedError{}, "sync-failed", 6},
		{&argocd.NoAppError{}, "no-application", 6},
		{&argocd.AmbiguousError{}, "ambiguous-application", 6},
		{&argocd.TimeoutError{}, "timeout", 7},
		{context.DeadlineExceeded, "timeout", 7},
		{&argocd.UnavailableError{Err: errors.New("x")}, "argocd-unreachable", 8},
		{&argocd.AuthError{}, "argocd-authentication", 8},
		{&argocd.PermissionError{}, "argocd-permission", 8},
		{&argocd.NotConfiguredError{}, "argocd-not-configured", 8},
		{&argocd.ServerError{}, "argocd", 8},
		{&gitops.RejectedError{Class: gitops.RejectPermission}, "transport", 8},
		{&gitops.RejectedError{Class: gitops.RejectShallow}, "rejected", 8},
		{&gitops.RejectedError{Class: gitops.RejectSize}, "rejected", 8},
		{&gitops.RejectedError{Class: gitops.RejectConflict}, "rejected", 8},
		{&gitops.RejectedError{Class: gitops.RejectLocked}, "busy", 5},
		{&gitops.RejectedError{Class: gitops.RejectNoAnswer}, "rejected", 8},
		{&gitops.RejectedError{Class: gitops.RejectUnreadable}, "rejected", 8},
		{&gitops.RejectedError{Class: gitops.RejectOther}, "rejected", 8},
		{&gitops.AuthError{}, "git-authentication", 8},
		{&gitops.TransportError{Err: errors.New("x")}, "git-unreachable", 8},
		{&registry.AuthError{}, "registry-authentication", 8},
		{&registry.UnreachableError{Err: errors.New("x")}, "registry-unreachable", 8},
		{&interruptedError{cause: &gitops.StaleError{}}, "interrupted", 130},
		{context.Canceled, "interrupted", 130},
	} {
		for _, err := range []error{c.err, fmt.Errorf("wrapped: %w", c.err), leaving(c.err, "left"), withTarget(c.err, "x"), errors.Join(c.err)} {
			if f := failureOf(err); f.Kind != c.kind || f.Exit != c.code {
				t.Errorf("%T: %s, exit %d, want %s, exit %d", c.err, f.Kind, f.Exit, c.kind, c.code)
			}
		}
	}
}

func TestFailure(t *testing.T) {
	held := &release.HeldError{Action: "promote", Version: "1.4.2", Target: resnet, Where: "staging",
		Hold: spec.Hold{Version: "1.4.2", Reason: "slow", By: "ana", At: time.Date(2026, 5, 2, 0, 0, 0, 0, time.UTC)}}
	got := failureOf(withTarget(leaving(held, "nothing was changed", "ask ana"), "vision/resnet"))
	want := view.Failure{Kind: "held", Exit: 4, Target: "vision/resnet",
		Message: "promote vision/resnet in prod: version 1.4.2 is held (in staging)",
		Details: []string{"held by ana since 2026-05-02: slow", "nothing was changed"},
		Hints:   []string{`modelops unhold vision/resnet --env staging --version 1.4.2 --reason "..."`, "ask ana"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %#v\nwant %#v", got, want)
	}
	// An error that says itself what it left is not contradicted.
	contended := failureOf(leaving(&release.ContendedError{Action: "promote", Target: resnet, Was: "1", Is: "2"}, "nothing was changed"))
	if len(contended.Details) != 1 || contended.Details[0] != "nothing was pushed" {
		t.Errorf("details %q", contended.Details)
	}
}

// TestRefusalSaysWhatToDo: the server's words are shown whole, and under them what the class of refusal is mended by.
func TestRefusalSaysWhatToDo(t *testing.T) {
	for class, hint := range map[string]string{
		gitops.RejectProtected:  "the branch is changed through a pull request here",
		gitops.RejectHook:       "a rule of the server declined the commit; its own words say which",
		gitops.RejectPermission: "the credential needs write on this repository",
		gitops.RejectShallow:    "git fetch --unshallow completes this clone",
		gitops.RejectSize:       "the server limits how large a push, a file or the repository may be",
		gitops.RejectConflict:   "choose another branch with --branch, or delete the one whose name is in the way",
		gitops.RejectLocked:     "run the command again",
	} {
		got := failureOf(&gitops.RejectedError{Branch: "main", Class: class, Reason: "no", Server: "one\ntwo\n"})
		if got.Message != "push to main: refused: no" || !reflect.DeepEqual(got.Details, []string{"one", "two"}) || !reflect.DeepEqual(got.Hints, []string{hint}) {
			t.Errorf("%s: %+v", class, got)
		}
	}
}

func TestEveryCodeHasAMeaning(t *testing.T) {
	for _, r := range table() {
		if exitMeaning[r.code] == "" {
			t.Errorf("code %d of %s has no meaning", r.code, r.kind)
		}
	}
}
