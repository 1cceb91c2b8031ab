package source_test

import (
	"io/fs"
	"strings"
	"sync"
	"testing"

	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/validate/source"
	"github.com/modelops/modelops/internal/workspace"
)

// TestBesideIsNobodysFinding: what is wrong in an overlay that is only read for the sake of another is no finding, and where
// it cannot be read, that is said: its part of what both share is then missing.
func TestBesideIsNobodysFinding(t *testing.T) {
	t.Parallel()
	const scorer = "models/vision/scorer"
	for file, gap := range map[string]string{
		scorer + "/model.yaml":              "",
		scorer + "/state/prod.yaml":         "",
		scorer + "/prod/release.yaml":       scorer + "/prod/release.yaml",
		scorer + "/prod/kustomization.yaml": scorer + "/prod",
	} {
		fsys := workspace.Over(quickstart, map[string][]byte{file: []byte("broken: [")})
		r, err := source.Read(t.Context(), source.Input{Tree: fsys, Before: quickstart, Changed: []string{"models/vision/resnet/prod/release.yaml"}})
		if err != nil || len(r.Findings) != 0 {
			t.Errorf("%s: %v %v", file, r.Findings, err)
		}
		got := ""
		for _, g := range r.Gaps {
			got += g.What
		}
		if got != gap {
			t.Errorf("%s: not checked is %q, want %q", file, got, gap)
		}
	}
}

// counting is a tree that notes which files are opened. Units are built on several cores.
type counting struct {
	fs.FS
	mu     sync.Mutex
	opened map[string]int
}

func (c *counting) Open(name string) (fs.File, error) {
	c.mu.Lock()
	c.opened[name]++
	c.mu.Unlock()
	return c.FS.Open(name)
}

// TestOnlyTheTeamIsRead: what is read for one changed overlay does not grow with other teams and other environments.
func TestOnlyTheTeamIsRead(t *testing.T) {
	t.Parallel()
	now, before := &counting{FS: quickstart, opened: map[string]int{}}, &counting{FS: quickstart, opened: map[string]int{}}
	r, err := source.Read(t.Context(), source.Input{Tree: now, Before: before, Changed: []string{"models/vision/resnet/prod/base/hpa.yaml"}})
	if err != nil {
		t.Fatal(err)
	}
	for name := range now.opened {
		other := strings.HasPrefix(name, "models/nlp/") || strings.HasPrefix(name, "tenants/nlp/") || strings.Contains(name, "/staging/")
		if other && !strings.HasSuffix(name, "release.yaml") && !strings.HasSuffix(name, "kustomization.yaml") {
			t.Errorf("%s was read", name)
		}
	}
	for name := range before.opened {
		if strings.HasPrefix(name, "models/vision/scorer") || strings.HasPrefix(name, "tenants/") {
			t.Errorf("%s is what it was, and was read again", name)
		}
	}
	for _, u := range r.Set.Units {
		if len(u.Before) == 0 || u.Context != (u.Path != "models/vision/resnet/prod") {
			t.Errorf("%s: %d objects before, context %v", u.Path, len(u.Before), u.Context)
		}
	}
	if n := len(r.Set.Units); n != 3 || r.Set.Units[1].Kind != manifest.Overlay {
		t.Errorf("%d units", n)
	}
}
