package gitops_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/gitops/gittest"
)

// gate is a server that asks for bot:s3cret and notes who came: "user:password", a header, or "-".
type gate struct {
	mu   sync.Mutex
	came []string
}

func (g *gate) note(q *http.Request) *gittest.Fault {
	g.mu.Lock()
	defer g.mu.Unlock()
	who := "-"
	if user, pw, ok := q.BasicAuth(); ok {
		who = user + ":" + pw
	} else if h := q.Header.Get("Authorization"); h != "" {
		who = h
	}
	if extra := q.Header.Get("X-Team"); extra != "" {
		who += " " + extra
	}
	g.came = append(g.came, who)
	return nil
}

// first lists who came until now in the order of the first time, and forgets it.
func (g *gate) first() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []string
	for _, w := range g.came {
		if len(out) == 0 || out[len(out)-1] != w {
			out = append(out, w)
		}
	}
	g.came = nil
	return strings.Join(out, ", ")
}

const (
	goodHeader = "Authorization: Basic Ym90OnMzY3JldA=="         // bot:s3cret
	weakHeader = "AUTHORIZATION: basic am9iOndlYWtfam9iX3Rva2Vu" // job:weak_job_token, as actions/checkout writes it
)

// script writes a program for the tests and returns its path.
func (w *world) script(name, body string) string {
	w.t.Helper()
	p := filepath.Join(w.dir, name)
	w.ok(os.WriteFile(p, []byte("#!/bin/sh\n"+body), 0o755))
	return p
}

