//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// account is somebody at a machine of their own, who has no clone: a home folder with git's configuration, in which git
// and modelops find how to sign in.
type account struct {
	home string
	url  string // of the deployment repository
}

// newAccount writes a home folder; config is what its .gitconfig holds beside the identity.
func newAccount(t *testing.T, url, config string) account {
	t.Helper()
	a := account{home: t.TempDir(), url: url}
	write(t, a.home, map[string]string{".gitconfig": "[user]\n\tname = Ana Example\n\temail = ana@example.com\n" + config})
	return a
}

// withToken signs in over HTTP through git's own credential store.
func withToken(t *testing.T, url, user, token string) account {
	t.Helper()
	base := url[:strings.Index(url[len("http://"):], "/")+len("http://")]
	a := newAccount(t, url, "")
	store := filepath.Join(a.home, "credentials")
	write(t, a.home, map[string]string{"credentials": strings.Replace(base, "://", "://"+user+":"+token+"@", 1) + "\n"})
	git(t, a.home, "config", "--file", ".gitconfig", "credential."+base+".helper", "store --file="+store)
	return a
}

// withKey signs in over ssh, and takes the server for what it is only by its key.
func withKey(t *testing.T, url, key, knownHosts string) account {
	t.Helper()
	a := newAccount(t, url, "")
	write(t, a.home, map[string]string{
		"known_hosts": knownHosts,
		"ssh_config": "Host *\n  IdentitiesOnly yes\n  IdentityFile " + key + "\n  StrictHostKeyChecking yes\n" +
			"  GlobalKnownHostsFile none\n  UserKnownHostsFile " + filepath.Join(a.home, "known_hosts") + "\n",
	})
	git(t, a.home, "config", "--file", ".gitconfig", "core.sshCommand", "ssh -F "+filepath.Join(a.home, "ssh_config"))
	return a
}

func (a account) env() []string {
	return []string{
		"HOME=" + a.home, "XDG_CONFIG_HOME=" + filepath.Join(a.home, ".config"), "CI=true",
		"GIT_CONFIG_GLOBAL=" + filepath.Join(a.home, ".gitconfig"), "GIT_CONFIG_SYSTEM=" + os.DevNull, "GIT_TERMINAL_PROMPT=0",
	}
}

// run runs modelops on the URL, in a folder that is no clone.
func (a account) run(t *testing.T, args ...string) result {
	t.Helper()
	return runTool(within(t, 2*time.Minute), t, a.home, a.env(), append([]string{"--repo", a.url, "-v"}, args...)...)
}

// expect runs modelops and ends the test unless it exits with the code.
func (a account) expect(t *testing.T, code int, args ...string) result {
	t.Helper()
	r := a.run(t, args...)
	if r.code != code {
		t.Fatalf("want exit %d: %s", code, r)
	}
	return r
}

// git runs git with the account's configuration.
func (a account) git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	return gitWith(t, dir, a.env(), args...)
}

// tip is the commit that the branch is at.
func (a account) tip(t *testing.T) string {
	t.Helper()
	tip, _, _ := strings.Cut(a.git(t, a.home, "ls-remote", a.url, "refs/heads/main"), "\t")
	return tip
}

// The models of the deployment repository that remotes are tested with.
var remoteModels = []string{"resnet", "bert"}

// seed is a deployment repository as a platform engineer starts one, committed and ready to be pushed.
func seed(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	tool(t) // before the clock of the first command starts
	modelops := func(args ...string) {
		if r := runTool(within(t, time.Minute), t, dir, userEnv(), args...); r.code != 0 {
			t.Fatal(r)
		}
	}
	git(t, dir, "init", "-q", "-b", "main")
	modelops("init", ".", "--git-url", "https://git.example.com/ml/deploy.git")
	modelops("team", "add", team)
	for _, model := range remoteModels {
		modelops("model", "add", team+"/"+model, "--runtime", "custom", "--image", "registry.example/models/"+model)
	}
	git(t, dir, "add", "--all")
	git(t, dir, "commit", "-q", "-m", "start the deployment repository")
	return dir
}

// A change on a remote without a clone costs at most this, whatever the size of the repository.
const (
	maxRequests = 12
	maxBytes    = 40_000 // in both directions, beyond the server's own list of refs
)

var trafficLine = regexp.MustCompile(`(?m)^.*: (\d+) requests, (\d+) bytes sent, (\d+) received(?: \((\d+) of it its list of refs\))?$`)

// expectCheap reads what -v says was exchanged, logs it and holds it against the limits.
func expectCheap(t *testing.T, r result) {
	t.Helper()
	m := trafficLine.FindStringSubmatch(r.stderr)
	if m == nil {
		t.Fatalf("it does not say what was exchanged: %s", r)
	}
	t.Logf("%s after %s: %s", strings.Join(r.args[3:5], " "), r.took.Round(time.Millisecond), m[0])
	var n [4]int
	for i, digits := range m[1:] {
		n[i], _ = strconv.Atoi(digits) // no list of refs counts as 0
	}
	if requests, bytes := n[0], n[1]+n[2]-n[3]; requests > maxRequests || bytes > maxBytes {
		t.Errorf("%d requests and %d bytes beyond the list of refs, want at most %d and %d", requests, bytes, maxRequests, maxBytes)
	}
}

