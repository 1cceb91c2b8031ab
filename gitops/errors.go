package gitops

import (
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/modelops/modelops/gitops/giterr"
)

// ErrNoChange is returned by Repo.Commit when the change leaves the tree as it is.
var ErrNoChange = errors.New("nothing changes")

// Errors that packages below this one make as well.
type (
	// NotRepoError says that a path is not a Git repository that can be worked on.
	NotRepoError = giterr.NotRepoError
	// MissingError says that an object is not in the repository, though something names it.
	MissingError = giterr.MissingError
	// ShallowError says that history goes on, but not in this clone, or not as far as a walk on a remote may go.
	ShallowError = giterr.ShallowError
	// TransportError says that a remote could not be reached or did not answer as a Git server does.
	TransportError = giterr.TransportError
	// AuthError says that a remote wants a credential, or refuses the one that was sent.
	AuthError = giterr.AuthError
	// LockedError says that a lock file of Git's is in the way.
	LockedError = giterr.LockedError
)

// EmptyRepoError says that the branch has no commit yet.
type EmptyRepoError struct{ Where, Branch string }

func (e *EmptyRepoError) Error() string {
	return fmt.Sprintf("read %s of %s: it has no commit yet", e.Branch, e.Where)
}

// NoBranchError says that a branch or revision does not exist.
type NoBranchError struct{ Where, Branch string }

func (e *NoBranchError) Error() string {
	return fmt.Sprintf("read %s: there is no branch %q", e.Where, e.Branch)
}

// NoRevisionError says that a revision names no commit, or more than one.
type NoRevisionError struct{ Rev, Reason string }

func (e *NoRevisionError) Error() string { return fmt.Sprintf("read revision %q: %s", e.Rev, e.Reason) }

// ScopeError says that a change would touch a path that it may not touch.
type ScopeError struct{ Path, Reason string }

func (e *ScopeError) Error() string { return fmt.Sprintf("change %s: %s", e.Path, e.Reason) }

// AttributeError says that .gitattributes has git convert a file that would be committed as it is, so that every clone
// would call it changed.
type AttributeError struct{ Path, Attribute, Reason string }

func (e *AttributeError) Error() string {
	return fmt.Sprintf("change %s: the attribute %s of .gitattributes applies to it, and %s", e.Path, e.Attribute, e.Reason)
}

// Hints says how to keep the attribute away from the file.
func (e *AttributeError) Hints() []string {
	name, _, _ := strings.Cut(e.Attribute, "=")
	return []string{"except the folder, in a line below the one that sets it: " + path.Dir(e.Path) + "/** !" + name}
}

// IdentityError says that git has no name or address to commit with.
type IdentityError struct{ Role, Reason string }

func (e *IdentityError) Error() string {
	return fmt.Sprintf("find the %s's identity: %s", e.Role, e.Reason)
}

// Hints returns the commands that give git an identity.
func (e *IdentityError) Hints() []string {
	if strings.Contains(e.Reason, "_DATE: ") {
		return []string{"write the date as 2026-01-31T08:00:00+01:00, or leave the variable out"}
	}
	return []string{`git config --global user.name "Your Name"`, `git config --global user.email you@example.com`}
}

// StaleError says that the branch is no longer at the commit that a change was built on.
type StaleError struct {
	Branch    string
	Base, Tip Hash // Tip is zero when the branch is gone or its new place is not known

	refusal RejectedError // the server's own words, where it was the server that said so
}

func (e *StaleError) Error() string {
	if e.Tip.IsZero() {
		return fmt.Sprintf("push to %s: it is no longer at %s", e.Branch, short(e.Base))
	}
	return fmt.Sprintf("push to %s: it moved from %s to %s", e.Branch, short(e.Base), short(e.Tip))
}

// Reason classes of a RejectedError.
const (
	RejectHook       = "hook"        // a hook or a rule on contents declined
	RejectProtected  = "protected"   // branch protection; a pull request is the way
	RejectPermission = "permission"  // the credential may not write here
	RejectShallow    = "shallow"     // the server lacks objects that the commit builds on
	RejectSize       = "size"        // a file, the push or the repository is too large
	RejectConflict   = "name"        // another ref's name stands in the way
	RejectOther      = "other"       // anything else, printed whole
	RejectNoAnswer   = "no-report"   // the server's answer says nothing about our branch
	RejectLocked     = "ref-locked"  // a lock file is in the way; a later try may succeed
	RejectUnreadable = "bad-report"  // the answer cannot be understood
	RejectDiverged   = "diverged"    // the local branch is not where the remote's is
	RejectDirty      = "uncommitted" // uncommitted work is in the way of a checked-out branch
)

// RejectedError says that the server (or the local repository) refused to move the branch.
type RejectedError struct {
	Branch string
	Class  string // one of the Reject constants
	Reason string // the server's own words for the ref, escaped
	Server string // what the server printed beside it, escaped, at most 64 KiB
}

func (e *RejectedError) Error() string {
	return fmt.Sprintf("push to %s: refused: %s", e.Branch, e.words())
}

// words are the server's own.
func (e *RejectedError) words() string {
	if e.Server == "" {
		return e.Reason
	}
	return e.Reason + "\n" + giterr.Indent(e.Server)
}

// Retryable says whether the same command can succeed later where it failed now, and how long the server asked to wait.
// That holds for a lost compare-and-swap, after which the change has to be made again on the new tip; for a lock; and for
// trouble that passes: a connection that broke, a server that is overloaded or limits the rate. It never holds for what
// would be refused again: hooks, rules, rights, sign-in, and answers that are not a Git server's.
func Retryable(err error) (again bool, after time.Duration) {
	var stale *StaleError
	var locked *LockedError
	var rejected *RejectedError
	var trouble *TransportError
	switch {
	case errors.As(err, &stale), errors.As(err, &locked):
		return true, 0
	case errors.As(err, &rejected):
		return rejected.Class == RejectLocked, 0
	case errors.As(err, &trouble):
		return passes(trouble), time.Duration(trouble.After) * time.Second
	}
	return false, 0
}

// InPush says whether an error is trouble in a push, which then says itself what became of the branch.
func InPush(err error) bool {
	var trouble *TransportError
	return errors.As(err, &trouble) && trouble.Op == "push to"
}

// passes tells trouble of the moment from an answer that will not change. A 403 is here only where the server spoke of
// its rate limit; every other one is an AuthError.
func passes(e *TransportError) bool {
	if e.Refused {
		return false
	}
	switch e.Status {
	case 0, http.StatusForbidden, http.StatusTooManyRequests:
		return true
	}
	return e.Status >= http.StatusInternalServerError
}

// DirtyError says that uncommitted work stands where a command writes.
type DirtyError struct {
	Paths []string
	Note  string   // where the work comes from, if not from the user
	Next  []string // what to type then
}

func (e *DirtyError) Error() string {
	s := "uncommitted work in " + strings.Join(e.Paths, ", ")
	if e.Note != "" {
		s += "\n  " + e.Note
	}
	return s
}

// Hints says how to finish what was interrupted.
func (e *DirtyError) Hints() []string { return e.Next }

func short(h Hash) string { return h.String()[:10] }
