package gitops_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/gitops/gittest"
)

// TestFollow covers what a user's clone can look like when a push has gone through.
func TestFollow(t *testing.T) {
	cases := map[string]struct {
		prep  func(w *world, c *gittest.Repo)
		moved bool
		note  string
	}{
		"clean": {nil, true, ""},
		"behind": {func(w *world, _ *gittest.Repo) {
			_, err := w.server.Commit(w.ctx, "main", "x", map[string]string{"f": "x"})
			w.ok(err)
		}, true, ""},
		"work elsewhere": {func(w *world, c *gittest.Repo) {
			w.ok(c.Write(map[string]string{"README.md": "mine\n", "untracked": "u"}))
		}, true, ""},
		"staged elsewhere": {func(w *world, c *gittest.Repo) {
			w.ok(c.Write(map[string]string{"README.md": "mine\n"}))
			w.git(c, "add", "README.md")
		}, true, ""},
		"work in the way": {func(w *world, c *gittest.Repo) { w.ok(c.Write(map[string]string{release: "mine\n"})) }, false, "uncommitted work in " + release},
		"own commits": {func(w *world, c *gittest.Repo) {
			w.ok(c.Write(map[string]string{"README.md": "mine\n"}))
			w.git(c, "commit", "--quiet", "-a", "-m", "mine")
		}, false, "git rebase origin/main main"},
		"other branch": {func(w *world, c *gittest.Repo) { w.git(c, "checkout", "--quiet", "-b", "topic") }, false, "git branch -f main origin/main"},
		"detached": {func(w *world, c *gittest.Repo) {
			w.git(c, "checkout", "--quiet", "--detach")
			w.git(c, "branch", "-D", "main")
		}, false, ""},
		"other name": {func(w *world, c *gittest.Repo) {
			w.git(c, "checkout", "--quiet", "-b", "mine", "--track", "origin/main")
			w.git(c, "branch", "--quiet", "-D", "main")
		}, true, ""},
		"autostash wanted": {func(w *world, c *gittest.Repo) {
			w.git(c, "config", "merge.autoStash", "true")
			w.ok(c.Write(map[string]string{release: "mine\n"}))
		}, false, "is in the way"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c := w.clone("c", w.server.Dir)
			if tc.prep != nil {
				tc.prep(w, c)
			}
			status, head := w.git(c, "status", "--porcelain"), w.git(c, "rev-parse", "HEAD")
			r := w.open(c)
			base := w.tip(r)
			next := w.commit(r, base, write(release, "v2\n"))
			w.ok(r.Push(w.ctx, base, next))
			res, err := r.Follow(w.ctx, base, next)
			w.ok(err)
			equal(t, "moved", res.Moved, tc.moved)
			if (res.Note == "") != (tc.note == "") || !strings.Contains(res.Note, tc.note) {
				t.Errorf("note %q, want %q", res.Note, tc.note)
			}
			equal(t, "status", w.git(c, "status", "--porcelain"), status)
			equal(t, "tracking", w.git(c, "rev-parse", "origin/main"), next.Commit().String())
			want := head
			if tc.moved {
				want = next.Commit().String()
			}
			equal(t, "HEAD", w.git(c, "rev-parse", "HEAD"), want)
			w.fsck(c)
		})
	}
}

func TestPushLocalCheckedOut(t *testing.T) {
	w := newWorld(t)
	c := w.clone("c", w.server.Dir)
	r := w.open(c)
	base := w.tip(r)
	next := w.commit(r, base, write(release, "v2\n"))
	w.ok(c.Write(map[string]string{release: "mine\n"}))
	var dirty *gitops.DirtyError
	if err := r.PushLocal(w.ctx, base, next); !errors.As(err, &dirty) || dirty.Paths[0] != release {
		t.Fatalf("want *DirtyError, got %v", err)
	}
	w.git(c, "checkout", "--quiet", "--", ".")
	w.ok(r.PushLocal(w.ctx, base, next))
	equal(t, "HEAD", w.git(c, "rev-parse", "HEAD"), next.Commit().String())
	equal(t, "status", w.git(c, "status", "--porcelain"), "")
	equal(t, "server", w.git(w.server, "rev-parse", "main"), base.Commit().String())
	// What is made on the remote's tip can never get onto a branch that has commits of its own: no later try would help.
	var rejected *gitops.RejectedError
	if err := r.PushLocal(w.ctx, base, w.commit(r, base, write(release, "v3\n"))); !errors.As(err, &rejected) || rejected.Class != gitops.RejectDiverged {
		t.Errorf("want *RejectedError, got %v", err)
	}
	w.fsck(c)
}

func TestDirty(t *testing.T) {
	w := newWorld(t)
	c := w.clone("c", w.server.Dir)
	w.ok(c.Write(map[string]string{release: "mine\n", "models/vision/resnet/prod/new": "n", "models/vision/[x]": "n", "README.md": "staged"}))
	w.ok(os.Remove(filepath.Join(c.Dir, "models/text/bert/prod/release.yaml")))
	cases := []struct {
		paths, want []string
	}{
		{[]string{"models/vision/resnet"}, []string{"models/vision/resnet/prod/new", release}},
		{[]string{"models/text", "README.md"}, []string{"README.md", "models/text/bert/prod/release.yaml"}},
		{[]string{"models/vision/[x]"}, []string{"models/vision/[x]"}},
		{[]string{"models-old", "nowhere"}, nil},
		{nil, nil},
	}
	for _, git := range []bool{true, false} {
		var opts []func(*gitops.Options)
		if !git {
			opts = append(opts, withoutGit)
		}
		r := w.open(c, opts...)
		for _, tc := range cases {
			got, err := r.Dirty(w.ctx, tc.paths...)
			w.ok(err)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("git=%v %v (-want +got)\n%s", git, tc.paths, diff)
			}
		}
	}
	dirty, err := w.open(w.server).Dirty(w.ctx, ".")
	w.ok(err)
	equal(t, "bare", len(dirty), 0)
}

// TestDryRunWritesNothing: building a commit touches no file of the clone or of the server.
func TestDryRunWritesNothing(t *testing.T) {
	w := newWorld(t)
	c := w.clone("c", w.serve(gittest.Options{}))
	r := w.open(c)
	before := files(t, c.Dir) + files(t, w.server.Dir)
	base := w.tip(r)
	next := w.commit(r, base, write(release, "v2\n"))
	_, err := base.Diff(w.ctx, next, ".")
	w.ok(err)
	equal(t, "files", files(t, c.Dir)+files(t, w.server.Dir), before)
}

// TestFollowTakesWhatWasCommittedAlong: a file that holds just what was pushed is not in the way of it.
func TestFollowTakesWhatWasCommittedAlong(t *testing.T) {
	w := newWorld(t)
	c := w.clone("c", w.server.Dir)
	w.ok(c.Write(map[string]string{release: "v2\n", "models/new.yaml": "n\n"}))
	r := w.open(c)
	base := w.tip(r)
	next := w.commit(r, base, gitops.Change{Scope: []string{"models"}, Files: map[string][]byte{release: []byte("v2\n"), "models/new.yaml": []byte("n\n")}})
	w.ok(r.Push(w.ctx, base, next))
	res, err := r.Follow(w.ctx, base, next)
	w.ok(err)
	equal(t, "moved", res.Moved, true)
	equal(t, "status", w.git(c, "status", "--porcelain"), "")
	equal(t, "HEAD", w.git(c, "rev-parse", "HEAD"), next.Commit().String())
}
