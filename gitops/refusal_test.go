package gitops_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/gitops/gittest"
)

// TestRefusedByGit meets every way in which git itself refuses a push: the class says what to do, git's own words are
// there, and the branch stays where it was, whole.
func TestRefusedByGit(t *testing.T) {
	hook := func(name, script string) func(*world) {
		return func(w *world) {
			w.ok(os.WriteFile(filepath.Join(w.server.Dir, "hooks", name), []byte("#!/bin/sh\n"+script+"\n"), 0o755))
		}
	}
	config := func(key, value string) func(*world) {
		return func(w *world) { w.git(w.server, "config", key, value) }
	}
	for _, c := range []struct {
		name  string
		with  func(*world)
		class string
		words string // in the reason or what git printed
	}{
		{"pre-receive", hook("pre-receive", "echo not on a Friday >&2; exit 1"), gitops.RejectHook, "not on a Friday"},
		{"update", hook("update", "echo ask $1 first >&2; exit 1"), gitops.RejectHook, "ask refs/heads/main first"},
		{"hook that protects", hook("pre-receive", "echo 'Not allowed to push to protected branch main' >&2; exit 1"), gitops.RejectProtected, "protected branch main"},
		{"checked out", func(w *world) {
			w.git(w.server, "config", "core.bare", "false")
			w.git(w.server, "config", "core.worktree", w.home)
		}, gitops.RejectOther, "branch is currently checked out"},
		{"size", config("receive.maxInputSize", "300"), gitops.RejectSize, "pack exceeds maximum allowed size"},
		{"hidden from pushers", config("receive.hideRefs", "refs/heads/main"), gitops.RejectOther, "hides it from those who push"},
		{"lock that stays", func(w *world) {
			w.ok(os.WriteFile(filepath.Join(w.server.Dir, "refs/heads/main.lock"), nil, 0o600))
		}, gitops.RejectLocked, "refs/heads/main.lock': File exists"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.open(w.clone("c", w.serve(gittest.Options{})))
			base := w.tip(r)
			c.with(w)
			err := r.Push(w.ctx, base, w.commit(r, base, write(release, "v2\n")))
			var rejected *gitops.RejectedError
			if !errors.As(err, &rejected) {
				t.Fatalf("want *RejectedError, got %v", err)
			}
			equal(t, "class", rejected.Class, c.class)
			if !strings.Contains(err.Error(), c.words) {
				t.Errorf("%q is not in: %v", c.words, err)
			}
			again, _ := gitops.Retryable(err)
			equal(t, "to be tried again", again, c.class == gitops.RejectLocked)
			equal(t, "branch", w.git(w.server, "rev-parse", "main"), base.Commit().String())
			w.fsck(w.server)
		})
	}
}

// TestNameInTheWay: the branch x/y cannot be made beside x. That is no lost race, and no try mends it.
func TestNameInTheWay(t *testing.T) {
	w := newWorld(t)
	r := w.open(w.clone("c", w.serve(gittest.Options{})), func(o *gitops.Options) { o.Branch = "main/below" })
	next := w.commit(r, nil, write(release, "v2\n"))
	err := r.Push(w.ctx, nil, next)
	var rejected *gitops.RejectedError
	if !errors.As(err, &rejected) || rejected.Class != gitops.RejectConflict {
		t.Fatalf("want the name in the way, got %v", err)
	}
	w.fsck(w.server)
}
