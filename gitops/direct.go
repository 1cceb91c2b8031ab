package gitops

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/modelops/modelops/gitops/internal/git"
	"github.com/modelops/modelops/gitops/internal/odb"
	"github.com/modelops/modelops/gitops/internal/transport"
)

// IsURL tells a remote from a folder on this machine: a scheme, or host:path as ssh takes it where no such folder is.
func IsURL(s string) bool {
	if strings.Contains(s, "://") {
		return true
	}
	if !isSCP(s) {
		return false
	}
	_, err := os.Stat(s)
	return err != nil
}

// openURL works on a remote without a clone. The configuration is the one that git would use where it is started.
func openURL(ctx context.Context, o Options) (*Repo, error) {
	r := &Repo{git: newGit(o.Env, o.Env.Dir), progress: o.Progress, now: o.Now}
	var err error
	if r.cfg, err = git.LoadConfig(ctx, r.git, nil); err != nil {
		return nil, &NotRepoError{Path: Redact(o.Path), Reason: err.Error()}
	}
	// The place that is pushed to is the truth, as in a clone.
	if r.remote, err = r.dialer(r.cfg.Rewrite(o.Path, true), o); err != nil {
		return nil, err
	}
	switch rem := r.remote.(type) {
	case *fileRemote:
		r.disk = rem.disk
		r.objs = odb.NewOverlay(r.disk)
	case *wireRemote:
		if err := rem.ServesByID(ctx); err != nil {
			rem.Close() //nolint:errcheck // nothing was asked
			return r.openTemp(ctx, o, err)
		}
		r.far = newFar(rem)
		r.objs = odb.NewOverlay(r.far)
	}
	if err := r.chooseBranch(ctx, o.Branch); err != nil {
		r.Close() //nolint:errcheck // nothing was written
		return nil, err
	}
	return r, nil
}

// tempPrefix begins the names of temporary clones.
const tempPrefix = "modelops-clone-"

// openTemp is the next best way to work on a remote: a bare clone of the branch's newest commit that goes when the
// repository is closed. Its history is fetched when something asks for it.
func (r *Repo) openTemp(ctx context.Context, o Options, cause error) (*Repo, error) {
	var cannot *transport.CannotServe
	if !errors.As(cause, &cannot) {
		return nil, cause
	}
	shown := r.remote.URL()
	if r.git.Path == "" {
		return nil, &TransportError{Op: "read", URL: shown, Err: fmt.Errorf("the server %s, and without git no temporary clone can be made: use --repo with a clone", cannot.Why)}
	}
	removeOldTemps(time.Now())
	dir, err := os.MkdirTemp("", tempPrefix)
	if err != nil {
		return nil, err
	}
	if r.progress != nil {
		fmt.Fprintf(r.progress, "%s %s: a temporary clone is made\n", shown, cannot.Why) //nolint:errcheck // progress only
	}
	args := []string{"clone", "--quiet", "--bare", "--single-branch", "--no-tags", "--depth=1"}
	if o.Branch != "" {
		args = append(args, "--branch="+strings.TrimPrefix(o.Branch, headsPrefix))
	}
	g, from := r.signedIn(o.Path)
	if _, err := g.Run(ctx, append(args, "--", from, dir)...); err != nil {
		return nil, errors.Join(&TransportError{Op: "clone", URL: shown, Err: err}, os.RemoveAll(dir))
	}
	o.Path, o.Env.Environ = dir, slices.Concat(o.Env.Environ, g.Extra)
	out, err := Open(ctx, o)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	out.temp = dir
	out.objs.Below = &completed{repo: out, Source: out.objs.Below}
	return out, nil
}

// oldTemp is the age at which a temporary clone was left by a command that was killed.
const oldTemp = 24 * time.Hour