// TestSignIn goes through every place that git finds a credential in, in git's order, with git beside it: a row without
// "ours" has to end as git's own ls-remote does.
func TestSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := &gate{}
	url := w.serve(gittest.Options{User: "bot", Password: "s3cret", Fault: g.note})
	host := strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/deploy.git")
	c := w.bareRemote("c", url)
	said := filepath.Join(w.dir, "said")
	helper := w.script("helper", `cat > `+said+`.in; echo $1 >> `+said+`; [ $1 = get ] && echo username=${WHO:-bot} && echo password=$PW; exit 0`)
	askpass := w.script("askpass", `case "$1" in User*) echo bot;; *) echo $PW;; esac`)
	netrc := func(text string) func() {
		return func() { w.ok(os.WriteFile(filepath.Join(w.home, ".netrc"), []byte(text), 0o600)) }
	}
	rows := []struct {
		name    string
		user    string // goes into the URL
		config  []string
		env     []string
		do      func()
		came    string // who came, in order
		fails   bool
		ours    bool   // git does not have it
		helped  string // what the helper was asked
		without string // who came where there is no git; "" is the same
	}{
		{name: "nothing", came: "-", fails: true},
		{name: "URL", user: "bot:s3cret@", came: "bot:s3cret"},
		{name: "URL with escapes", user: "b%6ft:s3%63ret@", came: "bot:s3cret"},
		{name: "wrong URL", user: "bot:old@", came: "bot:old", fails: true},
		{name: "token without a user", user: ":token@", came: ":token", fails: true},
		{name: "header", config: []string{"http.extraHeader=" + goodHeader}, came: "bot:s3cret"},
		{name: "header for the host", config: []string{"http.extraHeader=" + weakHeader, "http.http://" + host + "/.extraheader=", "http.http://" + host + "/.extraHeader=" + goodHeader}, came: "bot:s3cret"},
		{name: "header for another", config: []string{"http.http://other.example/.extraHeader=" + goodHeader}, came: "-", fails: true},
		{name: "headers beside", config: []string{"http.extraHeader=X-Team: ml"}, user: "bot:s3cret@", came: "bot:s3cret ml"},
		{name: "header before URL", config: []string{"http.extraHeader=" + goodHeader}, user: "ana:other@", came: "bot:s3cret"},
		{name: "weak header, then URL", config: []string{"http.extraHeader=" + weakHeader}, user: "bot:s3cret@", came: "job:weak_job_token, bot:s3cret", ours: true},
		{name: "netrc", do: netrc("# old\nmachine other login x password y\nmachine 127.0.0.1 login bot password s3cret\n"), came: "bot:s3cret"},
		{name: "netrc default", do: netrc("machine other login x password y\ndefault login bot password \"s3cret\""), came: "bot:s3cret"},
		{name: "netrc of the user", user: "bot@", do: netrc("machine 127.0.0.1 login ana password no\nmachine 127.0.0.1\n\tlogin bot\n\tpassword s3cret\n"), came: "bot:s3cret"},
		{name: "netrc before helper", do: netrc("machine 127.0.0.1 login bot password s3cret"), config: []string{"credential.helper=" + helper}, env: []string{"PW=no"}, came: "bot:s3cret"},
		{name: "old netrc, then helper", do: netrc("machine 127.0.0.1 login bot password old"), config: []string{"credential.helper=" + helper}, env: []string{"PW=s3cret"}, came: "bot:old, bot:s3cret", helped: "get store"},
		{name: "NETRC is not curl's", env: []string{"NETRC=" + w.write("netrc", "machine 127.0.0.1 login bot password s3cret")}, came: "-", fails: true},
		{name: "helper", config: []string{"credential.helper=" + helper}, env: []string{"PW=s3cret"}, came: "-, bot:s3cret", helped: "get store"},
		{name: "helper of the host", config: []string{"credential.http://" + host + ".helper=" + helper}, env: []string{"PW=s3cret"}, came: "-, bot:s3cret", helped: "get store"},
		{name: "helper with a user", user: "bot@", config: []string{"credential.helper=" + helper}, env: []string{"PW=s3cret"}, came: "-, bot:s3cret", helped: "get store"},
		{name: "helper is refused", config: []string{"credential.helper=" + helper}, env: []string{"PW=old"}, came: "-, bot:old", fails: true, helped: "get erase"},
		{name: "helper without password", config: []string{"credential.helper=" + helper}, env: []string{"PW="}, came: "-", fails: true, helped: "get", ours: true},
		{name: "helper is not there", config: []string{"credential.helper=nosuchhelper"}, came: "-", fails: true},
		{name: "username is configured", config: []string{"credential.http://" + host + ".username=bot"}, env: []string{"GIT_ASKPASS=" + askpass, "PW=s3cret"}, came: "-, bot:s3cret"},
		{name: "GIT_ASKPASS", env: []string{"GIT_ASKPASS=" + askpass, "PW=s3cret"}, came: "-, bot:s3cret"},
		{name: "core.askPass", config: []string{"core.askPass=" + askpass}, env: []string{"PW=s3cret"}, came: "-, bot:s3cret"},
		{name: "SSH_ASKPASS", env: []string{"SSH_ASKPASS=" + askpass, "PW=s3cret"}, came: "-, bot:s3cret"},
		{name: "askpass says nothing", env: []string{"GIT_ASKPASS=/bin/true"}, came: "-", fails: true, ours: true},
		{name: "token", env: []string{"MODELOPS_GIT_TOKEN=s3cret", "MODELOPS_GIT_USER=bot"}, came: "bot:s3cret", ours: true},
		{name: "token before all", user: "ana:other@", config: []string{"http.extraHeader=" + weakHeader}, env: []string{"MODELOPS_GIT_TOKEN=s3cret", "MODELOPS_GIT_USER=bot"}, came: "bot:s3cret", ours: true},
		{name: "token alone", env: []string{"MODELOPS_GIT_TOKEN=ghs_x"}, came: "x-access-token:ghs_x", fails: true, ours: true},
		{name: "token on GitLab", env: []string{"MODELOPS_GIT_TOKEN=glcbt", "CI_SERVER_HOST=127.0.0.1"}, came: "gitlab-ci-token:glcbt", fails: true, ours: true},
		{name: "empty token", env: []string{"MODELOPS_GIT_TOKEN="}, user: "bot:s3cret@", came: "bot:s3cret", ours: true},
	}
	for _, tc := range rows {
		t.Run(tc.name, func(t *testing.T) {
			w := *w
			w.t, w.ctx = t, t.Context()
			os.Remove(filepath.Join(w.home, ".netrc"))
			os.Remove(said)
			w.ok(os.WriteFile(filepath.Join(w.home, ".gitconfig"), nil, 0o600))
			for _, kv := range tc.config {
				k, v, _ := strings.Cut(kv, "=")
				w.git(c, "config", "--global", "--add", k, v)
			}
			if tc.do != nil {
				tc.do()
			}
			w.git(c, "config", "remote.origin.url", "http://"+tc.user+host+"/deploy.git")
			own := *c
			own.Env = append(c.Env, tc.env...)
			for _, git := range []bool{true, false} {
				if !git && (strings.Contains(tc.came, "-, ") || tc.helped != "") {
					continue // there is nobody to ask
				}
				g.first()
				var opts []func(*gitops.Options)
				if !git {
					opts = append(opts, withoutGit)
				}
				err := errorOf(w.try(&own, opts...))
				equal(t, "came", g.first(), tc.came)
				equal(t, "failed", err != nil, tc.fails)
				checkRefusal(t, err)
			}
			if tc.helped != "" {
				equal(t, "helper", strings.Join(strings.Fields(read(t, said)), " "), tc.helped)
			}
			if !tc.ours {
				_, err := own.Run(t.Context(), "ls-remote", "origin")
				equal(t, "git failed", err != nil, tc.fails)
			}
		})
	}
}

