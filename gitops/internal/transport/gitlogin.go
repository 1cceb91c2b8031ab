package transport

import (
	"net/url"
	"slices"

	"github.com/modelops/modelops/gitops/internal/git"
)

// SignedIn returns git, and what it is to be told in place of a remote's name or URL, so that it signs in as we did where
// it could not find the credential by itself, and so that no list of processes shows a password.
func (w *HTTP) SignedIn(g git.Program, remote string) (git.Program, string) {
	cred := w.offers(w.place())[0]
	header := cred.header()
	if header == "" || cred.filled != nil {
		return g, remote // git knows
	}
	key := "http." + w.base.String() + ".extraheader"
	list := []git.Setting{{Key: key, Value: ""}}
	for _, h := range append(slices.Clone(cred.headers), header) {
		list = append(list, git.Setting{Key: key, Value: h})
	}
	if u, err := url.Parse(remote); err == nil && u.User != nil && u.Host != "" {
		remote = withoutUser(u).String()
	}
	return g.WithConfig(list), remote
}
