package gitops

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
)

// signedIn returns git, and what it is to be told in place of a remote's name or URL, so that it signs in as we did where
// it could not find the credential by itself, and so that no list of processes shows a password.
func (r *Repo) signedIn(remote string) (git, string) {
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
	list := []setting{{key, ""}}
	for _, h := range append(slices.Clone(cred.headers), header) {
		list = append(list, setting{key, h})
	}
	if u, err := url.Parse(remote); err == nil && u.User != nil && u.Host != "" {
		remote = withoutUser(u).String()
	}
	return r.git.withConfig(list), remote
}

// withConfig gives git settings through its environment.
func (g git) withConfig(list []setting) git {
	had, _ := g.env("GIT_CONFIG_COUNT")
	n, err := strconv.Atoi(had)
	if err != nil {
		n = 0 // git itself complains of what is no number
	}
	g.extra = slices.Clip(g.extra)
	for _, s := range list {
		g.extra = append(g.extra, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", n, s.key), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", n, s.value))
		n++
	}
	g.extra = append(g.extra, fmt.Sprintf("GIT_CONFIG_COUNT=%d", n))
	return g
}
