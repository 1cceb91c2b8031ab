package gitops

import (
	"context"
	"errors"
	"io/fs"

	"github.com/modelops/modelops/gitops/internal/clone"
	"github.com/modelops/modelops/gitops/internal/odb"
	"github.com/modelops/modelops/gitops/internal/transport"
)

// fileRemote is a repository on this machine. It is read directly. Pushes go through git, whose hooks and checks they
// have to pass; without git they are made here.
type fileRemote struct {
	at   *clone.Folder
	disk *odb.Disk
	wire *wireRemote // nil without git
}

func (r *Repo) fileRemote(path string) (remote, error) {
	at, err := clone.Exactly(path)
	if err != nil {
		return nil, err
	}
	if at == nil {
		return nil, &TransportError{Op: "read", URL: path, Err: errors.New("no Git repository is there")}
	}
	f := &fileRemote{at: at}
	if f.disk, err = odb.OpenDisk(at.Common); err != nil {
		return nil, err
	}
	if r.git.Path != "" {
		f.wire = r.speak(transport.NewLocal(at.Dir, path, r.git, &r.meter))
	}
	return f, nil
}

func (f *fileRemote) URL() string { return f.at.Common }

func (f *fileRemote) Tip(_ context.Context, branch string) (string, Hash, error) {
	var err error
	if branch == "" {
		if branch, err = f.at.HeadBranch(); err != nil || branch == "" {
			return "", Hash{}, err
		}
	}
	h, err := f.at.Resolve(headsPrefix + branch)
	if errors.Is(err, fs.ErrNotExist) {
		return branch, Hash{}, nil
	}
	return branch, h, err
}

func (f *fileRemote) Push(ctx context.Context, u push) error {
	if f.wire != nil {
		return f.wire.Push(ctx, u)
	}
	_, cur, err := f.Tip(ctx, u.branch)
	if err != nil || cur == u.new {
		return err
	}
	if cur != u.old {
		return &StaleError{Branch: u.branch, Base: u.old, Tip: cur}
	}
	if head, err := f.at.HeadBranch(); err == nil && head == u.branch && !f.at.Bare() {
		return &RejectedError{Branch: u.branch, Class: RejectOther, Reason: "it is checked out there"}
	}
	return f.move(ctx, u)
}

func (f *fileRemote) move(ctx context.Context, u push) error {
	var list []odb.NewObject
	for h, o := range u.objects {
		list = append(list, odb.NewObject{ID: h, Object: o})
	}
	if err := f.disk.Write(list, writing(f.at.Config())); err != nil {
		return &TransportError{Op: "push to", URL: f.URL(), Err: err}
	}
	var who Ident
	if tip, ok := u.objects[u.new]; ok {
		c, err := parseCommit(u.new, tip.Data)
		if err != nil {
			return err
		}
		who = c.info.Committer
	}
	return moveRef(ctx, f.at, clone.Update{Name: headsPrefix + u.branch, Old: u.old, New: u.new, Who: who.line(), Why: "push"})
}
