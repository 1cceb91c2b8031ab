package gitops_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/gitops/gittest"
)

// needSSH skips where there is no ssh program; where everything has to be tested it fails instead.
func needSSH(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("ssh"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("the ssh program is missing (Debian: openssh-client)")
		}
		t.Skip("the ssh program is missing, through which ssh URLs go")
	}
}

// sshWorld has an ssh server, and a configuration of the client under which the host "deploy" is that server.
type sshWorld struct {
	*world
	server *gittest.SSHServer
	config string // the client's
	known  string // known_hosts
	key    string
}

func newSSHWorld(t *testing.T) *sshWorld {
	t.Helper()
	needSSH(t)
	w := newWorld(t)
	key := filepath.Join(w.dir, "id")
	signer, err := gittest.NewSSHKey(key)
	w.ok(err)
	s, err := gittest.ServeSSH(gittest.SSHOptions{Root: filepath.Join(w.dir, "srv"), Home: w.home, Allow: signer.PublicKey()})
	w.ok(err)
	t.Cleanup(func() { s.Close() })
	known := w.write("known_hosts", s.KnownHosts(nil))
	common := fmt.Sprintf("\tIdentityFile %s\n\tIdentitiesOnly yes\n\tUserKnownHostsFile %s\n\tGlobalKnownHostsFile none\n\tStrictHostKeyChecking ask\n", key, known)
	config := w.write("ssh_config", fmt.Sprintf("Host deploy\n\tHostName %s\n\tPort %s\n\tUser git\nHost *\n", s.Host, s.Port)+common)
	return &sshWorld{world: w, server: s, config: config, known: known, key: key}
}

// last is the newest command that the server was asked for: the protocol that was wanted, and the words.
func (w *sshWorld) last() string {
	list := w.server.Commands()
	if len(list) == 0 {
		return ""
	}
	return list[len(list)-1]
}

// TestSSH promotes through the real ssh program, set up in each way that git knows, with git beside it.
func TestSSH(t *testing.T) {
	t.Parallel()
	w := newSSHWorld(t)
	ssh := "ssh -F " + w.config
	full := "ssh://git@" + net.JoinHostPort(w.server.Host, w.server.Port) + "/deploy.git"
	wrapper := w.script("myssh", "exec "+ssh+` "$@"`)
	spaced := w.script("my ssh", "exec "+ssh+` "$@"`)
	// PuTTY's options; and a program that takes none at all.
	plink := w.script("plink", `[ "$1" = -batch ] && shift; [ "$1" = -P ] && shift 2 && set -- -p `+w.server.Port+` "$@"; exec `+ssh+` "$@"`)
	simple := w.script("plainssh", `case "$1" in -*) echo "no options, please" >&2; exit 1;; esac; exec `+ssh+` "$@"`)
	rows := []struct {
		name, url string
		config    []string
		env       []string
		v2        bool
	}{
		{"alias", "deploy:/deploy.git", nil, []string{"GIT_SSH_COMMAND=" + ssh}, true},
		{"port in the URL", full, nil, []string{"GIT_SSH_COMMAND=" + ssh}, true},
		{"port in brackets", "[git@" + w.server.Host + ":" + w.server.Port + "]:deploy.git", nil, []string{"GIT_SSH_COMMAND=" + ssh}, true},
		{"git+ssh", "git+ssh://deploy/deploy.git", nil, []string{"GIT_SSH_COMMAND=" + ssh}, true},
		{"quoted command", "deploy:/deploy.git", nil, []string{"GIT_SSH_COMMAND=TZ=UTC ssh -F '" + w.config + "'"}, true},
		{"core.sshCommand", "deploy:/deploy.git", []string{"core.sshCommand", ssh}, nil, true},
		{"GIT_SSH_COMMAND before core.sshCommand", "deploy:/deploy.git", []string{"core.sshCommand", "false"}, []string{"GIT_SSH_COMMAND=" + ssh}, true},
		{"core.sshCommand before GIT_SSH", "deploy:/deploy.git", []string{"core.sshCommand", ssh}, []string{"GIT_SSH=false"}, true},
		{"GIT_SSH", full, nil, []string{"GIT_SSH=" + wrapper}, true},
		{"GIT_SSH with a blank", full, nil, []string{"GIT_SSH=" + spaced}, true},
		{"plink", full, nil, []string{"GIT_SSH=" + plink}, false},
		{"variant by configuration", full, []string{"ssh.variant", "putty"}, []string{"GIT_SSH_COMMAND=" + plink + " "}, false},
		{"variant by environment", full, []string{"ssh.variant", "simple"}, []string{"GIT_SSH=" + plink, "GIT_SSH_VARIANT=plink"}, false},
		{"simple", "deploy:/deploy.git", []string{"ssh.variant", "simple"}, []string{"GIT_SSH=" + simple}, false},
		{"simple is found out", "deploy:/deploy.git", nil, []string{"GIT_SSH_COMMAND=" + simple}, false},
	}
	for i, tc := range rows {
		t.Run(tc.name, func(t *testing.T) {
			x := *w.world
			x.t, x.ctx = t, t.Context()
			c := x.bareRemote(fmt.Sprint("c", i), tc.url)
			if tc.config != nil {
				x.git(c, append([]string{"config"}, tc.config...)...)
			}
			c.Env = append(c.Env, tc.env...)
			push := slices.Contains([]string{"alias", "GIT_SSH", "plink", "simple"}, tc.name)
			if push {
				_, err := w.world.server.Commit(x.ctx, "main", "ahead", map[string]string{"ahead": tc.name}) // git has to fetch it
				x.ok(err)
			}
			path := "/deploy.git"
			if strings.HasPrefix(tc.url, "[") {
				path = "deploy.git"
			}
			had := len(w.server.Commands())
			r := x.open(c, onMain)
			_, err := r.Tip(x.ctx)
			x.ok(err)
			equal(t, "v2", slices.Contains(w.server.Commands()[had:], "version=2 git-upload-pack '"+path+"'"), tc.v2)
			if !push {
				return
			}
			base := x.tip(r)
			next := x.commit(r, base, write(release, tc.name))
			x.ok(r.Push(x.ctx, base, next))
			equal(t, "pushed by", strings.HasPrefix(w.last(), " git-receive-pack '"), true)
			equal(t, "branch", x.git(w.world.server, "rev-parse", "main"), next.Commit().String())
			x.git(c, "ls-remote", "origin") // git can do it as well
		})
	}
}

