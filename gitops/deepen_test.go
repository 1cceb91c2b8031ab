package gitops_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/gitops/gittest"
)

// TestDeepensAShallowClone reads a commit a hundred back from a clone of depth 1, and proves it an ancestor; what is not
// there at all ends in an error, and a history that was rewritten is followed.
func TestDeepensAShallowClone(t *testing.T) {
	w := newWorld(t)
	old := w.git(w.server, "rev-parse", "main")
	for i := range 100 {
		_, err := w.server.Commit(w.ctx, "main", "x", map[string]string{release: fmt.Sprint("v", i)})
		w.ok(err)
	}
	c := w.clone("c", w.serve(gittest.Options{}), "--depth=1")
	r := w.open(c)
	tip := w.tip(r)
	equal(t, "shallow", r.Shallow(), true)
	s, looked, err := r.Earlier(w.ctx, hash(old), "models/vision/resnet/prod", gitops.Hash{})
	w.ok(err)
	data, err := s.ReadFile(release)
	w.ok(err)
	equal(t, "release", string(data), "v1\n")
	equal(t, "looked up", looked, true)
	reached, err := r.IsAncestor(w.ctx, hash(old), tip.Commit())
	w.ok(err)
	equal(t, "an ancestor", reached, true)
	equal(t, "HEAD", w.git(c, "rev-parse", "HEAD"), tip.Commit().String())
	w.fsck(c)

	c = w.clone("d", w.http.URL+"/deploy.git", "--depth=1")
	r = w.open(c)
	var missing *gitops.MissingError
	if _, _, err := r.Earlier(w.ctx, hash("0123456789012345678901234567890123456789"), ".", gitops.Hash{}); !errors.As(err, &missing) {
		t.Errorf("want *MissingError, got %v", err)
	}

	c = w.clone("e", w.http.URL+"/deploy.git", "--depth=1")
	r = w.open(c)
	w.git(w.server, "update-ref", "refs/heads/main", w.git(w.server, "commit-tree", "-m", "rewritten", old+"^{tree}"))
	base := w.tip(r)
	next := w.commit(r, base, write(release, "v2\n"))
	w.ok(r.Push(w.ctx, base, next))
	res, err := r.Follow(w.ctx, base, next)
	w.ok(err)
	equal(t, "moved", res.Moved, false)
	equal(t, "status", w.git(c, "status", "--porcelain"), "")
	w.fsck(w.server, c)
}