// changeWithoutClone takes a model through promotes, a revert and holds on a remote, and looks at the result in a clone that
// git made.
func changeWithoutClone(t *testing.T, a account, start string) {
	a.git(t, start, "push", "-q", a.url, "main")
	o := overlay{"resnet", staging}
	expectCheap(t, a.expect(t, 0, promote(o, "1.0.0", "600d1")...))
	clone := t.TempDir()
	a.git(t, clone, "clone", "-q", a.url, ".")
	before := git(t, clone, "rev-parse", "HEAD:"+o.folder())

	expectCheap(t, a.expect(t, 0, promote(o, "2.0.0", "600d2")...))
	expectCheap(t, a.expect(t, 0, promote(overlay{"resnet", prod}, "", "")...))
	expectWords(t, a.expect(t, 0, "status").stdout, `vision/resnet +staging +2\.0\.0 .* ok\n`, `vision/resnet +prod +2\.0\.0 .* ok\n`)
	expectCheap(t, a.expect(t, 0, "revert", o.name(), "--env", staging, "--bad", "2.0.0", "--reason", "accuracy dropped"))
	expectWords(t, a.expect(t, 0, "diff", git(t, clone, "rev-parse", "HEAD")).stdout, `vision-prod/resnet`)
	expectWords(t, a.expect(t, 0, "history", o.name(), "--env", staging).stdout,
		`revert +2\.0\.0 -> 1\.0\.0 .*accuracy dropped`, `promote +1\.0\.0 -> 2\.0\.0`, `promote +1\.0\.0 `)
	a.expect(t, 4, promote(o, "2.0.0", "600d2")...)
	a.expect(t, 0, "hold", team, "--env", prod, "--reason", "freeze")
	expectWords(t, a.expect(t, 4, promote(overlay{"resnet", prod}, "", "")...).stderr, "freeze")
	a.expect(t, 0, "unhold", team, "--env", prod, "--reason", "thawed")

	a.git(t, clone, "pull", "-q", "--ff-only")
	if after := git(t, clone, "rev-parse", "HEAD:"+o.folder()); after != before {
		t.Errorf("after the revert the folder's tree is %s, want %s", after, before)
	}
	git(t, clone, "fsck", "--strict")
	if n := git(t, clone, "rev-list", "--count", "--first-parent", "HEAD"); n != "7" {
		t.Errorf("the branch has %s commits, want 7", n)
	}
	if r := runTool(within(t, time.Minute), t, clone, a.env(), "render", "--check"); r.code != 0 {
		t.Error(r)
	}
}

// changeThroughTemporaryClone promotes and reverts where the server does not get to know that it is asked for version 2 of
// Git's protocol, as behind an ssh program that passes no variables on.
func changeThroughTemporaryClone(t *testing.T, a account) {
	o := overlay{"resnet", staging}
	for i, version := range []string{"1.0.0", "2.0.0"} {
		r := a.expect(t, 0, promote(o, version, fmt.Sprintf("600d%d", i+1))...)
		expectWords(t, r.stderr, "a temporary clone is made")
	}
	a.expect(t, 0, "revert", o.name(), "--env", staging, "--bad", "2.0.0", "--reason", "accuracy dropped")
	expectWords(t, a.expect(t, 0, "history", o.name(), "--env", staging).stdout, `revert +2\.0\.0 -> 1\.0\.0 `, `promote +1\.0\.0 `)
}

// expectWords checks that a text has each of the patterns.
func expectWords(t *testing.T, text string, patterns ...string) {
	t.Helper()
	for _, p := range patterns {
		if !regexp.MustCompile(p).MatchString(text) {
			t.Errorf("%q is not in:\n%s", p, text)
		}
	}
}

// changeAtOnce has somebody at each account promote a model of their own several times, all on one branch, and sees that
// every change arrived.
func changeAtOnce(t *testing.T, accounts ...account) {
	const versions = 3
	t.Run("writers", func(t *testing.T) {
		for i, a := range accounts {
			t.Run(remoteModels[i], func(t *testing.T) {
				t.Parallel()
				for v := range versions {
					a.expect(t, 0, promote(overlay{remoteModels[i], staging}, fmt.Sprintf("1.%d.0", v), fmt.Sprintf("600d%d", v))...)
				}
			})
		}
	})
	clone := t.TempDir()
	accounts[0].git(t, clone, "clone", "-q", accounts[0].url, ".")
	if n, want := git(t, clone, "rev-list", "--count", "--first-parent", "HEAD"), fmt.Sprint(1+versions*len(accounts)); n != want {
		t.Errorf("the branch has %s commits, want %s", n, want)
	}
	for i := range accounts {
		expectWords(t, accounts[0].expect(t, 0, "status").stdout, fmt.Sprintf(`vision/%s +staging +1\.%d\.0 `, remoteModels[i], versions-1))
	}
}