// TestSSHRefusals ends each refusal as an *AuthError in ssh's words, and never waits for somebody to type.
func TestSSHRefusals(t *testing.T) {
	t.Parallel()
	w := newSSHWorld(t)
	other, err := gittest.NewSSHKey(filepath.Join(w.dir, "other"))
	w.ok(err)
	rows := []struct{ name, known, key, want, hint string }{
		{"unknown host", "", w.key, "host key is not known", "ssh-keyscan -p " + w.server.Port + " " + w.server.Host},
		{"changed host", w.server.KnownHosts(other.PublicKey()), w.key, "REMOTE HOST IDENTIFICATION HAS CHANGED", "ssh-keygen -R '[" + w.server.Host + "]:" + w.server.Port + "'"},
		{"other key", w.server.KnownHosts(nil), filepath.Join(w.dir, "other"), "Permission denied (publickey)", "ssh -T -p " + w.server.Port + " git@" + w.server.Host},
	}
	for i, tc := range rows {
		c := w.bareRemote(fmt.Sprint("c", i), "ssh://git@"+net.JoinHostPort(w.server.Host, w.server.Port)+"/deploy.git")
		known := w.write(fmt.Sprint("known", i), tc.known)
		c.Env = append(c.Env, "GIT_SSH_COMMAND=ssh -F none -o UserKnownHostsFile="+known+" -o GlobalKnownHostsFile=none -o IdentitiesOnly=yes -i "+tc.key)
		before := files(t, c.Dir)
		_, err := w.try(c)
		var auth *gitops.AuthError
		if !errors.As(err, &auth) || !strings.Contains(err.Error(), tc.want) || !strings.Contains(hints(err), tc.hint) {
			t.Errorf("%s: want %q and %q, got %v and %q", tc.name, tc.want, tc.hint, err, hints(err))
		}
		equal(t, tc.name, files(t, c.Dir), before)
	}
	for name, url := range map[string]string{"no such repository": "ssh://git@" + net.JoinHostPort(w.server.Host, w.server.Port) + "/nothing.git", "refused connection": "ssh://git@127.0.0.1:1/deploy.git"} {
		c := w.bareRemote(name, url)
		c.Env = append(c.Env, "GIT_SSH_COMMAND=ssh -F "+w.config)
		_, err := w.try(c)
		var tr *gitops.TransportError
		if !errors.As(err, &tr) || !strings.Contains(err.Error(), "nothing.git") && !strings.Contains(err.Error(), "Connection refused") {
			t.Errorf("%s: %v", name, err)
		}
		again, _ := gitops.Retryable(err)
		equal(t, name+": to be tried again", again, name == "refused connection")
	}
}