// checkRefusal: an *AuthError that shows no secret, and says what to do where nothing was found.
func checkRefusal(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	var auth *gitops.AuthError
	if !errors.As(err, &auth) {
		t.Fatalf("want *AuthError, got %v", err)
	}
	if auth.User == "" && !strings.Contains(strings.Join(auth.Hints(), "\n"), "MODELOPS_GIT_TOKEN") && !strings.Contains(err.Error(), "authentication failed") {
		t.Errorf("no way out: %v %q", err, auth.Hints())
	}
	noSecret(t, err.Error()+strings.Join(auth.Hints(), "\n"))
}

// secrets are all passwords of these tests.
var secrets = []string{"s3cret", "Ym90OnMzY3JldA", "weak_job_token", "am9iOndlYWtfam9iX3Rva2Vu", "ghs_x", "glcbt"}

func noSecret(t *testing.T, text string) {
	t.Helper()
	for _, s := range secrets {
		if strings.Contains(text, s) {
			t.Errorf("%q is shown in: %s", s, text)
		}
	}
}

func errorOf(_ *gitops.Snapshot, err error) error { return err }

// bareRemote is a clone of the server's repository whose remote is the given URL.
func (w *world) bareRemote(name, url string) *gittest.Repo {
	w.t.Helper()
	c := w.clone(name, w.server.Dir)
	w.git(c, "remote", "set-url", "origin", url)
	return c
}

// write puts a file beside the repositories and returns its path.
func (w *world) write(name, data string) string {
	w.t.Helper()
	p := filepath.Join(w.dir, name)
	w.ok(os.MkdirAll(filepath.Dir(p), 0o755))
	w.ok(os.WriteFile(p, []byte(data), 0o600))
	return p
}

// try opens a clone and reads the tip of its branch.
func (w *world) try(c *gittest.Repo, change ...func(*gitops.Options)) (*gitops.Snapshot, error) {
	w.t.Helper()
	r := w.open(c, append(change, func(o *gitops.Options) { o.Branch = "main" })...)
	return r.Tip(w.ctx)
}

// TestHelperIsToldThePath: credential.useHttpPath gives each repository its own credential.
func TestHelperIsToldThePath(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	url := w.serve(gittest.Options{User: "bot", Password: "s3cret"})
	c := w.bareRemote("c", url)
	said := filepath.Join(w.dir, "said")
	w.git(c, "config", "credential.helper", w.script("helper", `tee `+said+` | grep -q path=deploy.git && echo username=bot && echo password=s3cret; exit 0`))
	if _, err := w.try(c); err == nil {
		t.Error("the helper must not be told the path by default")
	}
	w.git(c, "config", "credential.useHttpPath", "true")
	_, err := w.try(c)
	w.ok(err)
}

// TestGitFailsToAsk: that git broke down is said, and not taken for a user without a credential. What a helper prints may be
// a secret.
func TestGitFailsToAsk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.bareRemote("c", w.serve(gittest.Options{User: "bot", Password: "s3cret"}))
	w.git(c, "config", "credential.helper", "!f() { kill -9 $PPID; }; f")
	_, err := w.try(c)
	if err == nil || !strings.Contains(err.Error(), "git credential fill: git credential: signal: killed") {
		t.Errorf("git was killed: %v", err)
	}
	w.git(c, "config", "credential.helper", w.script("helper", "echo s3cret >&2; echo quit=1"))
	_, err = w.try(c)
	if err == nil || !strings.Contains(err.Error(), "told us to quit") || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("the helper gave up: %v", err)
	}
}

