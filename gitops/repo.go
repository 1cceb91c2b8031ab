package gitops

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/modelops/modelops/gitops/internal/clone"
	"github.com/modelops/modelops/gitops/internal/git"
	"github.com/modelops/modelops/gitops/internal/odb"
	"github.com/modelops/modelops/gitops/internal/transport"
)

// Repo is an open repository with one branch of it in view. It may be used by several goroutines.
type Repo struct {
	clone      *clone.Folder // nil on a remote without a clone
	disk       *odb.Disk     // objects on this machine, nil where there are none
	far        *far          // objects of a remote without a clone, nil where the repository is on this machine
	temp       string        // a folder of ours that goes with Close, "" for none
	opened     *tip          // the branch as it was when it was opened
	meter      transport.Meter
	objs       *odb.Overlay // new objects in memory, then what is on disk
	git        git.Program
	cfg        git.Config
	branch     string
	remoteName string
	remote     remote               // nil when the local branch is the truth
	fetchFrom  string               // what git fetch is told
	borrowed   atomic.Bool          // objects of the remote are read where they lie, the clone lacks them
	fetched    atomic.Pointer[Hash] // the tip that git fetched last, which no ref of a bare clone names
	progress   io.Writer
	now        func() time.Time
}

// Open opens the clone at o.Path: bare or with a work tree, from any folder in it, linked work trees and clones that
// borrow objects included. A URL opens the remote itself, without a clone. It reads configuration, and the remote only
// where the branch has to be asked for. Errors: *NotRepoError, *NoBranchError, and those of reaching the remote.
func Open(ctx context.Context, o Options) (*Repo, error) {
	if IsURL(o.Path) {
		return openURL(ctx, o)
	}
	c, err := clone.Discover(o.Path, newGit(o.Env, ""))
	if err != nil {
		return nil, err
	}
	if err := c.CheckOwner(ctx, newGit(o.Env, "")); err != nil {
		return nil, err
	}
	r := &Repo{clone: c, git: gitFor(o.Env, c), progress: o.Progress, now: o.Now}
	if r.cfg, err = git.LoadConfig(ctx, r.git, c.Place()); err != nil {
		return nil, &NotRepoError{Path: c.Common, Reason: err.Error()}
	}
	if r.disk, err = odb.OpenDisk(c.Common); err != nil {
		return nil, err
	}
	r.disk.NoGraph = r.cfg.Value("core.commitgraph") != "" && !r.cfg.Bool("core.commitgraph")
	r.objs = odb.NewOverlay(r.source())
	if o.Local {
		return r, nil
	}
	if err := r.chooseRemote(o); err != nil {
		return nil, err
	}
	return r, r.chooseBranch(ctx, o.Branch)
}

func newGit(e Env, dir string) git.Program {
	return git.Program{Path: e.Git, Dir: dir, Vars: e.Environ, Ask: e.Interactive}
}

// gitFor runs git inside the clone, so that git applies its own checks of ownership to it.
func gitFor(e Env, c *clone.Folder) git.Program {
	g := newGit(e, c.Dir)
	if c.Work != "" {
		g.Dir = c.Work
	}
	if c.Pinned || c.Apart {
		g.Extra = []string{"GIT_DIR=" + c.Dir}
		if c.Work != "" {
			g.Extra = append(g.Extra, "GIT_WORK_TREE="+c.Work)
		}
	}
	return g
}

func (r *Repo) source() odb.Source {
	if r.git.Path != "" && (r.cfg.Value("extensions.partialclone") != "" || r.hasPromisor()) {
		return &promised{Disk: r.disk, repo: r}
	}
	return r.disk
}

func (r *Repo) hasPromisor() bool {
	for _, name := range r.cfg.Subsections("remote") {
		if r.cfg.Bool("remote." + name + ".promisor") {
			return true
		}
	}
	return false
}

// promised lets git fetch what a partial clone left out: git alone stores it so that a later gc keeps working.
type promised struct {
	*odb.Disk
	repo *Repo
}

