package stack

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// GiteaProgram is a built Gitea.
type GiteaProgram struct {
	path   string
	static string // folder of the templates and locales, which lie in its module
}

// BuildGitea makes sure that Gitea is in the cache folder, which takes some minutes the first time. Processes that
// build into the same cache wait for each other.
func BuildGitea(ctx context.Context, cache string, log func(format string, args ...any)) (GiteaProgram, error) {
	b, unlock, err := openCache(ctx, cache, log)
	if err != nil {
		return GiteaProgram{}, err
	}
	defer unlock()
	p := giteaPart()
	path, err := b.ensure(ctx, p)
	if err != nil {
		return GiteaProgram{}, err
	}
	module, err := downloadModule(ctx, p.module, p.version)
	return GiteaProgram{path: path, static: module.Dir}, err
}

// Gitea is a running Git host with one administrator. The embedded API is Gitea's own, signed in as that.
type Gitea struct {
	jsonAPI
	// URL is where it serves HTTP, without a slash at the end.
	URL string
	// SSH is the address of its own ssh server as the beginning of a URL: ssh://git@127.0.0.1:PORT
	SSH string
	// KnownHosts is the ssh server's line of a known_hosts file.
	KnownHosts string

	program    GiteaProgram
	dir        string
	supervisor *supervisor
}

// giteaAdmin is the administrator that the tests set things up as.
const giteaAdmin = "root-admin"

// StartGitea starts Gitea with an empty database in a folder and returns when it answers, after some seconds. It runs until
// Stop, or until the process ends (at once on Linux).
func StartGitea(ctx context.Context, program GiteaProgram, dir string) (*Gitea, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	g := &Gitea{program: program, dir: dir, supervisor: newSupervisor(dir)}
	if err := g.start(ctx); err != nil {
		g.Stop()
		return nil, fmt.Errorf("start Gitea: %w", err)
	}
	return g, nil
}

func (g *Gitea) start(ctx context.Context) error {
	port, err := (&ports{taken: map[int]bool{}}).take(2)
	if err != nil {
		return err
	}
	web, ssh := port[0], port[1]
	g.URL, g.SSH = fmt.Sprintf("http://127.0.0.1:%d", web), fmt.Sprintf("ssh://git@127.0.0.1:%d", ssh)
	if err := g.configure(ctx, web, ssh); err != nil {
		return err
	}
	if _, err := g.command(ctx, "migrate"); err != nil {
		return err
	}
	if err := g.addAdmin(ctx); err != nil {
		return err
	}
	p, err := g.supervisor.start(command{name: "gitea", path: g.program.path, args: g.args("web"), dir: g.dir, env: g.env()})
	if err != nil {
		return err
	}
	return p.ready(ctx, answers(g.URL+"/api/healthz", ""))
}

// Stop ends it, and names it if it had ended before it was asked to.
func (g *Gitea) Stop() (gone []string) { return g.supervisor.stop() }

// configure writes the host key of the ssh server and app.ini.
func (g *Gitea) configure(ctx context.Context, web, ssh int) error {
	public, err := NewSSHKey(ctx, g.path("host_key"))
	if err != nil {
		return err
	}
	g.KnownHosts = fmt.Sprintf("[127.0.0.1]:%d %s\n", ssh, public)
	ini := fmt.Sprintf(giteaINI, g.dir, g.URL, web, g.program.static, ssh, g.path("host_key"), g.path("gitea.db"), g.path("repositories"), g.path("home"))
	return os.WriteFile(g.path("app.ini"), []byte(ini), 0o600)
}

