package gitops

import (
	"context"
	"io/fs"
	"strings"

	"github.com/modelops/modelops/gitops/internal/odb"
)

// guard checks that two trees differ only within the scope, and that everything new is a plain file; it returns how they
// differ. It looks at the result and not at the change, so that a fault in how trees are built cannot pass it.
func guard(ctx context.Context, o odb.Source, before, after Hash, scope []string) ([]PathChange, error) {
	for _, s := range scope {
		if !fs.ValidPath(s) {
			return nil, &ScopeError{s, "not a clean relative path"}
		}
	}
	d := differ{ctx: ctx, a: o, b: o}
	changes, err := d.compare(".", odb.Entry{Mode: odb.ModeDir, Hash: before}, odb.Entry{Mode: odb.ModeDir, Hash: after})
	if err != nil {
		return nil, err
	}
	for _, c := range changes {
		if !within(c.Path, scope) {
			return nil, &ScopeError{c.Path, "outside of what this command may change (" + strings.Join(scope, ", ") + ")"}
		}
		if c.NewMode != 0 && c.NewMode != odb.ModeFile {
			e := odb.Entry{Mode: c.NewMode}
			return nil, &ScopeError{c.Path, "only plain files may be committed here: it is " + e.Kind()}
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
