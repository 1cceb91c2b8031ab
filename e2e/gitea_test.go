//go:build e2e

package e2e

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelops/modelops/e2e/stack"
	"github.com/modelops/modelops/gitops/gittest"
)

// forge is Gitea with its people: the owner of all repositories, and somebody who may only read them.
type forge struct {
	*stack.Gitea
	start string // the deployment repository that each begins with
	keys  map[string]string
	token map[string]string
}

const (
	owner  = "ana"
	reader = "rea"
)

// TestGitea changes repositories on a real Git host without a clone, over HTTP and ssh, and meets what a host refuses.
// Beside it the same is done on git's own server program.
func TestGitea(t *testing.T) {
	f := newForge(t)
	t.Run("promote-and-revert", func(t *testing.T) {
		for name, a := range map[string]account{
			"gitea-http": f.overHTTP(t, f.repository(t, "http"), owner),
			"gitea-ssh":  f.overSSH(t, f.repository(t, "ssh"), owner),
			"git-http":   gitHTTP(t),
			"git-ssh":    gitSSH(t),
		} {
			t.Run(name, func(t *testing.T) { t.Parallel(); changeWithoutClone(t, a, f.start) })
		}
	})
	t.Run("at-once", func(t *testing.T) {
		name := f.seeded(t, "at-once")
		changeAtOnce(t, f.overHTTP(t, name, owner), f.overSSH(t, name, owner))
	})
	t.Run("doctor", func(t *testing.T) {
		name := f.seeded(t, "doctor")
		expectWords(t, f.overHTTP(t, name, owner).expect(t, 3, "doctor").stdout, `(?m)^ok +push: `, `(?m)^missing +argo cd: `)
		expectWords(t, f.withReadOnlyToken(t, name).expect(t, 3, "doctor").stdout, `(?m)^missing +push: .*not allowed \(HTTP 403\)`)
	})
	t.Run("old-protocol", func(t *testing.T) {
		a := f.overSSH(t, f.seeded(t, "old-protocol"), owner)
		git(t, a.home, "config", "--file", ".gitconfig", "core.sshCommand",
			"env -u GIT_PROTOCOL "+git(t, a.home, "config", "--file", ".gitconfig", "core.sshCommand"))
		changeThroughTemporaryClone(t, a)
	})
	t.Run("refused", func(t *testing.T) { refuse(t, f) })
}

