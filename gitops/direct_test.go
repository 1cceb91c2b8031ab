package gitops_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/gitops/gittest"
)

// direct opens a URL without a clone.
func (w *world) direct(url string, change ...func(*gitops.Options)) *gitops.Repo {
	w.t.Helper()
	return w.open(w.server, append([]func(*gitops.Options){func(o *gitops.Options) { o.Path, o.Env.Dir = url, w.dir }}, change...)...)
}

// strict lets a server filter by the two filters that the large hosts allow, and no other.
func (w *world) strict() {
	w.t.Helper()
	w.ok(gittest.AllowPartialFetch(w.ctx, w.server))
}

// remotes are the ways to reach the server's repository without a clone.
func (w *world) remotes() map[string]string {
	return map[string]string{"http": w.serve(gittest.Options{}), "file": "file://" + w.server.Dir}
}

func TestDirectReadsAndPushes(t *testing.T) {
	for _, kind := range []string{"http", "file"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.strict()
			r := w.direct(w.remotes()[kind])
			tip := w.tip(r)
			equal(t, "branch", r.Branch(), "main")
			equal(t, "tip", tip.Commit().String(), w.git(w.server, "rev-parse", "main"))
			data, err := tip.ReadFile("models/vision/resnet/prod/release.yaml")
			w.ok(err)
			equal(t, "file", string(data), "v1\n")
			next := w.commit(r, tip, write("models/vision/resnet/prod/release.yaml", "v2\n"))
			w.ok(r.Push(w.ctx, tip, next))
			equal(t, "pushed", w.git(w.server, "rev-parse", "main"), next.Commit().String())
			equal(t, "content", w.git(w.server, "show", "main:models/vision/resnet/prod/release.yaml"), "v2")
			res, err := r.Follow(w.ctx, tip, next)
			w.ok(err)
			equal(t, "note", res.Note, "")
			equal(t, "tip after", w.tip(r).Commit(), next.Commit())
			w.fsck(w.server)
		})
	}
}

func TestDirectAncestorsAreExact(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.strict()
	first := w.git(w.server, "rev-parse", "main")
	var on []string
	for i := range 40 {
		h, err := w.server.Commit(w.ctx, "main", "next", map[string]string{"n": fmt.Sprint(i)})
		w.ok(err)
		on = append(on, h)
	}
	w.git(w.server, "branch", "side", on[20])
	side, err := w.server.Commit(w.ctx, "side", "aside", map[string]string{"aside": "1"})
	w.ok(err)
	r := w.direct(w.serve(gittest.Options{}))
	tip := w.tip(r).Commit()
	for id, want := range map[string]bool{first: true, on[0]: true, on[20]: true, on[39]: true, side: false, strings.Repeat("1", 40): false} {
		got, err := r.IsAncestor(w.ctx, hash(id), tip)
		w.ok(err)
		equal(t, id, got, want)
	}
	got, err := r.IsAncestor(w.ctx, tip, hash(first))
	w.ok(err)
	equal(t, "the tip below its ancestor", got, false)
}

func TestLoadTakesALevelATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.strict()
	r := w.direct(w.serve(gittest.Options{}))
	tip := w.tip(r)
	w.ok(tip.Load(w.ctx, "README.md", "models/vision/resnet/**", "models/text/*/prod/*", "nowhere/**"))
	before := r.Traffic().Requests
	for _, name := range []string{"README.md", "models/vision/resnet/prod/base/d.yaml", "models/vision/resnet/state/prod.yaml", "models/text/bert/prod/release.yaml"} {
		data, err := tip.ReadFile(name)
		w.ok(err)
		equal(t, name, string(data), start[name])
	}
	equal(t, "requests of reading what was loaded", r.Traffic().Requests-before, 0)
	if before > 10 {
		t.Errorf("loading took %d requests: %s", before, strings.Join(w.http.Requests(), "\n"))
	}
}

func TestLoadBringsTheAttributesThatACommitIsCheckedAgainst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.strict()
	_, err := w.server.Commit(w.ctx, "main", "attributes", map[string]string{".gitattributes": "* text=auto eol=lf\n", "models/vision/.gitattributes": "*.bin -text\n"})
	w.ok(err)
	r := w.direct(w.serve(gittest.Options{}))
	tip := w.tip(r)
	w.ok(tip.Load(w.ctx, "models/vision/resnet/**"))
	before := r.Traffic().Requests
	w.commit(r, tip, write("models/vision/resnet/prod/release.yaml", "v2\n"))
	equal(t, "requests of a commit", r.Traffic().Requests-before, 0)
}

func TestDirectPlansAgainInOneRoundTrip(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.strict()
	r := w.direct(w.serve(gittest.Options{}))
	tip := w.tip(r)
	w.ok(tip.Load(w.ctx, "models/vision/resnet/**"))
	next := w.commit(r, tip, write("models/vision/resnet/prod/release.yaml", "v2\n"))
	_, err := w.server.Commit(w.ctx, "main", "faster", map[string]string{"models/text/bert/prod/release.yaml": "b2\n"})
	w.ok(err)
	var stale *gitops.StaleError
	if err := r.Push(w.ctx, tip, next); !errors.As(err, &stale) {
		t.Fatalf("push on a moved branch: %v", err)
	}
	before := r.Traffic().Requests
	tip = w.tip(r)
	w.ok(tip.Load(w.ctx, "models/vision/resnet/**"))
	equal(t, "requests to be on the new tip", r.Traffic().Requests-before, 2)
	w.ok(r.Push(w.ctx, tip, w.commit(r, tip, write("models/vision/resnet/prod/release.yaml", "v2\n"))))
	equal(t, "both are there", w.git(w.server, "show", "main:models/text/bert/prod/release.yaml", "main:models/vision/resnet/prod/release.yaml"), "b2\nv2")
}

