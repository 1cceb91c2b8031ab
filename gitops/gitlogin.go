package gitops

import (
	"net/url"
	"slices"

	"github.com/modelops/modelops/gitops/internal/git"
)

// signedIn returns git, and what it is to be told in place of a remote's name or URL, so that it signs in as we did where
// it could not find the credential by itself, and so that no list of processes shows a password.
func (r *Repo) signedIn(remote string) (git.Program, string) {
	far, ok := r.remote.(*wireRemote)
	if !ok {
		return r.git, remote
	}
	w, ok := far.wire.(*httpWire)
	if !ok {
		return r.git, remote
	}
	cred := w.offers(w.place())[0]
	header := cred.header()
	if header == "" || cred.filled != nil {
		return r.git, remote // git knows
	}
	key := "http." + w.base.String() + ".extraheader"
	list := []git.Setting{{Key: key, Value: ""}}
	for _, h := range append(slices.Clone(cred.headers), header) {
		list = append(list, git.Setting{Key: key, Value: h})
	}
	if u, err := url.Parse(remote); err == nil && u.User != nil && u.Host != "" {
		remote = withoutUser(u).String()
	}
	return r.git.WithConfig(list), remote
}
