// Package giterr has those errors of gitops that are made in the packages below it as well, and what makes words from
// elsewhere fit to stand in one. Package gitops gives them its own names, as package os does with errors of io/fs: who
// matches an error needs gitops alone.
package giterr

import (
	"fmt"
	"time"

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

// TransportError says that a remote could not be reached or did not answer as a Git server does.
type TransportError struct {
	Op, URL string // URL without credentials
	Status  int    // HTTP status, 0 when there was none
	After   int    // seconds that the server asked to wait, 0 when it did not
	Err     error
	Refused bool // the program on the server said no, and would say so again
}

func (e *TransportError) Error() string { return fmt.Sprintf("%s %s: %v", e.Op, e.URL, e.Err) }

// Unwrap returns the cause.
func (e *TransportError) Unwrap() error { return e.Err }

// AuthError says that a remote wants a credential, or refuses the one that was sent.
type AuthError struct {
	Op, URL string   // URL without credentials
	User    string   // the user name that was sent, "" when none
	Status  int      // HTTP status, 0 when there was none
	Message string   // the server's words, escaped
	Sent    bool     // a credential was sent, if not a user name
	Next    []string // what to type, where more is known than a general word
}

// Hints returns what to do about it.
func (e *AuthError) Hints() []string {
	if len(e.Next) > 0 {
		return e.Next
	}
	return []string{"the credential needs read and write on this repository; modelops doctor checks it"}
}

func (e *AuthError) Error() string {
	what := "authentication failed"
	switch {
	case e.Status == 401 && e.User == "" && !e.Sent:
		what = "authentication is required and no credential was found"
	case e.Status == 403:
		what = "not allowed"
	}
	if e.Status != 0 {
		what += fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	if e.User != "" {
		what += fmt.Sprintf(" for user %q", e.User)
	}
	if e.Message != "" {
		what += ": " + e.Message
	}
	return fmt.Sprintf("%s %s: %s", e.Op, e.URL, what)
}

// LockedError says that a lock file of Git's is in the way. Nothing tells the lock of a program that runs from one that
// was left by a program that was killed, ours included, and so it is never taken away: the age is given instead.
type LockedError struct {
	Ref, Lock string
	Since     time.Time // when the lock was taken; zero when it is not known
}

func (e *LockedError) Error() string {
	s := fmt.Sprintf("move %s: locked by another program (%s exists", e.Ref, e.Lock)
	if !e.Since.IsZero() {
		s += " since " + e.Since.Format("2006-01-02 15:04:05")
	}
	return s + ")"
}

// Hints says when and how to take the lock away.
func (e *LockedError) Hints() []string {
	return []string{"wait for the other program; if no git and no modelops runs there any more, it was killed: rm '" + e.Lock + "'"}
}
