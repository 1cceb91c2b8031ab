package gitops

import (
	"io"
	"net/http"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// Hash is the SHA-1 id of a Git object. Its zero value stands for "no such object".
type Hash = plumbing.Hash

// Ident is who made or committed a commit, and when.
type Ident struct {
	Name, Email string
	When        time.Time
}

// Identity is the pair of idents that a new commit carries.
type Identity struct {
	Author, Committer Ident
}

// Trailer is one "Key: value" line of a commit message's last paragraph, the value unfolded.
type Trailer struct {
	Key, Value string
}

// Commit is what a commit says of itself. Nothing in it is verified: Signed only says that a signature is there.
type Commit struct {
	Hash              Hash
	Parents           []Hash
	Author, Committer Ident
	Subject, Body     string
	Trailers          []Trailer
	Signed            bool
}

// Change is what the next commit does to the tree of its base.
type Change struct {
	// Scope lists the only paths that may differ afterwards, each a folder or a file, slash-separated.
	Scope []string
	// Files holds the new content by path; nil deletes the file.
	Files map[string][]byte
	// Trees puts folders back by tree id, before Files is applied; the zero Hash removes the folder.
	Trees map[string]Hash
	// Message becomes the commit's message.
	Message Message
}

// PathChange is one file that differs between two snapshots. The zero Hash means absent.
type PathChange struct {
	Path             string
	Before, After    Hash
	OldMode, NewMode uint32
}

// Step is one commit in which a watched path changed.
type Step struct {
	Commit   Commit
	Snapshot *Snapshot
	// Parent is the first parent's snapshot; nil at the root commit and where a shallow clone ends.
	Parent *Snapshot
	// Changed lists those of the watched paths that changed, in the order in which they were given.
	Changed []string
}

// Env is what the package may take from the process around it.
type Env struct {
	// Environ is handed to programs that are started, and looked into for GIT_* variables; "NAME=value" each.
	Environ []string
	// Git is the path of the git program, "" when there is none.
	Git string
	// Dir is where git is started on a remote without a clone; "" is the current folder.
	Dir string
	// Interactive allows git's helpers to ask at the terminal.
	Interactive bool
}

// Options says which repository to open, and with what.
type Options struct {
	// Path is a folder in a clone, or a bare repository; "" is the current folder. A URL is a remote to be worked on
	// without a clone.
	Path string
	// Branch names the branch to work on; "" takes the remote's HEAD, else the local one.
	Branch string
	// Remote names a configured remote; "" takes the branch's, else "origin", else the only one.
	Remote string
	// Local is for reading what is in a clone: its remotes are not looked at, and no branch is chosen.
	Local bool
	// Env is the environment; its zero value means no variables and no git program.
	Env Env
	// HTTP is used for http and https remotes; nil makes one with the time-outs of this package.
	HTTP *http.Client
	// Progress receives what servers and git print while they work, already escaped; nil drops it.
	Progress io.Writer
	// Now is the clock for new commits; nil is the time at which they are asked for.
	Now func() time.Time
}

// FollowResult says what happened to the user's clone after a push.
type FollowResult struct {
	// Moved is true when the local branch stands at the new commit (with index and files, where it is checked out).
	Moved bool
	// Tracking is the remote-tracking ref that was moved, "" when there is none.
	Tracking string
	// Note says in one sentence what was left as it is and what to type; "" when there is nothing to do.
	Note string
}

// Traffic is what a repository exchanged with its remote so far.
type Traffic struct {
	// Requests counts HTTP requests, or messages to a server program, its greeting included.
	Requests int
	// Sent and Received are bytes, of HTTP with its headers and of TLS with its own.
	Sent, Received int64
	// Refs is the part of Received that is the server's own list of refs, which a push begins with.
	Refs int64
}
