package gitops_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/google/go-cmp/cmp"
	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/gitops/gittest"
)

// branchy makes a history with merges: main gets every third change by a merge commit.
func branchy(w *world, commits int) {
	w.t.Helper()
	paths := []string{release, "models/text/bert/prod/release.yaml", "README.md"}
	for i := range commits {
		change := map[string]string{paths[i%len(paths)]: fmt.Sprintf("rev %d\n", i)}
		if i%3 != 2 {
			_, err := w.server.Commit(w.ctx, "main", fmt.Sprint("c", i), change)
			w.ok(err)
			continue
		}
		w.git(w.server, "update-ref", "refs/heads/side", "main")
		side, err := w.server.Commit(w.ctx, "side", fmt.Sprint("s", i), change)
		w.ok(err)
		tip := w.git(w.server, "rev-parse", "main")
		m := w.git(w.server, "commit-tree", "-p", tip, "-p", side, "-m", "merge", side+"^{tree}")
		w.git(w.server, "update-ref", "refs/heads/main", m)
	}
}

func TestHistoryAgreesWithGit(t *testing.T) {
	w := newWorld(t)
	branchy(w, 12)
	r := w.open(w.server)
	s := w.tip(r)
	for _, paths := range [][]string{{release}, {"models/vision/resnet/prod"}, {"README.md", "models/text"}, {"."}} {
		var got []string
		for st, err := range gitops.History(w.ctx, s, paths...) {
			w.ok(err)
			got = append(got, st.Commit.Hash.String())
			if len(st.Changed) == 0 {
				t.Errorf("%s changed nothing", st.Commit.Subject)
			}
		}
		args := append([]string{"log", "--first-parent", "--full-history", "-m", "--format=%H", "main", "--"}, paths...)
		want := strings.Fields(w.git(w.server, args...))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v (-git +ours)\n%s", paths, diff)
		}
	}
}

func TestFirstParentsAndShallow(t *testing.T) {
	w := newWorld(t)
	branchy(w, 9)
	url := w.serve(gittest.Options{})
	r := w.open(w.server)
	var got []string
	for s, err := range r.FirstParents(w.ctx, w.tip(r).Commit()) {
		w.ok(err)
		got = append(got, s.Commit().String())
	}
	if diff := cmp.Diff(strings.Fields(w.git(w.server, "rev-list", "--first-parent", "main")), got); diff != "" {
		t.Error(diff)
	}
	sh := w.open(w.clone("shallow", url, "--depth=3"))
	n, ended := 0, false
	for s, err := range sh.FirstParents(w.ctx, w.tip(sh).Commit()) {
		var edge *gitops.ShallowError
		if errors.As(err, &edge) {
			ended = true
			continue
		}
		w.ok(err)
		n++
		_ = s.Commit()
	}
	equal(t, "commits", n, 3)
	equal(t, "ends with a *ShallowError", ended, true)
	var last error
	for _, err := range gitops.History(w.ctx, w.tip(sh), release) {
		last = err
	}
	var edge *gitops.ShallowError
	if !errors.As(last, &edge) {
		t.Errorf("history of a shallow clone ends with %v", last)
	}
}

func TestIsAncestorAgreesWithGit(t *testing.T) {
	w := newWorld(t)
	branchy(w, 9)
	lonely, err := w.server.Commit(w.ctx, "lonely", "x", map[string]string{"f": "x"})
	w.ok(err)
	r := w.open(w.server)
	all := append(strings.Fields(w.git(w.server, "rev-list", "main")), lonely)
	for i := 0; i < len(all); i += 2 {
		for j := range all {
			_, err := w.server.Run(w.ctx, "merge-base", "--is-ancestor", all[i], all[j])
			got, gerr := r.IsAncestor(w.ctx, plumbing.NewHash(all[i]), plumbing.NewHash(all[j]))
			w.ok(gerr)
			equal(t, all[i]+" of "+all[j], got, err == nil)
		}
	}
	got, err := r.IsAncestor(w.ctx, gitops.Hash{1}, plumbing.NewHash(all[0]))
	w.ok(err)
	equal(t, "an unknown commit", got, false)
}

func TestLocalRevisions(t *testing.T) {
	w := newWorld(t)
	branchy(w, 3)
	c := w.clone("c", w.server.Dir)
	w.git(c, "tag", "-a", "-m", "t", "v1", "main~1")
	w.git(c, "tag", "light", "main~2")
	full := w.git(c, "rev-parse", "main~1")
	for _, git := range []bool{true, false} {
		var opts []func(*gitops.Options)
		revs := []string{full, full[:7], strings.ToUpper(full[:8]), "v1", "light", "main", "HEAD", "origin/main", "refs/heads/main"}
		if git {
			revs = append(revs, "main~2", "v1^{commit}", "HEAD^")
		} else {
			opts = append(opts, withoutGit)
		}
		r := w.open(c, opts...)
		for _, rev := range revs {
			s, err := r.Local(w.ctx, rev)
			w.ok(err)
			equal(t, rev, s.Commit().String(), w.git(c, "rev-parse", rev+"^{commit}"))
		}
		for _, rev := range []string{"", "--all", "nowhere", "abcdef1", "main:README.md", "a..b"} {
			var none *gitops.NoRevisionError
			if _, err := r.Local(w.ctx, rev); !errors.As(err, &none) {
				t.Errorf("%q: want *NoRevisionError, got %v", rev, err)
			}
		}
	}
}

// TestLatin1 reads a commit in another encoding and a broken identity.
func TestLatin1(t *testing.T) {
	w := newWorld(t)
	tree := w.git(w.server, "rev-parse", "main^{tree}")
	raw := "tree " + tree + "\nauthor J\xf6rg <j@example.com> 1700000000 +0130\ncommitter broken\nencoding ISO-8859-1\ngpgsig -----BEGIN\n x\n\ngr\xfc\xdfe\n"
	h, err := w.server.Feed(w.ctx, raw, "hash-object", "-t", "commit", "-w", "--stdin", "--literally")
	w.ok(err)
	s, err := w.open(w.server).At(w.ctx, plumbing.NewHash(h))
	w.ok(err)
	i := s.Info()
	equal(t, "author", i.Author.Name, "Jörg")
	equal(t, "subject", i.Subject, "grüße")
	equal(t, "time", i.Author.When.Format("-0700"), "+0130")
	equal(t, "committer", i.Committer.Name, "broken")
	equal(t, "signed", i.Signed, true)
}
