package gitops

import (
	"cmp"
	"context"
	"path/filepath"
	"strings"

	"github.com/modelops/modelops/gitops/internal/odb"
	"github.com/modelops/modelops/gitops/internal/transport"
)

const headsPrefix = "refs/heads/"

// remote is the place whose branch is the truth.
type remote interface {
	// URL is what users are shown: no credentials.
	URL() string
	// Tip reads where a branch is, the default branch when branch is ""; a zero Hash when it does not exist.
	Tip(ctx context.Context, branch string) (name string, h Hash, err error)
	// Push asks for one compare-and-swap. Its error is a *transport.LostReply where the outcome is not known.
	Push(ctx context.Context, u push) error
}

// push is one branch update with the objects that it needs.
type push struct {
	branch   string
	old, new Hash
	objects  map[Hash]odb.Object
	// base reads an object that the remote has, for sending another as its difference; nil sends everything whole.
	base func(Hash) (odb.Object, bool)
}

// basesUnless leaves the bases out where the server wants every object whole.
func (u push) basesUnless(whole bool) func(Hash) (odb.Object, bool) {
	if whole {
		return nil
	}
	return u.base
}

// chooseRemote finds the remote's name and how to reach it.
func (r *Repo) chooseRemote(o Options) error {
	names := r.cfg.Subsections("remote")
	head, err := r.clone.HeadBranch()
	if err != nil {
		return &NotRepoError{Path: r.clone.Common, Reason: "HEAD cannot be read: " + err.Error()}
	}
	r.remoteName = pickRemote(o.Remote, r.cfg.Value("branch."+cmp.Or(o.Branch, head)+".remote"), names)
	if r.remoteName == "" {
		return nil
	}
	configured := r.remoteURL()
	if configured == "" {
		return &NotRepoError{Path: r.clone.Common, Reason: "there is no remote " + Redact(r.remoteName)}
	}
	read, write := r.cfg.Rewrite(configured, false), r.pushURL(configured)
	// Where they differ, the place that is pushed to is the truth: a mirror that lags behind would make every push a
	// lost race.
	r.fetchFrom = r.remoteName
	if write != read {
		r.fetchFrom = write
	}
	r.remote, err = r.dialer(write, o)
	return err
}

// pickRemote prefers what was asked for, then the branch's own, then "origin", then the only one.
func pickRemote(asked, upstream string, names []string) string {
	switch {
	case asked != "":
		return asked
	case upstream != "" && upstream != ".":
		return upstream
	case len(names) == 1:
		return names[0]
	}
	for _, n := range names {
		if n == "origin" {
			return n
		}
	}
	return ""
}

// remoteURL is what is configured for the remote. A branch may name a URL in its place.
func (r *Repo) remoteURL() string {
	if u := r.cfg.First("remote." + r.remoteName + ".url"); u != "" || !IsURL(r.remoteName) {
		return u
	}
	return r.remoteName
}

func (r *Repo) pushURL(read string) string {
	if u := r.cfg.First("remote." + r.remoteName + ".pushurl"); u != "" {
		return r.cfg.Rewrite(u, false)
	}
	return r.cfg.Rewrite(read, true)
}

// dialer picks the way to a URL by its scheme.
func (r *Repo) dialer(raw string, o Options) (remote, error) {
	scheme, rest, hasScheme := strings.Cut(raw, "://")
	switch {
	case hasScheme && (scheme == "http" || scheme == "https"):
		w, err := transport.NewHTTP(raw, r.cfg.WithRemote(r.remoteName, raw), r.git, o.HTTP, &r.meter)
		if err != nil {
			return nil, err
		}
		return r.speak(w), nil
	case hasScheme && scheme == "file":
		return r.fileRemote(rest)
	case !hasScheme && !isSCP(raw):
		if !filepath.IsAbs(raw) {
			raw = filepath.Join(r.git.Dir, raw)
		}
		return r.fileRemote(raw)
	case scheme == "ssh" || !hasScheme || scheme == "git+ssh" || scheme == "ssh+git":
		w, err := transport.NewSSH(raw, r.cfg, r.git, r.remoteName, &r.meter)
		if err != nil {
			return nil, err
		}
		return r.speak(w), nil
	}
	return nil, &NotRepoError{Path: Redact(raw), Reason: "pushing over " + Sanitize(scheme) + " is not supported: use https, ssh or file"}
}

// isSCP tells host:path from a path, as git does: a colon before the first slash.
func isSCP(raw string) bool {
	colon := strings.IndexByte(raw, ':')
	slash := strings.IndexByte(raw, '/')
	return colon > 0 && (slash < 0 || colon < slash)
}