// TestSSHIsBoundByTheContext: a listener that takes connections and says nothing.
func TestSSHIsBoundByTheContext(t *testing.T) {
	t.Parallel()
	needSSH(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w := newWorld(t)
	for name, command := range map[string]string{"ssh": "exec ssh -F none", "a script around it": "true; ssh -F none", "found out": w.script("wrapped", `ssh -F none "$@"; exit $?`)} {
		c := w.bareRemote(name, "ssh://git@"+l.Addr().String()+"/deploy.git")
		c.Env = append(c.Env, "GIT_SSH_COMMAND="+command)
		r := w.open(c, onMain)
		ctx, cancel := context.WithTimeout(w.ctx, 200*time.Millisecond)
		if _, err := r.Tip(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: want the deadline, got %v", name, err)
		}
		cancel()
	}
}

func TestSSHURLsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.clone("c", w.server.Dir)
	for url, env := range map[string]string{
		"ssh://-oProxyCommand=touch/x":   "A=1",
		"ssh://git@host:22/deploy.git":   "GIT_SSH_VARIANT=simple",
		"-oProxyCommand=x:deploy.git":    "A=1",
		"host:-oProxyCommand=x":          "A=1",
		"[git@host:notaport]:deploy.git": "A=1",
		"ssh://host":                     "A=1",
	} {
		w.git(c, "config", "remote.origin.url", url)
		c := *c
		c.Env = append(c.Env, env)
		var not *gitops.NotRepoError
		if r, err := gitops.Open(w.ctx, options(&c, onMain)); !errors.As(err, &not) {
			t.Errorf("%s: want *NotRepoError, got %v %v", url, err, r)
		}
	}
}

// TestSSHArgumentsAgreeWithGit records what git gives to its ssh program, and what we do. The one difference is that ours
// is told to ask nothing where nobody can answer.
func TestSSHArgumentsAgreeWithGit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	said := filepath.Join(w.dir, "said")
	spy := w.script("spy", `printf '%s\n' "$@" > `+said+`; echo over: >&2; exit 1`)
	c := w.clone("c", w.server.Dir)
	arguments := func(run func()) string {
		os.Remove(said)
		run()
		return read(t, said)
	}
	for _, variant := range []string{"ssh", "plink", "putty", "tortoiseplink", "simple", "something"} {
		for _, url := range []string{
			"ssh://git@host/team/r.git", "ssh://host:2222/team/r.git", "ssh://git@[::1]:22/r.git", "ssh://host/~ana/r.git", "git@host:team/r.git", "host:/abs/r.git", "host:~/r.git",
			"[git@host:2222]:r.git", "git@[::1]:r.git", "[::1]:r.git", "ssh://host/with%20blank/it's!.git", "host:it's $HOME `x`.git", "git+ssh://host/r.git", "ssh://u%40d@host/r.git",
		} {
			if variant == "simple" && strings.Contains(strings.TrimPrefix(url, "ssh:"), ":22") {
				continue // which both refuse
			}
			w.git(c, "config", "remote.origin.url", url)
			for name, env := range map[string][]string{"": nil, "askpass": {"SSH_ASKPASS=/bin/true"}, "interactive": nil} {
				if name != "" && variant != "ssh" {
					continue
				}
				own := *c
				own.Env = append(append([]string(nil), c.Env...), append(env, "GIT_SSH="+spy, "GIT_SSH_VARIANT="+variant)...)
				got := arguments(func() {
					if _, err := w.try(&own, func(o *gitops.Options) { o.Env.Interactive = name == "interactive" }); err == nil {
						t.Fatal("the spy signs nobody in")
					}
				})
				batch := map[string]string{"ssh": "-o\nBatchMode=yes\n", "something": "-o\nBatchMode=yes\n", "plink": "-batch\n"}[variant]
				if name == "" && batch != "" {
					plain := strings.Replace(got, batch, "", 1)
					if plain == got {
						t.Errorf("%s: may ask: %q", variant, got)
					}
					got = plain
				}
				want := arguments(func() { own.Run(w.ctx, "ls-remote", "origin") }) //nolint:errcheck // the spy refuses
				equal(t, variant+" "+url+" "+name, got, want)
			}
		}
	}
}
