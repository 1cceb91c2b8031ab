package gitops

import (
	"context"
	"io/fs"
	"strings"
)

// guard checks that two trees differ only within the scope, and that everything new is a plain file; it returns how they
// differ. It looks at the result and not at the change, so that a fault in how trees are built cannot pass it.
func guard(ctx context.Context, o objects, before, after Hash, scope []string) ([]PathChange, error) {
	for _, s := range scope {
		if !fs.ValidPath(s) {
			return nil, &ScopeError{s, "not a clean relative path"}
		}
	}
	d := differ{ctx: ctx, a: o, b: o}
	changes, err := d.compare(".", entry{mode: modeDir, hash: before}, entry{mode: modeDir, hash: after})
	if err != nil {
		return nil, err
	}
	for _, c := range changes {
		if !within(c.Path, scope) {
			return nil, &ScopeError{c.Path, "outside of what this command may change (" + strings.Join(scope, ", ") + ")"}
		}
		if c.NewMode != 0 && c.NewMode != modeFile {
			e := entry{mode: c.NewMode}
			return nil, &ScopeError{c.Path, "only plain files may be committed here: it is " + e.kind()}
		}
	}
	return changes, nil
}

// within says whether a path is one of the scope's or below one.
func within(name string, scope []string) bool {
	for _, s := range scope {
		if s == "." || name == s || strings.HasPrefix(name, s+"/") {
			return true
		}
	}
	return false
}
