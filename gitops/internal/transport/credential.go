package transport

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/modelops/modelops/gitops/giterr"
	"github.com/modelops/modelops/gitops/internal/git"
)

// Variables for where there is no git to ask, or where another account than git's is meant, as in a CI job whose own
// token may not push.
const (
	tokenVar = "MODELOPS_GIT_TOKEN"
	userVar  = "MODELOPS_GIT_USER"
)

// credential is what goes into a request: headers from the configuration, and user and password.
type credential struct {
	user, password string
	headers        []string // "Name: value"
	filled         []byte   // what git's helpers said, who want to hear how it went; nil when it is not from them
}

func (c credential) set() bool { return c.password != "" || hasAuthorization(c.headers) }

// apply adds the credential. One Authorization header only: servers refuse two.
func (c credential) apply(req *http.Request) {
	for _, h := range c.headers {
		name, value, ok := strings.Cut(h, ":")
		switch {
		case !ok:
		case isAuthorization(h):
			req.Header.Set("Authorization", strings.TrimSpace(value))
		default:
			req.Header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
		}
	}
	if c.password != "" {
		req.SetBasicAuth(c.user, c.password)
	}
}

// header is the credential as a line of a request, "" where there is none.
func (c credential) header() string {
	if c.password != "" {
		return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(c.user+":"+c.password))
	}
	return ""
}

// hide removes the credential from the words of a server that repeats it.
func (c credential) hide(text string) string {
	secrets := []string{c.password}
	for _, h := range append(slices.Clone(c.headers), c.header()) {
		_, value, _ := strings.Cut(h, ":")
		secrets = append(secrets, strings.Fields(value)...)
	}
	for _, s := range secrets {
		if len(s) > 3 && !strings.EqualFold(s, "basic") && !strings.EqualFold(s, "bearer") {
			text = strings.ReplaceAll(text, s, "***")
		}
	}
	return text
}

func isAuthorization(header string) bool {
	name, _, _ := strings.Cut(header, ":")
	return strings.EqualFold(strings.TrimSpace(name), "authorization")
}

func hasAuthorization(headers []string) bool {
	for _, h := range headers {
		if isAuthorization(h) {
			return true
		}
	}
	return false
}

func withoutAuthorization(headers []string) []string {
	var out []string
	for _, h := range headers {
		if !isAuthorization(h) {
			out = append(out, h)
		}
	}
	return out
}

// keyring finds credentials.
type keyring struct {
	git git.Program
	cfg git.Config
}

// known is what needs no asking, in the order in which it is tried: the token that was given to this program, then as git
// does http.extraHeader, which is the login of CI checkouts, the password in the URL, and ~/.netrc. They are sent at once,
// since some hosts answer without a challenge. The last way is without any.
func (k *keyring) known(u *url.URL) []credential {
	headers := headersFor(k.cfg, u)
	plain := withoutAuthorization(headers)
	var out []credential
	if token, _ := k.git.Env(tokenVar); token != "" {
		user, _ := k.git.Env(userVar)
		out = append(out, credential{user: cmp.Or(user, k.userFor(u.Hostname())), password: token, headers: plain})
	}
	if hasAuthorization(headers) {
		out = append(out, credential{headers: headers})
	}
	if pw, _ := u.User.Password(); pw != "" {
		out = append(out, credential{user: u.User.Username(), password: pw, headers: plain})
	} else if login, pw := netrc(k.git, u.Hostname(), u.User.Username()); pw != "" {
		out = append(out, credential{user: login, password: pw, headers: plain})
	}
	if len(out) == 0 {
		out = append(out, credential{headers: plain})
	}
	return out
}

// userFor is the user name that a host wants beside a token. Most accept any; these do not, for some kinds of token.
func (k *keyring) userFor(host string) string {
	server, _ := k.git.Env("CI_SERVER_HOST") // set by GitLab's runner
	switch {
	case strings.EqualFold(host, server):
		return "gitlab-ci-token"
	case strings.HasPrefix(host, "gitlab."):
		return "oauth2"
	case host == "bitbucket.org":
		return "x-token-auth"
	}
	return "x-access-token" // GitHub's
}

// ask runs git's credential helpers; without git there is nobody to ask. An empty password is none: an askpass program
// that fails still exits well. Where git itself failed, trouble says why.
func (k *keyring) ask(ctx context.Context, u *url.URL) (c credential, trouble string, err error) {
	if k.git.Path == "" {
		return c, "", nil
	}
	out, err := k.git.Feed(ctx, describe(u), "credential", "fill")
	if err != nil {
		return c, fillTrouble(err), ctx.Err()
	}
	c = credential{filled: out, headers: withoutAuthorization(headersFor(k.cfg, u))}
	for line := range strings.Lines(string(out)) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		switch key {
		case "username":
			c.user = value
		case "password":
			c.password = value
		}
	}
	return c, "", nil
}

// fillTrouble is what git says of its own failure, "" where no helper knew and nobody could be asked. Lines that helpers
// print are left out: they may hold what they keep.
func fillTrouble(err error) string {
	var failed *git.Error
	if !errors.As(err, &failed) || failed.Stderr == "" {
		return err.Error()
	}
	var own []string
	for line := range strings.Lines(failed.Stderr) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "fatal: ") || strings.HasPrefix(line, "error: ") {
			own = append(own, line)
		}
	}
	text := strings.Join(own, "\n")
	if strings.Contains(text, "could not read ") { // a name or a password, from a terminal that is not there
		return ""
	}
	return text
}

// tell reports to the helpers that a credential worked or was refused. Other failures say nothing about it.
func (k *keyring) tell(ctx context.Context, c credential, err error) {
	var auth *giterr.AuthError
	verb := "approve"
	if errors.As(err, &auth) && auth.Status == http.StatusUnauthorized {
		verb = "reject"
	} else if err != nil {
		return
	}
	k.git.Feed(ctx, string(c.filled), "credential", verb) //nolint:errcheck // a helper's store is not our outcome
}

func describe(u *url.URL) string {
	in := fmt.Sprintf("protocol=%s\nhost=%s\npath=%s\n", u.Scheme, u.Host, strings.TrimPrefix(u.Path, "/"))
	if user := u.User.Username(); user != "" {
		in += "username=" + user + "\n"
	}
	return in
}

// headersFor collects http.extraHeader for a URL as git does: an empty value starts over.
func headersFor(c git.Config, u *url.URL) []string {
	var out []string
	for _, v := range c.ForURL(u, "extraheader") {
		if v == "" {
			out = nil
			continue
		}
		out = append(out, v)
	}
	return out
}

// signInHints says what to do where no credential was found.
func (k *keyring) signInHints(u *url.URL) []string {
	hints := []string{"set " + tokenVar + " (and " + userVar + ", where the host wants a certain name), or sign in with git: git ls-remote " + giterr.Redact(u.String())}
	for _, s := range k.cfg {
		// What actions/checkout leaves: a file with the login, which counts in some folders only.
		if strings.HasPrefix(s.Key, "includeif.") && strings.Contains(s.Value, "git-credentials-") {
			return append(hints, "the checkout left a login that does not count in this folder ("+strings.TrimSuffix(s.Key, ".path")+")")
		}
	}
	return hints
}