// TestServerAsksLate: the list of refs is public, and a password is wanted for pushing alone, or for the push itself alone.
func TestServerAsksLate(t *testing.T) {
	t.Parallel()
	for _, only := range []string{"git-receive-pack", "POST"} {
		w := newWorld(t)
		url := w.serve(gittest.Options{})
		w.http.SetFault(func(q *http.Request) *gittest.Fault {
			if _, pw, _ := q.BasicAuth(); pw == "s3cret" || !strings.Contains(q.Method+q.URL.RequestURI(), only) || strings.Contains(q.URL.Path, "upload-pack") {
				return nil
			}
			return &gittest.Fault{Status: 401, Header: http.Header{"Www-Authenticate": {`Basic realm="x"`}}}
		})
		c := w.bareRemote("c", url)
		w.git(c, "config", "credential.helper", "!f() { echo username=bot; echo password=s3cret; }; f")
		r := w.open(c)
		base := w.tip(r)
		next := w.commit(r, base, write(release, "v2\n"))
		w.ok(r.Push(w.ctx, base, next))
		equal(t, only, w.git(w.server, "rev-parse", "main"), next.Commit().String())
	}
}

// TestCredentialRunsOut: the helper's first password ends between two requests of one conversation.
func TestCredentialRunsOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var wanted atomic.Value
	wanted.Store("first")
	url := w.serve(gittest.Options{Fault: func(q *http.Request) *gittest.Fault {
		if _, pw, _ := q.BasicAuth(); pw == wanted.Load() {
			return nil
		}
		return &gittest.Fault{Status: 401, Header: http.Header{"Www-Authenticate": {`Basic realm="x"`}}}
	}})
	c := w.bareRemote("c", url)
	now := w.write("now", "first")
	w.git(c, "config", "credential.helper", "!f() { echo username=bot; echo password=$(cat "+now+"); }; f")
	r := w.open(c)
	base := w.tip(r)
	wanted.Store("second")
	w.write("now", "second")
	equal(t, "tip", w.tip(r).Commit(), base.Commit())
	next := w.commit(r, base, write(release, "v2\n"))
	w.ok(r.Push(w.ctx, base, next))
}

// TestCredentialStaysHere: a redirect to another server gets no credential of the first, and may have its own.
func TestCredentialStaysHere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	there := &gate{}
	second := w.serve(gittest.Options{User: "bot", Password: "s3cret", Fault: there.note})
	first, err := gittest.Serve(gittest.Options{Root: w.dir, Home: w.home, Fault: func(q *http.Request) *gittest.Fault {
		to := strings.TrimSuffix(second, "/deploy.git") + q.URL.RequestURI()
		return &gittest.Fault{Status: 301, Header: http.Header{"Location": {to}}}
	}})
	w.ok(err)
	t.Cleanup(func() { first.Close() })
	host := strings.TrimPrefix(first.URL, "http://")
	c := w.bareRemote("c", "http://ana:first-secret@"+host+"/deploy.git")
	w.git(c, "config", "http."+first.URL+"/.extraHeader", "X-Team: secret-of-the-first")
	if _, err := w.try(c); err == nil {
		t.Error("the second server must ask")
	}
	equal(t, "came without a credential", there.first(), "-")
	w.git(c, "config", "http."+second+".extraHeader", goodHeader)
	r := w.open(c)
	base := w.tip(r)
	next := w.commit(r, base, write(release, "v2\n"))
	w.ok(r.Push(w.ctx, base, next))
	if got := there.first(); strings.Contains(got, "first") || !strings.HasPrefix(got, "-, bot:s3cret") {
		t.Errorf("came: %s", got)
	}
	equal(t, "remote", r.Remote(), first.URL+"/deploy.git")
	w.git(c, "config", "http.followRedirects", "false")
	var tr *gitops.TransportError
	if _, err := w.try(c); !errors.As(err, &tr) || tr.Status != 301 || !strings.Contains(err.Error(), second) {
		t.Errorf("where redirects are not followed, say where to: %v", err)
	}
}