// newForge starts Gitea with its people.
func newForge(t *testing.T) *forge {
	t.Helper()
	f := &forge{Gitea: current.startGitea(t), start: seed(t), keys: map[string]string{}, token: map[string]string{}}
	ctx := within(t, time.Minute)
	dir := t.TempDir()
	for _, name := range []string{owner, reader} {
		f.keys[name] = filepath.Join(dir, name)
		public, err := stack.NewSSHKey(ctx, f.keys[name])
		if err != nil {
			t.Fatal(err)
		}
		if err := f.AddUser(ctx, name, public); err != nil {
			t.Fatal(err)
		}
		if f.token[name], err = f.NewToken(ctx, name, "write:repository"); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// repository makes an empty repository of the owner's and returns its name.
func (f *forge) repository(t *testing.T, name string) string {
	t.Helper()
	if err := f.AddRepository(within(t, time.Minute), owner, name); err != nil {
		t.Fatal(err)
	}
	return name
}

// seeded makes a repository that holds the deployment repository, which the reader may read.
func (f *forge) seeded(t *testing.T, name string) string {
	t.Helper()
	f.repository(t, name)
	a := f.overHTTP(t, name, owner)
	a.git(t, f.start, "push", "-q", a.url, "main")
	f.set(t, http.MethodPut, name, "/collaborators/"+reader, map[string]string{"permission": "read"})
	return name
}

// set changes a repository's settings.
func (f *forge) set(t *testing.T, method, name, path string, body any) {
	t.Helper()
	if err := f.Call(within(t, time.Minute), method, "/repos/"+owner+"/"+name+path, body, nil); err != nil {
		t.Fatal(err)
	}
}

func (f *forge) overHTTP(t *testing.T, name, user string) account {
	t.Helper()
	return withToken(t, f.URL+"/"+owner+"/"+name+".git", user, f.token[user])
}

func (f *forge) overSSH(t *testing.T, name, user string) account {
	t.Helper()
	return withKey(t, f.SSH+"/"+owner+"/"+name+".git", f.keys[user], f.KnownHosts)
}

// gitHTTP is an empty repository behind git http-backend, which asks for a password.
func gitHTTP(t *testing.T) account {
	t.Helper()
	const password = "secret-of-ana"
	server, err := gittest.Serve(gittest.Options{Root: bareRepository(t), Home: t.TempDir(), User: owner, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return withToken(t, server.URL+"/deploy.git", owner, password)
}

// gitSSH is an empty repository behind an ssh server that runs git's own programs.
func gitSSH(t *testing.T) account {
	t.Helper()
	key := filepath.Join(t.TempDir(), "key")
	signer, err := gittest.NewSSHKey(key)
	if err != nil {
		t.Fatal(err)
	}
	server, err := gittest.ServeSSH(gittest.SSHOptions{Root: bareRepository(t), Home: t.TempDir(), Allow: signer.PublicKey()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return withKey(t, "ssh://git@"+net.JoinHostPort(server.Host, server.Port)+"/deploy.git", key, server.KnownHosts(nil))
}

// bareRepository makes deploy.git in a folder, which it returns. Partial fetches are allowed, as on the usual hosts.
func bareRepository(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	git(t, root, "init", "-q", "--bare", "-b", "main", "deploy.git")
	git(t, root, "-C", "deploy.git", "config", "uploadpack.allowFilter", "true")
	return root
}

// refusal is a change that the host does not let through, and what is said of it.
type refusal struct {
	name string
	set  func(t *testing.T, repository string) // how the host is told to refuse; nil for not at all
	by   func(t *testing.T, repository string) account
	code int
	says []string // patterns in the message, in which line ends are part of the pattern
}

// refusals lists them. Over ssh, what is refused before a push begins is in the words of the program on the server.
func (f *forge) refusals() []refusal {
	protect := func(rule map[string]any) func(*testing.T, string) {
		rule["rule_name"] = "main"
		return func(t *testing.T, name string) { f.set(t, http.MethodPost, name, "/branch_protections", rule) }
	}
	archive := func(t *testing.T, name string) {
		f.set(t, http.MethodPatch, name, "", map[string]bool{"archived": true})
	}
	overHTTP := func(t *testing.T, name string) account { return f.overHTTP(t, name, owner) }
	overSSH := func(t *testing.T, name string) account { return f.overSSH(t, name, owner) }
	// declined is the end of a message with what Gitea's hook says.
	declined := func(words, hint string) []string {
		return []string{`error: push to main: refused: pre-receive hook declined\n  error: ` + words + `\n  nothing was pushed\nhint: ` + hint + `\n$`}
	}
	const pullRequest = "the branch is changed through a pull request here"
	denied := declined(`User permission denied for writing\.`, "the credential needs write on this repository")
	return []refusal{
		{"protected-http", protect(map[string]any{}), overHTTP, 4, declined("Not allowed to push to protected branch main", pullRequest)},
		{"protected-ssh", protect(map[string]any{}), overSSH, 4, declined("Not allowed to push to protected branch main", pullRequest)},
		{"protected-files", protect(map[string]any{"enable_push": true, "protected_file_patterns": "models/**"}), overHTTP, 4,
			declined(`branch main is protected from changing file models/vision/resnet/staging/\S+`, pullRequest)},
		// Gitea 1.26.0 stumbles over its own finding here, and says nothing of signatures.
		{"unsigned", protect(map[string]any{"enable_push": true, "require_signed_commits": true}), overHTTP, 4,
			declined(".*", "a rule of the server declined the commit; its own words say which")},
		{"archived-http", archive, overHTTP, 8, []string{`error: push to .*: not allowed \(HTTP 403\) for user "ana": This repo is archived\.`, "nothing was pushed"}},
		{"archived-ssh", archive, overSSH, 8, []string{`error: reach .*: error: Repo: ana/archived-ssh is archived\.\n$`}},
		{"reader-http", nil, func(t *testing.T, name string) account { return f.overHTTP(t, name, reader) }, 8, denied},
		{"reader-ssh", nil, func(t *testing.T, name string) account { return f.overSSH(t, name, reader) }, 8, denied},
		{"read-only-token", nil, f.withReadOnlyToken, 8, []string{`error: push to .*: not allowed \(HTTP 403\) for user "ana": Forbidden\n  nothing was pushed\nhint: the credential needs read and write`}},
		{"wrong-token", nil, func(t *testing.T, name string) account {
			return withToken(t, f.URL+"/"+owner+"/"+name+".git", owner, "0123456789abcdef0123456789abcdef01234567")
		}, 8, []string{`error: read .*: authentication failed \(HTTP 401\) for user "ana": .*\nhint: the credential needs read and write`}},
		{"no-token", nil, func(t *testing.T, name string) account { return newAccount(t, f.URL+"/"+owner+"/"+name+".git", "") }, 8,
			[]string{`error: read .*: authentication is required and no credential was found \(HTTP 401\).*\nhint: set MODELOPS_GIT_TOKEN `}},
		{"absent-http", nil, func(t *testing.T, _ string) account { return f.overHTTP(t, "absent", owner) }, 8, []string{`no such repository, or no right to see it \(HTTP 404\)`}},
		{"absent-ssh", nil, func(t *testing.T, _ string) account { return f.overSSH(t, "absent", owner) }, 8, []string{`error: reach .*: error: Cannot find repository: ana/absent\n$`}},
		{"unknown-key", nil, f.withUnknownKey, 8, []string{`none of the keys\n  .*Permission denied \(publickey\)\.\nhint: .*ssh -T -p \d+ git@127\.0\.0\.1 tries them\n$`}},
		{"unknown-host", nil, func(t *testing.T, name string) account {
			return withKey(t, f.SSH+"/"+owner+"/"+name+".git", f.keys[owner], "")
		}, 8, []string{`host key is not known\n(  .*\n)*  Host key verification failed\.\nhint: .*ssh-keyscan -p \d+ 127\.0\.0\.1 `}},
	}
}

func (f *forge) withReadOnlyToken(t *testing.T, name string) account {
	t.Helper()
	token, err := f.NewToken(within(t, time.Minute), owner, "read:repository")
	if err != nil {
		t.Fatal(err)
	}
	return withToken(t, f.URL+"/"+owner+"/"+name+".git", owner, token)
}

func (f *forge) withUnknownKey(t *testing.T, name string) account {
	t.Helper()
	key := filepath.Join(t.TempDir(), "key")
	if _, err := stack.NewSSHKey(context.WithoutCancel(t.Context()), key); err != nil {
		t.Fatal(err)
	}
	return withKey(t, f.SSH+"/"+owner+"/"+name+".git", key, f.KnownHosts)
}

// refuse promotes where the host does not let it through: the exit code tells why, the host's own words are shown, the
// branch stays where it was, and no token is shown.
func refuse(t *testing.T, f *forge) {
	for _, c := range f.refusals() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			repository := f.seeded(t, c.name)
			if c.set != nil {
				c.set(t, repository)
			}
			before := f.overHTTP(t, repository, owner).tip(t)
			r := c.by(t, repository).expect(t, c.code, promote(overlay{"resnet", staging}, "1.0.0", "600d1")...)
			message := r.stderr[strings.LastIndex(r.stderr, "\nerror: ")+1:]
			t.Log(message)
			expectWords(t, message, c.says...)
			if after := f.overHTTP(t, repository, owner).tip(t); after != before {
				t.Errorf("the branch moved from %s to %s", before, after)
			}
			for user, token := range f.token {
				if strings.Contains(r.stdout+r.stderr, token) {
					t.Errorf("the token of %s is shown: %s", user, r)
				}
			}
		})
	}
}
