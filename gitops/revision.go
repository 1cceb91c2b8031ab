package gitops

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"unicode"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/modelops/modelops/gitops/internal/clone"
)

var hexDigits = regexp.MustCompile(`^[0-9a-f]{4,40}$`)

// Local returns a commit by name from what the clone has: a hash or the beginning of one, a branch, a tag, or HEAD;
// with git, whatever git understands. Error: *NoRevisionError.
func (r *Repo) Local(ctx context.Context, rev string) (*Snapshot, error) {
	if rev == "" || strings.HasPrefix(rev, "-") {
		return nil, &NoRevisionError{rev, "not a revision"}
	}
	if r.far != nil {
		return r.thereNamed(ctx, rev)
	}
	h, err := r.named(rev)
	if err == nil && h.IsZero() {
		h, err = r.abbreviated(ctx, strings.ToLower(rev))
	}
	if err == nil && h.IsZero() {
		h, err = r.askGit(ctx, rev)
	}
	if err != nil {
		return nil, err
	}
	return r.peel(ctx, rev, h)
}

// named tries the places in which git looks for a ref, in its order.
func (r *Repo) named(rev string) (Hash, error) {
	if strings.Contains(rev, "..") || refParts.MatchString(rev) {
		return Hash{}, nil
	}
	for _, pattern := range [...]string{"%s", "refs/%s", "refs/tags/%s", "refs/heads/%s", "refs/remotes/%s", "refs/remotes/%s/HEAD"} {
		name := fmt.Sprintf(pattern, rev)
		if pattern == "%s" && rev != "HEAD" && !strings.HasPrefix(rev, "refs/") {
			continue
		}
		h, err := r.refs().Resolve(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return h, err
	}
	return Hash{}, nil
}

// refs is where names are looked up: the clone, or the remote itself where it lies on this machine.
func (r *Repo) refs() *clone.Folder {
	if f, ok := r.remote.(*fileRemote); ok && r.clone == nil {
		return f.at
	}
	return r.clone
}

func (r *Repo) abbreviated(ctx context.Context, rev string) (Hash, error) {
	if !hexDigits.MatchString(rev) {
		return Hash{}, nil
	}
	if len(rev) == 40 {
		return plumbing.NewHash(rev), nil
	}
	list, err := r.disk.Prefix(rev)
	if err != nil {
		return Hash{}, err
	}
	found := map[Hash]bool{}
	for _, h := range list {
		if kind, _, err := r.objs.Object(ctx, h); err == nil && kind == plumbing.CommitObject {
			found[h] = true
		}
	}
	if len(found) > 1 {
		return Hash{}, &NoRevisionError{rev, fmt.Sprintf("%d commits begin with it", len(found))}
	}
	for h := range found {
		return h, nil
	}
	return Hash{}, nil
}

func (r *Repo) askGit(ctx context.Context, rev string) (Hash, error) {
	unknown := &NoRevisionError{Sanitize(rev), "no commit, branch or tag of that name is here"}
	if r.git.Path == "" {
		return Hash{}, unknown
	}
	out, err := r.git.Run(ctx, "rev-parse", "--verify", "--quiet", rev+"^{commit}")
	if ctx.Err() != nil {
		return Hash{}, ctx.Err()
	}
	if err != nil {
		return Hash{}, unknown
	}
	return plumbing.NewHash(strings.TrimSpace(string(out))), nil
}

// peel follows annotated tags to their commit.
func (r *Repo) peel(ctx context.Context, rev string, h Hash) (*Snapshot, error) {
	for range 10 {
		kind, data, err := r.objs.Object(ctx, h)
		switch {
		case err != nil:
			return nil, err
		case kind == plumbing.CommitObject:
			return r.At(ctx, h)
		case kind != plumbing.TagObject:
			return nil, &NoRevisionError{Sanitize(rev), fmt.Sprintf("it is a %s, not a commit", kind)}
		}
		first, _, _ := strings.Cut(string(data), "\n")
		h = plumbing.NewHash(strings.TrimPrefix(first, "object "))
	}
	return nil, &NoRevisionError{Sanitize(rev), "tags of tags without end"}
}

var refParts = regexp.MustCompile(`(^|/)(\.|$)|\.\.|\.lock(/|$)|@\{|[ ~^:?*\[\\]|//|^/|\.$|^@$|^-`)

// checkBranch applies git's rules for branch names.
func checkBranch(name string) error {
	bad := name == "" || name == "HEAD" || refParts.MatchString(name) || strings.ContainsFunc(name, unicode.IsControl)
	if bad {
		return &NoBranchError{Where: "refs", Branch: Sanitize(name)}
	}
	return nil
}
