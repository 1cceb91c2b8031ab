package argocd

import (
	"net/url"
	"path"
	"strings"
)

// sameRepo reports whether two addresses name one repository, however they are spelled: scheme, user, port of the
// scheme, ".git", and the case of the host do not matter; "git@host:path" is ssh. For addresses without a host the path
// decides.
func sameRepo(a, b string) bool {
	hostA, pathA := repoKey(a)
	hostB, pathB := repoKey(b)
	return hostA == hostB && pathA == pathB && pathA != ""
}

func repoKey(address string) (host, repo string) {
	address = strings.TrimSpace(address)
	if !strings.Contains(address, "://") {
		if before, after, ok := strings.Cut(address, ":"); ok && !strings.Contains(before, "/") {
			address = "ssh://" + before + "/" + strings.TrimPrefix(after, "/")
		} else {
			address = "file://" + address
		}
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", ""
	}
	host = strings.ToLower(u.Hostname())
	if port := u.Port(); port != "" && port != map[string]string{"https": "443", "http": "80", "ssh": "22"}[u.Scheme] {
		host += ":" + port
	}
	return host, strings.TrimSuffix(strings.Trim(path.Clean("/"+u.Path), "/"), ".git")
}

// tracks reports whether a source's target revision follows the branch.
func tracks(target, branch string) bool {
	target = strings.TrimPrefix(target, "refs/heads/")
	return target == "" || target == "HEAD" || branch == "" || target == strings.TrimPrefix(branch, "refs/heads/")
}

// samePath reports whether two folders of a repository are one.
func samePath(a, b string) bool {
	return path.Clean("/"+a) == path.Clean("/"+b)
}
