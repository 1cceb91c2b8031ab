package gitops

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/modelops/modelops/gitops/internal/clone"
)

// Uncommitted makes the error about uncommitted work in some paths. A git that was killed while it moved the work tree
// leaves such work as well, and then the error says so, and how to finish.
func (r *Repo) Uncommitted(tip *Snapshot, paths []string) *DirtyError {
	e := &DirtyError{Paths: paths}
	quoted := "'" + strings.Join(paths, "' '") + "'"
	lock := clone.LockedBy("the index", r.indexLock())
	held := !lock.Since.IsZero()
	switch {
	case tip != nil && r.holds(tip, paths):
		e.Note = "they hold what " + short(tip.Commit()) + " holds: an earlier move of this work tree was interrupted"
		e.Next = []string{"to finish it: git add -- " + quoted + " && git merge --ff-only " + r.upstream()}
	case held:
		e.Note = "a git that moves files runs here, or was killed on the way: " + lock.Lock + " exists since " + lock.Since.Format("2006-01-02 15:04:05")
		e.Next = []string{"if none runs, to go back to the last commit: git checkout HEAD -- " + quoted}
	default:
		return e
	}
	if held {
		e.Next = append([]string{"if no git runs here any more: rm '" + lock.Lock + "'"}, e.Next...)
	}
	return e
}

// holds says whether files of the work tree are those of a commit.
func (r *Repo) holds(s *Snapshot, paths []string) bool {
	for _, name := range paths {
		want, err := s.ReadFile(name)
		have, herr := os.ReadFile(filepath.Join(r.clone.Work, filepath.FromSlash(name)))
		gone := errors.Is(err, fs.ErrNotExist) && errors.Is(herr, fs.ErrNotExist)
		if !gone && (err != nil || herr != nil || !bytes.Equal(want, have)) {
			return false
		}
	}
	return len(paths) > 0
}

// upstream is how git names the branch that is followed.
func (r *Repo) upstream() string {
	if r.remote == nil {
		return r.branch
	}
	return r.remoteName + "/" + r.branch
}

func (r *Repo) indexLock() string { return filepath.Join(r.clone.Dir, "index.lock") }