func (p *promised) Object(ctx context.Context, h Hash) (plumbing.ObjectType, []byte, error) {
	kind, data, err := p.Disk.Object(ctx, h)
	var missing *MissingError
	if !errors.As(err, &missing) {
		return kind, data, err
	}
	g, _ := p.repo.signedIn("")
	if _, gerr := g.Run(ctx, "cat-file", "-e", h.String()); gerr != nil {
		return kind, data, err
	}
	return p.Disk.Object(ctx, h)
}

// chooseBranch takes the named branch, else the remote's HEAD, else the branch that HEAD is on.
func (r *Repo) chooseBranch(ctx context.Context, name string) error {
	var err error
	switch {
	case name != "":
		r.branch = strings.TrimPrefix(name, headsPrefix)
	case r.remote != nil:
		r.branch, err = r.remoteHead(ctx)
	default:
		r.branch, err = r.clone.HeadBranch()
	}
	if err != nil {
		return err
	}
	if r.branch == "" {
		return &NoBranchError{Where: r.where(), Branch: "HEAD"}
	}
	return checkBranch(r.branch)
}

// remoteHead is refs/remotes/X/HEAD where a clone has noted it, else what the remote says now.
func (r *Repo) remoteHead(ctx context.Context) (string, error) {
	prefix := "refs/remotes/" + r.remoteName + "/"
	if r.clone != nil {
		if head, err := r.clone.LooseRef(prefix + "HEAD"); err == nil && strings.HasPrefix(head.Target, prefix) {
			return strings.TrimPrefix(head.Target, prefix), nil
		}
	}
	name, h, err := r.remote.Tip(ctx, "")
	if err != nil {
		return "", err
	}
	r.opened = &tip{name, h}
	if name == "" && r.clone != nil {
		return r.clone.HeadBranch()
	}
	return name, nil
}

// Close releases open files and connections.
func (r *Repo) Close() error {
	var errs []error
	if r.disk != nil {
		errs = append(errs, r.disk.Close())
	}
	if w, ok := r.remote.(*wireRemote); ok {
		errs = append(errs, w.Close())
	}
	if r.temp != "" {
		errs = append(errs, os.RemoveAll(r.temp))
	}
	return errors.Join(errs...)
}

// Direct says that there is no clone and objects are read from the remote one by one.
func (r *Repo) Direct() bool { return r.far != nil }

// Traffic returns what was exchanged with the remote so far. What git fetched by itself is not in it.
func (r *Repo) Traffic() Traffic {
	m := &r.meter
	return Traffic{Requests: int(m.Requests.Load()), Sent: m.Sent.Load(), Received: m.Received.Load(), Refs: m.Refs.Load()}
}

// where names the repository in messages.
func (r *Repo) where() string {
	if r.clone == nil {
		return r.remote.URL()
	}
	return r.clone.Common
}

// Branch returns the name of the branch that is worked on.
func (r *Repo) Branch() string { return r.branch }

// Remote returns the URL that is pushed to, without credentials; "" when the local branch is the truth.
func (r *Repo) Remote() string {
	if r.remote == nil {
		return ""
	}
	return r.remote.URL()
}

// WorkTree returns the root of the work tree, "" in a bare repository and without a clone.
func (r *Repo) WorkTree() string {
	if r.clone == nil {
		return ""
	}
	return r.clone.Work
}

// GitDir returns the folder that all work trees of the clone share, "" without a clone.
func (r *Repo) GitDir() string {
	if r.clone == nil {
		return ""
	}
	return r.clone.Common
}

// Tip returns the truth: the commit that the remote's branch is at now, fetched into the clone where it is missing, or
// the local branch's where there is no remote. Errors: *EmptyRepoError, *NoBranchError, *TransportError, *AuthError.
func (r *Repo) Tip(ctx context.Context) (*Snapshot, error) {
	if r.remote == nil {
		h, err := r.clone.Resolve(headsPrefix + r.branch)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, r.noBranch(ctx, r.clone.Common)
		}
		if err != nil {
			return nil, err
		}
		return r.At(ctx, h)
	}
	h, err := r.remoteTip(ctx)
	if err != nil {
		return nil, err
	}
	return r.bring(ctx, h)
}

