// Package giterr has those errors of gitops that are made in the packages below it as well, and what makes words from
// elsewhere fit to stand in one. Package gitops gives them its own names, as package os does with errors of io/fs: who
// matches an error needs gitops alone.
package giterr

import (
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"
)

// NotRepoError says that a path is not a Git repository that can be worked on.
type NotRepoError struct{ Path, Reason string }

func (e *NotRepoError) Error() string { return fmt.Sprintf("open %s: %s", e.Path, e.Reason) }

// MissingError says that an object is not in the repository, though something names it.
type MissingError struct {
	Hash plumbing.Hash
	Path string
}

func (e *MissingError) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("read object %s: not in this repository", e.Hash)
	}
	return fmt.Sprintf("read %s: object %s is not in this repository", e.Path, e.Hash)
}

// ShallowError says that history goes on, but not in this clone, or not as far as a walk on a remote may go.
type ShallowError struct {
	At      plumbing.Hash
	Bounded bool
}

func (e *ShallowError) Error() string {
	if e.Bounded {
		return fmt.Sprintf("read history: without a clone it was looked through no further than %s", e.At.String()[:10])
	}
	return fmt.Sprintf("read history: this clone is shallow and ends at %s", e.At.String()[:10])
}
