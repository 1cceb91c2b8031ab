package workspace

import (
	"errors"
	"io/fs"
	"path"
	"strings"
)

// TakenError says that a name is in use already.
type TakenError struct {
	// Path that is wanted, and the one that stands in its way: the same, or one that differs in case alone.
	Path, By string
}

func (e *TakenError) Error() string {
	if e.Path == e.By {
		return e.Path + ": it is there already"
	}
	return e.Path + ": " + e.By + " differs from it only in case, and some file systems take both for one"
}

// Free says whether a file can be added: neither it nor one of its folders stands there in another case. Error:
// *TakenError.
func (t Tree) Free(file string) error {
	if _, err := fs.Stat(t.FS, file); err == nil {
		return &TakenError{file, file}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	at := "."
	for _, part := range strings.Split(file, "/") {
		entries, err := fs.ReadDir(t.FS, at)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, e := range entries {
			if e.Name() != part && strings.EqualFold(e.Name(), part) {
				return &TakenError{path.Join(at, part), path.Join(at, e.Name())}
			}
		}
		at = path.Join(at, part)
	}
	return nil
}
