package gitops

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/modelops/modelops/gitops/internal/transport"
)

// judge turns a report into the outcome of a push: success only where the server says so for our branch by name.
func judge(u push, rep transport.Report, err error) error {
	reason, named := rep.Refs[headsPrefix+u.branch]
	switch {
	case named && reason == "" && rep.Unpack == "ok":
		return nil
	case named && reason != "" && rep.Unpack != "ok" && rep.Unpack != "":
		return classify(u, reason+": "+Sanitize(rep.Unpack), rep.Text)
	case named && reason != "":
		return classify(u, reason, rep.Text)
	case rep.Unpack != "" && rep.Unpack != "ok":
		return classify(u, "unpack: "+Sanitize(rep.Unpack), rep.Text)
	case err != nil:
		return &transport.LostReply{Err: fmt.Errorf("push to %s: the answer broke off: %w", u.branch, err)}
	}
	return &transport.LostReply{Err: &RejectedError{Branch: u.branch, Class: RejectNoAnswer,
		Reason: "the server's answer says nothing about this branch", Server: rep.Text}}
}

// causes are the words by which servers name why they do not move a branch, in the order in which they count: GitHub,
// GitLab, Gitea, Forgejo, Bitbucket, Azure DevOps (TF, VS), Gerrit and JGit, and git itself. A cause that stands before
// another is the more telling one where a server says both. Words are looked for in the reason alone unless servers print
// them beside it, under a reason that says less.
var causes = []struct {
	class   string
	printed bool // looked for in what the server printed, too
	words   []string
}{
	{classStale, false, []string{"already been updated by another client", "incorrect old value", "reference already exists", "reference does not exist", "but expected"}},
	{RejectConflict, true, []string{"exists; cannot create '", "refname conflict", "case-insensitive filesystem"}},
	{RejectSize, true, []string{"gh001", "exceeds maximum allowed size", "size limit", "quota exceeded", "exceeds github's file size"}},
	{RejectHook, true, []string{"cannot contain secrets", "contains one or more secrets"}},
	{RejectProtected, true, []string{"protected branch", "is protected", "gh006", "gh013", "rule violations", "tf402455", "only be modified through pull requests",
		"must be made through a pull request", "permission denied to update branch"}},
	{RejectPermission, true, []string{"refusing to allow", "tf401027", "tf401019", "prohibited by gerrit", "you are not allowed to push code to this project",
		"permission denied for writing", "read-only", "is archived"}},
	{RejectHook, false, []string{"hook declined", "missing change-id"}},
	{RejectLocked, true, []string{".lock': file exists", "failed to lock", "lock failure"}},
	{classBroken, false, []string{"internal server error", "service unavailable"}},
	{classStale, false, []string{"failed to update ref", "cannot lock ref", "fetch first", "non-fast-forward", "non-fast forward", "stale info"}},
	{RejectShallow, false, []string{"missing necessary objects", "shallow update not allowed"}},
}

// Classes that are no RejectedError.
const (
	classStale  = "stale"  // somebody else was faster, or so it seems: whoever asked looks at the branch again
	classBroken = "broken" // the server failed, and whether it did so before or after its work is open
)

// classify says what a refusal means.
func classify(u push, reason, text string) error {
	rejected := RejectedError{Branch: u.branch, Class: classOf(reason, text), Reason: reason, Server: text}
	switch rejected.Class {
	case classStale:
		return &StaleError{Branch: u.branch, Base: u.old, refusal: rejected}
	case classBroken:
		return &transport.LostReply{Err: &TransportError{Op: "push to", URL: u.branch, Status: http.StatusInternalServerError, Err: errors.New(rejected.words())}}
	}
	return &rejected
}

func classOf(reason, text string) string {
	reason, text = strings.ToLower(reason), strings.ToLower(text)
	for _, c := range causes {
		for _, w := range c.words {
			if strings.Contains(reason, w) || c.printed && strings.Contains(text, w) {
				return c.class
			}
		}
	}
	return RejectOther
}