func removeOldTemps(now time.Time) {
	list, err := filepath.Glob(filepath.Join(os.TempDir(), tempPrefix+"*"))
	if err != nil {
		return
	}
	for _, dir := range list {
		if info, err := os.Lstat(dir); err == nil && info.IsDir() && now.Sub(info.ModTime()) > oldTemp {
			os.RemoveAll(dir) //nolint:errcheck // another user's stays
		}
	}
}

// completed reads a temporary clone, whose history it fetches when something is missing.
type completed struct {
	odb.Source
	repo *Repo
}

func (c *completed) Object(ctx context.Context, h Hash) (plumbing.ObjectType, []byte, error) {
	kind, data, err := c.Source.Object(ctx, h)
	var missing *MissingError
	if !errors.As(err, &missing) || len(c.repo.shallow()) == 0 {
		return kind, data, err
	}
	c.repo.complete(ctx)
	return c.Source.Object(ctx, h)
}

// complete fetches the history of a temporary clone. Where that fails the clone stays as it is, and what is missing is
// missed where it is needed.
func (r *Repo) complete(ctx context.Context) {
	g, from := r.signedIn(r.remoteName)
	g.Run(ctx, "fetch", "--quiet", "--unshallow", "--no-tags", "--no-write-fetch-head", "--", from, headsPrefix+r.branch) //nolint:errcheck // see above
}

// noBranchThere tells a remote without any commit from one without this branch.
func (r *Repo) noBranchThere(ctx context.Context, where string) error {
	name, h, err := r.remote.Tip(ctx, "")
	if err == nil && h.IsZero() && (name == "" || name == r.branch) {
		return &EmptyRepoError{Where: where, Branch: r.branch}
	}
	return &NoBranchError{Where: where, Branch: r.branch}
}

// named finds a full commit id, a branch or a tag on the remote.
func (w *wireRemote) named(ctx context.Context, rev string) (Hash, error) {
	names := []string{"refs/tags/" + rev, headsPrefix + rev, rev}
	refs, err := w.ListRefs(ctx, names...)
	if err != nil {
		return Hash{}, err
	}
	for _, name := range names {
		for _, ref := range refs {
			switch {
			case ref.Name != name:
			case ref.Peeled != "":
				return plumbing.NewHash(ref.Peeled), nil
			default:
				return ref.Hash, nil
			}
		}
	}
	return Hash{}, &NoRevisionError{Sanitize(rev), "the remote has no such branch or tag; of a commit the full id is needed, since there is no clone"}
}

// thereNamed is Local for a remote without a clone.
func (r *Repo) thereNamed(ctx context.Context, rev string) (*Snapshot, error) {
	if plumbing.IsHash(rev) {
		s, err := r.At(ctx, plumbing.NewHash(rev))
		var missing *MissingError
		if errors.As(err, &missing) {
			return nil, &NoRevisionError{Sanitize(rev), "the remote has no such commit"}
		}
		return s, err
	}
	h, err := r.far.remote.named(ctx, rev)
	if err != nil {
		return nil, err
	}
	return r.At(ctx, h)
}

// Earlier returns a commit to read one of its folders, whose tree is known. On a remote without a clone, looking the
// path up would take a round trip for each of its parts: the snapshot then holds that folder alone, by its tree, and
// looked is false. Error: *MissingError.
func (r *Repo) Earlier(ctx context.Context, commit Hash, dir string, tree Hash) (s *Snapshot, looked bool, err error) {
	if r.far == nil {
		s, err = r.deepened(ctx, commit)
		return s, true, err
	}
	if err := r.far.bring(ctx, nil, []Hash{tree}); err != nil {
		return nil, false, err
	}
	root := &edit{}
	if err := root.add(dir, &edit{folder: true, tree: tree}); err != nil {
		return nil, false, err
	}
	b := builder{ctx: ctx, objs: r.objs}
	h, err := b.root(Hash{}, root)
	if err != nil {
		return nil, false, err
	}
	return &Snapshot{ctx: ctx, objs: r.objs, commit: &commitObject{info: Commit{Hash: commit}, tree: h}, met: &foldersMet{}, edge: r.edge}, false, nil
}
