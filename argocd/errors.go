package argocd

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
)

// NotConfiguredError says that no Argo CD server is known.
type NotConfiguredError struct {
	// ConfigPath is the file that was looked at.
	ConfigPath string
	// Reason says what is missing there.
	Reason string
}

func (e *NotConfiguredError) Error() string {
	return fmt.Sprintf("argo cd server: not configured: %s: %s; type `argocd login SERVER`, or set ARGOCD_SERVER and ARGOCD_AUTH_TOKEN", e.ConfigPath, e.Reason)
}

// AuthError says that the server does not accept the token, or that there is none.
type AuthError struct {
	Server string
	// Detail is the server's text: untrusted.
	Detail string
}

func (e *AuthError) Error() string {
	return fmt.Sprintf("argo cd at %s: not signed in: %s", e.Server, e.Detail)
}

// PermissionError says that the signed-in account lacks a right.
type PermissionError struct {
	// Right is what is missing, as a policy spells it: "applications, sync, PROJECT/NAME".
	Right string
	// Detail is the server's text: untrusted.
	Detail string
}

func (e *PermissionError) Error() string {
	return fmt.Sprintf("argo cd: permission denied: needs %s: %s", e.Right, e.Detail)
}

// NoAppError says that no Application deploys the folder.
type NoAppError struct {
	Query Query
	// Seen counts the Applications that were visible; with none, the account may lack the right to list them, which
	// Argo CD answers with an empty list instead of an error.
	Seen int
	// Near names Applications that come close and says why each does not match: untrusted names.
	Near []string
}

func (e *NoAppError) Error() string {
	msg := fmt.Sprintf("no Application deploys %s", e.Query.Path)
	if e.Query.Project != "" {
		msg += " in project " + e.Query.Project
	}
	switch {
	case e.Seen == 0:
		msg += ": none is visible to this account (it needs applications, get; without it the list is empty)"
	case len(e.Near) > 0:
		msg += ": " + strings.Join(e.Near, "; ")
	default:
		msg += fmt.Sprintf(": %d are visible, none has this repository and path", e.Seen)
	}
	return msg
}

// AmbiguousError says that several Applications deploy the same folder.
type AmbiguousError struct {
	Query Query
	// Names of the Applications, sorted: untrusted.
	Names []string
}

func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("%d Applications deploy %s: %s", len(e.Names), e.Query.Path, strings.Join(e.Names, ", "))
}

// UnavailableError says that the server could not be reached, or stopped answering.
type UnavailableError struct {
	Server string
	// After is how long it was tried.
	After time.Duration
	Err   error
}

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("argo cd at %s: not reachable (tried for %s): %v", e.Server, e.After.Round(time.Millisecond), e.Err)
}

// Unwrap gives the last failure.
func (e *UnavailableError) Unwrap() error { return e.Err }

// TimeoutError says that the time ran out before the commit was proven.
type TimeoutError struct {
	App    string
	Commit string
	After  time.Duration
	// Reason is what was still missing: may hold untrusted text.
	Reason string
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("wait for %s at %s: not proven after %s: %s", e.App, short(e.Commit), e.After.Round(100*time.Millisecond), e.Reason)
}

// SupersededError says that somebody changed the overlay after the wanted commit.
type SupersededError struct {
	App    string
	Commit string
	// Revision is the later commit whose overlay differs.
	Revision string
}

func (e *SupersededError) Error() string {
	return fmt.Sprintf("wait for %s at %s: superseded by %s, which has another overlay", e.App, short(e.Commit), short(e.Revision))
}

// FailedError says that the commit did not, and by itself will not, become healthy.
type FailedError struct {
	App    string
	Commit string
	Cause  Cause
}

func (e *FailedError) Error() string {
	return fmt.Sprintf("sync %s to %s: %s", e.App, short(e.Commit), e.Cause)
}

// ServerError is an answer that has no other type here.
type ServerError struct {
	// Call is what was asked.
	Call string
	// Code is the gRPC status code's name.
	Code string
	// Detail is the server's text: untrusted.
	Detail string
}

func (e *ServerError) Error() string {
	return fmt.Sprintf("argo cd: %s: %s (%s)", e.Call, e.Detail, e.Code)
}

// short gives the part of a commit id that people read.
func short(rev string) string {
	if len(rev) > 7 && isHex(rev) {
		return rev[:7]
	}
	if rev == "" {
		return "no revision"
	}
	return rev
}

func isHex(s string) bool {
	return strings.Trim(s, "0123456789abcdef") == ""
}

// inProgress reports that an operation runs already. Argo CD has one code for this and for other refusals, so that the
// words decide.
func (e *ServerError) inProgress() bool {
	return strings.Contains(e.Detail, "another operation is already in progress")
}

// refused reports a request that will be refused again.
func (e *ServerError) refused() bool {
	return e.Code == codes.FailedPrecondition.String() || e.Code == codes.InvalidArgument.String()
}

// syncWindow reports a denial that is none of rights: Argo CD answers a closed sync window with the same code.
func (e *PermissionError) syncWindow() bool {
	return strings.Contains(e.Detail, "sync window")
}