// TipToPush is Tip for a caller that pushes next: a server says where its branches are when a push begins, and the next
// Push then goes on from there, which spares a request. A clone fetches before it asks: others push faster than git
// fetches, and so less goes on between the answer and the push.
func (r *Repo) TipToPush(ctx context.Context) (*Snapshot, error) {
	w, ok := r.remote.(*wireRemote)
	if !ok {
		return r.Tip(ctx)
	}
	byGit := r.far == nil && r.git.Path != ""
	if byGit {
		if err := r.gitFetch(ctx); err != nil {
			return nil, err
		}
	}
	h, err := w.TipToPush(ctx, r.branch)
	switch {
	case err != nil:
		return nil, err
	case h.IsZero(): // gone, or hidden from those who push
		return r.Tip(ctx)
	}
	s, err := r.bring(ctx, h)
	if err == nil && byGit {
		r.fetched.Store(&h)
	}
	return s, err
}

// bring returns the commit that the remote's branch is at.
func (r *Repo) bring(ctx context.Context, h Hash) (*Snapshot, error) {
	if h.IsZero() {
		return nil, r.noBranch(ctx, r.remote.URL())
	}
	if err := r.fetch(ctx, h); err != nil {
		return nil, err
	}
	return r.At(ctx, h)
}

// tip is where a branch was.
type tip struct {
	branch string
	hash   Hash
}

// remoteTip asks where the branch is, but for the first time when opening did so a moment ago.
func (r *Repo) remoteTip(ctx context.Context) (Hash, error) {
	if t := r.opened; t != nil && t.branch == r.branch {
		r.opened = nil
		return t.hash, nil
	}
	_, h, err := r.remote.Tip(ctx, r.branch)
	return h, err
}

// noBranch tells a repository without any commit from one without this branch.
func (r *Repo) noBranch(ctx context.Context, where string) error {
	if r.clone == nil {
		return r.noBranchThere(ctx, where)
	}
	if b, err := r.clone.HeadBranch(); err == nil && b == r.branch {
		if _, err := r.clone.Resolve("HEAD"); errors.Is(err, fs.ErrNotExist) {
			return &EmptyRepoError{Where: where, Branch: r.branch}
		}
	}
	return &NoBranchError{Where: where, Branch: r.branch}
}

// At returns the commit with a full hash from what is here, or *MissingError.
func (r *Repo) At(ctx context.Context, h Hash) (*Snapshot, error) {
	s, err := readSnapshot(ctx, r.objs, h)
	if err != nil {
		return nil, err
	}
	s.edge = r.edge
	return s, nil
}

// Commit builds the commit that a change makes of base, in memory: nothing is written before Push, so that a dry run is
// this and no more. A nil base makes the first commit of a branch. Errors: ErrNoChange, *ScopeError, *AttributeError,
// *MissingError, *IdentityError, *SignError.
func (r *Repo) Commit(ctx context.Context, base *Snapshot, c Change, id Identity) (*Snapshot, error) {
	root, err := c.edits()
	if err != nil {
		return nil, err
	}
	var old Hash
	var parents []Hash
	if base != nil {
		old, parents = base.commit.tree, []Hash{base.Commit()}
	}
	b := builder{ctx: ctx, objs: r.objs}
	tree, err := b.root(old, root)
	if err != nil {
		return nil, err
	}
	if tree == old {
		return nil, ErrNoChange
	}
	changes, err := guard(ctx, r.objs, old, tree, c.Scope)
	if err != nil {
		return nil, err
	}
	if err := r.checkAttributes(ctx, tree, changes); err != nil {
		return nil, err
	}
	if err := id.check(); err != nil {
		return nil, err
	}
	raw, err := r.sign(ctx, encodeCommit(tree, parents, id, c.Message.String()), id.Committer)
	if err != nil {
		return nil, err
	}
	return r.At(ctx, r.objs.Put(plumbing.CommitObject, raw))
}