// TestCheckoutShapes signs in with what actions/checkout leaves: a header in the clone's configuration up to v5, since v6
// a file in the runner's temporary folder that the clone includes for its own folder alone.
func TestCheckoutShapes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := &gate{}
	url := w.serve(gittest.Options{User: "bot", Password: "s3cret", Fault: g.note})
	site := strings.TrimSuffix(url, "deploy.git")
	login := "[http \"" + site + "\"]\n\textraheader = AUTHORIZATION: basic " + base64.StdEncoding.EncodeToString([]byte("bot:s3cret")) + "\n"
	file := w.write("runner/_temp/git-credentials-1234.config", login)
	shapes := map[string]func(*gittest.Repo){
		"v4": func(c *gittest.Repo) {
			w.git(c, "config", "--local", "http."+site+".extraheader", "AUTHORIZATION: basic "+base64.StdEncoding.EncodeToString([]byte("bot:s3cret")))
		},
		"v6": func(c *gittest.Repo) {
			w.git(c, "config", "--local", "includeIf.gitdir:"+c.Dir+"/.git.path", file)
			w.git(c, "config", "--local", "includeIf.gitdir:"+c.Dir+"/.git/worktrees/*.path", file)
			w.git(c, "config", "--local", "includeIf.gitdir:/github/workspace/.git.path", "/github/runner_temp/git-credentials-1234.config")
		},
	}
	for name, shape := range shapes {
		for _, git := range []bool{true, false} {
			c := w.bareRemote(name+map[bool]string{true: "git", false: ""}[git], url)
			shape(c)
			w.git(c, "checkout", "--quiet", "--detach") // as in CI
			opts := []func(*gitops.Options){func(o *gitops.Options) { o.Branch = "main" }}
			if !git {
				opts = append(opts, withoutGit)
			}
			r := w.open(c, opts...)
			base := w.tip(r)
			next := w.commit(r, base, write(release, name+r.Branch()+map[bool]string{true: "1", false: "2"}[git]))
			g.first()
			w.ok(r.Push(w.ctx, base, next))
			equal(t, name, g.first(), "bot:s3cret")
			equal(t, name, w.git(w.server, "rev-parse", "main"), next.Commit().String())
		}
	}
	// In another folder the login does not count, and the error says so.
	lost := w.bareRemote("lost", url)
	w.git(lost, "config", "--local", "includeIf.gitdir:/github/workspace/.git.path", "/github/runner_temp/git-credentials-1234.config")
	_, err := w.try(lost)
	var auth *gitops.AuthError
	if !errors.As(err, &auth) || !strings.Contains(strings.Join(auth.Hints(), "\n"), "does not count in this folder (includeif.gitdir:/github/workspace/.git)") {
		t.Errorf("want the login that does not count, got %v", err)
	}
}

// TestNoSecretInArguments lists the arguments of every program that a promote starts, with a password in each place.
func TestNoSecretInArguments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	url := w.serve(gittest.Options{User: "bot", Password: "s3cret"})
	host := strings.TrimPrefix(url, "http://")
	seen := filepath.Join(w.dir, "arguments")
	real, err := exec.LookPath("git")
	w.ok(err)
	spy := w.script("spy", `printf '%s\n' "$*" >> `+seen+`; exec `+real+` "$@"`)
	for name, set := range map[string]struct {
		config []string
		env    []string
		url    string
	}{
		"pushurl": {config: []string{"remote.origin.pushurl", "http://bot:s3cret@" + host}, url: "http://nobody@" + host},
		"rewrite": {config: []string{"url.http://bot:s3cret@" + host + ".pushInsteadOf", "mine:"}, url: "mine:"},
		"token":   {env: []string{"MODELOPS_GIT_TOKEN=s3cret", "MODELOPS_GIT_USER=bot"}, url: url},
		"helper":  {config: []string{"credential.helper", "!f() { echo username=bot; echo password=$PW; }; f"}, env: []string{"PW=s3cret"}, url: url},
	} {
		c := w.bareRemote(name, set.url)
		if set.config != nil {
			w.git(c, append([]string{"config"}, set.config...)...)
		}
		c.Git, c.Env = spy, append(c.Env, set.env...)
		// The clone lacks the tip, so that git has to fetch.
		_, err := w.server.Commit(w.ctx, "main", "ahead", map[string]string{"ahead": name})
		w.ok(err)
		r := w.open(c)
		base := w.tip(r)
		next := w.commit(r, base, write(release, name))
		w.ok(r.Push(w.ctx, base, next))
		_, err = r.Follow(w.ctx, base, next)
		w.ok(err)
		equal(t, name, w.git(w.server, "rev-parse", "main"), next.Commit().String())
	}
	if got := read(t, seen); !strings.Contains(got, "fetch") {
		t.Errorf("git did not fetch: %s", got)
	}
	noSecret(t, read(t, seen))
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