// A writer that comes late reads the tip where its push begins, so that the push itself is one request.
func TestAPushGoesOnFromItsTip(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.strict()
	r := w.direct(w.serve(gittest.Options{}))
	late := write("models/vision/resnet/prod/release.yaml", "v2\n")
	tip := w.tip(r)
	next := w.commit(r, tip, late)
	for _, content := range []string{"b2\n", "b3\n"} {
		_, err := w.server.Commit(w.ctx, "main", "faster", map[string]string{"models/text/bert/prod/release.yaml": content})
		w.ok(err)
		var stale *gitops.StaleError
		if err := r.Push(w.ctx, tip, next); !errors.As(err, &stale) {
			t.Fatalf("push on a moved branch: %v", err)
		}
		before, was := r.Traffic().Requests, tip
		tip, err = r.TipToPush(w.ctx)
		w.ok(err)
		next = w.commit(r, tip, late)
		equal(t, "requests to be on the new tip", r.Traffic().Requests-before, 2)
		goesOn, err := r.IsAncestor(w.ctx, was.Commit(), tip.Commit())
		w.ok(err)
		equal(t, "the new tip goes on from the last one", goesOn, true)
		equal(t, "requests with that question", r.Traffic().Requests-before, 2)
	}
	before := r.Traffic().Requests
	w.ok(r.Push(w.ctx, tip, next))
	equal(t, "requests of the push", r.Traffic().Requests-before, 1)
	equal(t, "both are there", w.git(w.server, "show", "main:models/text/bert/prod/release.yaml", "main:models/vision/resnet/prod/release.yaml"), "b3\nv2")
}

// What is kept for a push is let go with the repository, and a branch that those who push do not see is read elsewhere.
func TestATipIsReadElsewhereWherePushersDoNotSeeIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.strict()
	w.git(w.server, "config", "receive.hideRefs", "refs/heads")
	r := w.direct(w.serve(gittest.Options{}))
	tip, err := r.TipToPush(w.ctx)
	w.ok(err)
	equal(t, "tip", tip.Commit().String(), w.git(w.server, "rev-parse", "main"))
	w.ok(r.Close())
}

func TestEarlierHoldsOneFolder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.strict()
	first := w.git(w.server, "rev-parse", "main")
	tree := w.git(w.server, "rev-parse", "main:models/vision/resnet/prod")
	_, err := w.server.Commit(w.ctx, "main", "next", map[string]string{"models/vision/resnet/prod/release.yaml": "v2\n"})
	w.ok(err)
	r := w.direct(w.serve(gittest.Options{}))
	s, looked, err := r.Earlier(w.ctx, hash(first), "models/vision/resnet/prod", hash(tree))
	w.ok(err)
	equal(t, "looked up", looked, false)
	data, err := s.ReadFile("models/vision/resnet/prod/release.yaml")
	w.ok(err)
	equal(t, "content", string(data), "v1\n")
	var missing *gitops.MissingError
	if _, _, err := r.Earlier(w.ctx, hash(first), "x", hash(strings.Repeat("2", 40))); !errors.As(err, &missing) {
		t.Errorf("a tree that is not there: %v", err)
	}
}

// Servers that cannot hand out single objects are worked on through a temporary clone that leaves nothing behind.
func TestDirectFallsBackToATemporaryClone(t *testing.T) {
	w := newWorld(t)
	first := w.git(w.server, "rev-parse", "main")
	for i := range 3 {
		_, err := w.server.Commit(w.ctx, "main", "next", map[string]string{"n": fmt.Sprint(i)})
		w.ok(err)
	}
	tmp := filepath.Join(w.dir, "tmp")
	t.Setenv("TMPDIR", tmp)
	w.ok(makeDir(tmp))
	url := w.serve(gittest.Options{}) // no filters: git's default
	r := w.direct(url)
	tip := w.tip(r)
	next := w.commit(r, tip, write("models/vision/resnet/prod/release.yaml", "v2\n"))
	w.ok(r.Push(w.ctx, tip, next))
	equal(t, "pushed", w.git(w.server, "rev-parse", "main"), next.Commit().String())
	s, err := r.At(w.ctx, hash(first)) // beyond the first depth
	w.ok(err)
	equal(t, "old commit", s.Commit().String(), first)
	reached, err := r.IsAncestor(w.ctx, hash(first), next.Commit())
	w.ok(err)
	equal(t, "ancestor", reached, true)
	w.ok(r.Close())
	equal(t, "left behind", files(t, tmp), "")
}

func TestRevisionsWithoutAClone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.strict()
	first := w.git(w.server, "rev-parse", "main")
	w.git(w.server, "tag", "-a", "-m", "x", "v1", "main")
	r := w.direct(w.serve(gittest.Options{}))
	for _, rev := range []string{first, "main", "v1", "HEAD", "refs/heads/main"} {
		s, err := r.Local(w.ctx, rev)
		w.ok(err)
		equal(t, rev, s.Commit().String(), first)
	}
	var none *gitops.NoRevisionError
	for _, rev := range []string{"nothing", first[:8], strings.Repeat("3", 40)} {
		if _, err := r.Local(w.ctx, rev); !errors.As(err, &none) {
			t.Errorf("%s: %v", rev, err)
		}
	}
}
