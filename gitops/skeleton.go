package gitops

import (
	"context"
	"errors"
	"iter"
)

var errLater = errors.New("not built yet")

// Repo is an open repository.
type Repo struct{}

// Open opens the repository.
func Open(ctx context.Context, o Options) (*Repo, error) { return nil, errLater }

// Branch is the branch worked on.
func (r *Repo) Branch() string { return "" }

// Remote is the remote's URL without credentials, "" when there is none.
func (r *Repo) Remote() string { return "" }

// WorkTree is the root of the work tree, "" when bare.
func (r *Repo) WorkTree() string { return "" }

// Tip reads the branch's newest commit.
func (r *Repo) Tip(ctx context.Context) (*Snapshot, error) { return nil, errLater }

// Local reads a commit by name from what is here.
func (r *Repo) Local(ctx context.Context, rev string) (*Snapshot, error) { return nil, errLater }

// At reads a commit by its full hash.
func (r *Repo) At(ctx context.Context, h Hash) (*Snapshot, error) { return nil, errLater }

// IsAncestor says whether a is of, or reachable from it.
func (r *Repo) IsAncestor(ctx context.Context, a, of Hash) (bool, error) { return false, errLater }

// FirstParents walks first parents, newest first.
func (r *Repo) FirstParents(ctx context.Context, from Hash) iter.Seq2[*Snapshot, error] { return nil }

// History walks the first-parent commits in which one of the paths changed.
func History(ctx context.Context, s *Snapshot, paths ...string) iter.Seq2[Step, error] { return nil }

// Commit builds a commit in memory.
func (r *Repo) Commit(ctx context.Context, base *Snapshot, c Change, id Identity) (*Snapshot, error) {
	return nil, errLater
}

// Push moves the branch from base to next.
func (r *Repo) Push(ctx context.Context, base, next *Snapshot) error { return errLater }

// PushLocal moves the local branch only.
func (r *Repo) PushLocal(ctx context.Context, base, next *Snapshot) error { return errLater }

// Follow brings the clone along.
func (r *Repo) Follow(ctx context.Context, base, next *Snapshot) (FollowResult, error) {
	return FollowResult{}, errLater
}

// Dirty lists uncommitted work under the paths.
func (r *Repo) Dirty(ctx context.Context, paths ...string) ([]string, error) { return nil, errLater }

// HashTree is the tree id that the files would have.
func HashTree(files map[string][]byte) (Hash, error) { return Hash{}, errLater }

// Identity resolves author and committer as git does.
func (r *Repo) Identity(ctx context.Context) (Identity, error) { return Identity{}, errLater }