// giteaINI is Gitea on loopback, set up already, without what tests have no use for. The secrets guard nothing.
const giteaINI = `WORK_PATH = %s
[server]
ROOT_URL = %s/
HTTP_ADDR = 127.0.0.1
HTTP_PORT = %d
STATIC_ROOT_PATH = %s
OFFLINE_MODE = true
START_SSH_SERVER = true
BUILTIN_SSH_SERVER_USER = git
SSH_LISTEN_HOST = 127.0.0.1
SSH_PORT = %d
SSH_SERVER_HOST_KEYS = %s
SSH_CREATE_AUTHORIZED_KEYS_FILE = false
[database]
DB_TYPE = sqlite3
PATH = %s
[repository]
ROOT = %s
DEFAULT_BRANCH = main
[git]
HOME_PATH = %s
[security]
INSTALL_LOCK = true
SECRET_KEY = end-to-end-tests
[log]
LEVEL = Warn
[service]
DISABLE_REGISTRATION = true
[actions]
ENABLED = false
[packages]
ENABLED = false
[indexer]
ISSUE_INDEXER_TYPE = db
[cron]
ENABLED = false
`

func (g *Gitea) path(name string) string { return filepath.Join(g.dir, name) }

func (g *Gitea) args(command ...string) []string {
	return append([]string{"--config=" + g.path("app.ini")}, command...)
}

// env keeps Gitea and its git away from the configuration of whoever runs the tests. Gitea refuses to run as root, which
// is who runs tests in a container.
func (g *Gitea) env() []string {
	env := []string{"HOME=" + g.path("home"), "GIT_CONFIG_SYSTEM=" + os.DevNull, "GIT_CONFIG_GLOBAL=" + g.path("home/.gitconfig")}
	if os.Getuid() == 0 {
		env = append(env, "GITEA_I_AM_BEING_UNSAFE_RUNNING_AS_ROOT=true")
	}
	return env
}

// command runs one of Gitea's administrative commands and returns what it prints.
func (g *Gitea) command(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, g.program.path, g.args(args...)...)
	cmd.Dir, cmd.Env = g.dir, append(os.Environ(), g.env()...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("gitea %s: %w\n%s", strings.Join(args, " "), err, tail(append(out, stderr.Bytes()...), 20))
	}
	return strings.TrimSpace(string(out)), nil
}

// addAdmin makes the administrator and signs in.
func (g *Gitea) addAdmin(ctx context.Context) error {
	_, err := g.command(ctx, "admin", "user", "create", "--admin", "--username", giteaAdmin, "--random-password",
		"--email", giteaAdmin+"@example.com", "--must-change-password=false")
	if err != nil {
		return err
	}
	token, err := g.NewToken(ctx, giteaAdmin, "all")
	g.jsonAPI = newJSONAPI(g.URL+"/api/v1", token)
	return err
}

// NewToken makes an access token of a user with scopes such as read:repository, separated by commas.
func (g *Gitea) NewToken(ctx context.Context, user, scopes string) (string, error) {
	out, err := g.command(ctx, "admin", "user", "generate-access-token", "--raw", "--username", user, "--token-name", rand.Text(), "--scopes", scopes)
	return out[strings.LastIndexByte(out, '\n')+1:], err // warnings may stand before it
}

// AddUser makes a user who signs in with tokens and with a key as ssh-keygen prints it.
func (g *Gitea) AddUser(ctx context.Context, name, publicKey string) error {
	user := map[string]any{"username": name, "email": name + "@example.com", "password": "never-used-" + name, "must_change_password": false}
	key := map[string]any{"title": "laptop", "key": publicKey}
	return errors.Join(
		g.Call(ctx, http.MethodPost, "/admin/users", user, nil),
		g.Call(ctx, http.MethodPost, "/admin/users/"+url.PathEscape(name)+"/keys", key, nil))
}

// AddRepository makes an empty private repository of a user's.
func (g *Gitea) AddRepository(ctx context.Context, owner, name string) error {
	repository := map[string]any{"name": name, "private": true, "auto_init": false}
	return g.Call(ctx, http.MethodPost, "/admin/users/"+url.PathEscape(owner)+"/repos", repository, nil)
}

// NewSSHKey makes a key pair with ssh-keygen in FILE and FILE.pub and returns the public key as one line.
func NewSSHKey(ctx context.Context, file string) (string, error) {
	out, err := exec.CommandContext(ctx, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("make a key with ssh-keygen (on Debian: apt-get install openssh-client): %w: %s", err, bytes.TrimSpace(out))
	}
	public, err := os.ReadFile(file + ".pub")
	return strings.TrimSpace(string(public)), err
}
