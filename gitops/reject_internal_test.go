package gitops

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/modelops/modelops/gitops/internal/transport"
)

// TestRefusalsOfServers holds the meaning of refusals to the literal words of the servers that people use: the reason in
// the report, and what is printed beside it.
func TestRefusalsOfServers(t *testing.T) {
	for _, c := range []struct{ server, reason, printed, want string }{
		{"git 2.39, lost race", "failed to update ref", "error: cannot lock ref 'refs/heads/main': is at 58f3e6d9 but expected 1d7e4bde", classStale},
		{"git 2.50, lost race", "incorrect old value provided", "", classStale},
		{"git 2.50, branch made meanwhile", "reference already exists", "", classStale},
		{"git 2.50, branch gone", "reference does not exist", "", classStale},
		{"git, older", "non-fast-forward", "error: denying non-fast-forward refs/heads/main (you should pull first)", classStale},
		{"git client", "fetch first", "", classStale},
		{"git client", "stale info", "", classStale},
		{"git, lock", "failed to update ref", "error: cannot lock ref 'refs/heads/main': Unable to create '/srv/deploy.git/./refs/heads/main.lock': File exists.\nAnother git process seems to be running", RejectLocked},
		{"git 2.39, name in the way", "failed to update ref", "error: cannot lock ref 'refs/heads/x/y': 'refs/heads/x' exists; cannot create 'refs/heads/x/y'", RejectConflict},
		{"git 2.50, name in the way", "refname conflict", "", RejectConflict},
		{"git 2.51, case", "reference conflict due to case-insensitive filesystem", "", RejectConflict},
		{"git, hook", "pre-receive hook declined", "not on a Friday", RejectHook},
		{"git, update hook", "hook declined", "", RejectHook},
		{"git, shallow", "shallow update not allowed", "", RejectShallow},
		{"go-git, shallow", "missing necessary objects", "", RejectShallow},
		{"git, size", "unpacker error: unpack-objects abnormal exit", "fatal: pack exceeds maximum allowed size", RejectSize},
		{"git, contents", "unpacker error: index-pack abnormal exit", "fatal: fsck error in packed object", RejectOther},
		{"git, disk", "unpacker error: unpack-objects abnormal exit", "error: insufficient permission for adding an object to repository database ./objects", RejectOther},
		{"git, checked out", "branch is currently checked out", "error: refusing to update checked out branch: refs/heads/main", RejectOther},
		{"git, hidden ref", "deny updating a hidden ref", "", RejectOther},
		{"JGit, lost race", "non-fast forward", "", classStale},
		{"JGit, lock", "failed to lock", "", RejectLocked},
		{"GitHub, lost race", "cannot lock ref 'refs/heads/main': is at 58f3e6d9 but expected 1d7e4bde", "", classStale},
		{"GitHub, protection", "protected branch hook declined", "error: GH006: Protected branch update failed for refs/heads/main.\nerror: Changes must be made through a pull request.", RejectProtected},
		{"GitHub, checks", "protected branch hook declined", "error: GH006: Protected branch update failed for refs/heads/main.\nerror: Required status check \"ci\" is expected.", RejectProtected},
		{"GitHub, rules", "push declined due to repository rule violations", "error: GH013: Repository rule violations found for refs/heads/main.\n- Changes must be made through a pull request.", RejectProtected},
		{"GitHub, secrets", "push declined due to repository rule violations", "error: GH013: Repository rule violations found for refs/heads/main.\n- GITHUB PUSH PROTECTION\n  - Push cannot contain secrets", RejectHook},
		{"GitHub, large file", "pre-receive hook declined", "error: GH001: Large files detected. You may want to try Git Large File Storage", RejectSize},
		{"GitHub, workflow", "refusing to allow a GitHub App to create or update workflow `.github/workflows/ci.yml` without `workflows` permission", "", RejectPermission},
		{"GitHub, trouble", "Internal Server Error", "", classBroken},
		{"GitLab, protection", "pre-receive hook declined", "GitLab: You are not allowed to push code to protected branches on this project.", RejectProtected},
		{"GitLab, right", "pre-receive hook declined", "GitLab: You are not allowed to push code to this project.", RejectPermission},
		{"GitLab, push rule", "pre-receive hook declined", "GitLab: Commit message does not follow the pattern 'JIRA-\\d+'", RejectHook},
		{"GitLab, signing", "pre-receive hook declined", "GitLab: Commit must be signed with a GPG key", RejectHook},
		{"GitLab, size", "pre-receive hook declined", "GitLab: Your push to this repository has been rejected because this repository has exceeded its size limit of 10 GB by 1 GB.", RejectSize},
		{"Gitea, protection", "pre-receive hook declined", "Gitea: Not allowed to push to protected branch main", RejectProtected},
		{"Gitea, right", "pre-receive hook declined", "Gitea: User permission denied for writing.", RejectPermission},
		{"Forgejo, protection", "pre-receive hook declined", "Forgejo: Not allowed to push to protected branch main", RejectProtected},
		{"Forgejo, quota", "pre-receive hook declined", "Forgejo: Quota exceeded", RejectSize},
		{"Bitbucket Cloud", "pre-receive hook declined", "Permission denied to update branch main.", RejectProtected},
		{"Bitbucket Data Center", "pre-receive hook declined", "Branch refs/heads/main can only be modified through pull requests.\nCheck your branch permissions configuration with the project administrator.", RejectProtected},
		{"Azure DevOps, pull request", "TF402455: Pushes to this branch are not permitted; you must use a pull request to update this branch.", "", RejectProtected},
		{"Azure DevOps, right", "TF401027: You need the Git 'GenericContribute' permission to perform this action.", "", RejectPermission},
		{"Azure DevOps, lost race", "TF401028: The reference 'refs/heads/main' has already been updated by another client, so you cannot update it. Please try again.", "", classStale},
		{"Azure DevOps, secrets", "VS403702: The push was rejected because it contains one or more secrets.", "", RejectHook},
		{"Gerrit, right", "prohibited by Gerrit: not permitted: update", "", RejectPermission},
		{"Gerrit, Change-Id", "commit 1234567: missing Change-Id in message footer", "", RejectHook},
		{"Gerrit, nothing new", "no new changes", "", RejectOther},
		{"another", "something new", "in words that nobody knows", RejectOther},
	} {
		err := classify(push{branch: "main"}, c.reason, c.printed)
		var rejected *RejectedError
		var stale *StaleError
		var lost *transport.LostReply
		got := ""
		switch {
		case errors.As(err, &stale):
			got = classStale
		case errors.As(err, &lost):
			got = classBroken
		case errors.As(err, &rejected):
			got = rejected.Class
		}
		if got != c.want {
			t.Errorf("%s: %q / %q is %s, want %s", c.server, c.reason, c.printed, got, c.want)
		}
		if again, _ := Retryable(err); again != (got == classStale || got == classBroken || got == RejectLocked) {
			t.Errorf("%s: to be tried again: %v", c.server, again)
		}
	}
}

func packet(s string) string { return fmt.Sprintf("%04x%s", len(s)+4, s) }

// FuzzReport feeds any bytes to the parser of a server's answer: no panic, and success only where our branch is named
// with ok behind an ok unpack.
func FuzzReport(f *testing.F) {
	good := packet("unpack ok\n") + packet("ok refs/heads/main\n") + "0000"
	f.Add([]byte(good), false)
	f.Add([]byte(packet("\x02hello\n")+packet("\x01"+good)+"0000"), true)
	f.Add([]byte(packet("unpack ok\n")+packet("ng refs/heads/main hook declined\n")+"0000"), false)
	f.Add([]byte("<html>"), true)
	f.Fuzz(func(t *testing.T, data []byte, banded bool) {
		rep, err := transport.ReadReport(bytes.NewReader(data), banded, nil)
		if judge(push{branch: "main"}, rep, err) != nil {
			return
		}
		if !bytes.Contains(data, []byte("ok")) || rep.Unpack != "ok" {
			t.Errorf("success out of %q", data)
		}
		if reason, named := rep.Refs["refs/heads/main"]; !named || reason != "" {
			t.Errorf("success without our ref: %q", data)
		}
	})
}
