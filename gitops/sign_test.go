package gitops_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/modelops/modelops/gitops"
)

// program finds a program that a test needs beside git; on a machine that prepares itself for the tests it has to be there.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && os.Getenv("CI") != "true" {
		t.Skip(name + ", which this test drives, is not installed")
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// run runs a program with the world's variables.
func (w *world) run(in, name string, args ...string) string {
	w.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env, cmd.Stdin = w.dir, w.server.Env, strings.NewReader(in)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		w.t.Fatalf("%s %v: %v: %s", name, args, err, errs.String())
	}
	return string(out)
}

// keyring gives gpg and gpgsm a home of their own, whose path is short enough for a socket, and ends its agent.
func (w *world) keyring() string {
	w.t.Helper()
	home, err := os.MkdirTemp("", "kr")
	w.ok(err)
	w.server.Env = append(w.server.Env, "GNUPGHOME="+home)
	w.ok(os.WriteFile(filepath.Join(home, "gpgsm.conf"), []byte("disable-crl-checks\n"), 0o600))
	w.t.Cleanup(func() {
		w.run("", "gpgconf", "--kill", "all")
		os.RemoveAll(home)
	})
	return home
}

func (w *world) sshKey(name string) string {
	w.t.Helper()
	key := filepath.Join(w.dir, name)
	w.run("", program(w.t, "ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", key)
	return key
}

// sshAgent starts an agent that has the key, and takes the private half off the disk.
func (w *world) sshAgent(key string) {
	w.t.Helper()
	out := w.run("", program(w.t, "ssh-agent"), "-a", filepath.Join(w.dir, "agent"))
	pid := regexp.MustCompile(`SSH_AGENT_PID=(\d+)`).FindStringSubmatch(out)[1]
	w.server.Env = append(w.server.Env, "SSH_AUTH_SOCK="+filepath.Join(w.dir, "agent"))
	w.t.Cleanup(func() { exec.Command("kill", pid).Run() })
	w.run("", "ssh-add", "-q", key)
	w.ok(os.Remove(key))
}

func line(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(data))
}

// signings prepare a key of one kind and return the settings that choose it.
var signings = map[string]func(w *world) map[string]string{
	"openpgp": func(w *world) map[string]string {
		program(w.t, "gpg")
		w.keyring()
		w.run("", "gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "", "--quick-generate-key", "Ana <ana@example.com>", "ed25519", "sign", "never")
		return map[string]string{}
	},
	"x509": func(w *world) map[string]string {
		program(w.t, "gpgsm")
		home := w.keyring()
		w.ok(os.WriteFile(filepath.Join(home, "ask"), []byte("Key-Type: RSA\nKey-Length: 2048\nKey-Usage: sign, cert\nSerial: random\nName-DN: CN=Ana\nName-Email: ana@example.com\n"), 0o600))
		cert := w.run("", "gpgsm", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "", "--generate-key", filepath.Join(home, "ask"))
		w.run(cert, "gpgsm", "--batch", "--quiet", "--import")
		print := regexp.MustCompile(`fpr:+([0-9A-F]{40})`).FindStringSubmatch(w.run("", "gpgsm", "--batch", "--list-keys", "--with-colons"))[1]
		w.ok(os.WriteFile(filepath.Join(home, "trustlist.txt"), []byte(print+" S relax\n"), 0o600))
		w.run("", "gpgconf", "--reload", "gpg-agent")
		return map[string]string{"gpg.format": "x509", "user.signingKey": "0x" + print}
	},
	"ssh, a file": func(w *world) map[string]string {
		key := w.sshKey("key")
		return map[string]string{"gpg.format": "ssh", "user.signingKey": key}
	},
	"ssh, a file at home": func(w *world) map[string]string {
		w.sshKey("home/key")
		w.run("", "cp", "home/key.pub", "key.pub")
		return map[string]string{"gpg.format": "ssh", "user.signingKey": "~/key"}
	},
	"ssh, key:: in the agent": func(w *world) map[string]string {
		key := w.sshKey("key")
		w.sshAgent(key)
		return map[string]string{"gpg.format": "ssh", "user.signingKey": "key::" + line(w.t, key+".pub")}
	},
	"ssh, the key itself": func(w *world) map[string]string {
		key := w.sshKey("key")
		w.sshAgent(key)
		return map[string]string{"gpg.format": "ssh", "user.signingKey": line(w.t, key+".pub")}
	},
	"ssh, the agent's first": func(w *world) map[string]string {
		w.sshAgent(w.sshKey("key"))
		return map[string]string{"gpg.format": "ssh", "gpg.ssh.defaultKeyCommand": "ssh-add -L"}
	},
}

// TestSigning makes the commits that commit.gpgSign asks for, again when a push has lost, and lets git verify them.
func TestSigning(t *testing.T) {
	for name, prepare := range signings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			set := prepare(w)
			set["commit.gpgSign"] = "true"
			if set["gpg.format"] == "ssh" {
				allowed := filepath.Join(w.dir, "allowed")
				w.ok(os.WriteFile(allowed, []byte("ana@example.com "+line(t, filepath.Join(w.dir, "key.pub"))+"\n"), 0o600))
				set["gpg.ssh.allowedSignersFile"] = allowed
			}
			for k, v := range set {
				w.git(w.server, "config", k, v)
			}
			r := w.open(w.server)
			base := w.tip(r)
			lost := w.commit(r, base, write(release, "v2\n"))
			w.ok(r.Push(w.ctx, base, w.commit(r, base, write("README.md", "other\n"))))
			var stale *gitops.StaleError
			if err := r.Push(w.ctx, base, lost); !errors.As(err, &stale) {
				t.Fatalf("want *StaleError, got %v", err)
			}
			base = w.tip(r)
			next := w.commit(r, base, write(release, "v2\n"))
			w.ok(r.Push(w.ctx, base, next))
			w.git(w.server, "verify-commit", "main~1", "main")
			equal(t, "signed", next.Info().Signed, true)
			w.fsck(w.server)
		})
	}
}

// TestSigningRefused: where a signature is asked for and cannot be made, nothing is written, and the error says why.
func TestSigningRefused(t *testing.T) {
	cases := map[string]struct {
		prepare    func(w *world) map[string]string
		want, hint string
	}{
		"no program": {func(*world) map[string]string { return map[string]string{"gpg.program": "/nowhere/gpg"} },
			"sign the commit with /nowhere/gpg: the program is not there", "gpg.program"},
		"no format": {func(*world) map[string]string { return map[string]string{"gpg.format": "odd"} },
			"sign the commit with odd: gpg.format is not openpgp, x509 or ssh", "commit.gpgSign false"},
		"no ssh key named": {func(*world) map[string]string { return map[string]string{"gpg.format": "ssh"} },
			"sign the commit with ssh-keygen: no key is configured", "user.signingKey PATH"},
		"no ssh key there": {func(w *world) map[string]string {
			program(w.t, "ssh-keygen")
			return map[string]string{"gpg.format": "ssh", "user.signingKey": "/nowhere/key"}
		}, "sign the commit with ssh-keygen: Couldn't load public key /nowhere/key: No such file or directory", "commit.gpgSign false"},
		"no default key": {func(*world) map[string]string {
			return map[string]string{"gpg.format": "ssh", "gpg.ssh.defaultKeyCommand": "echo no-key"}
		}, "sign the commit with ssh-keygen: gpg.ssh.defaultKeyCommand printed no key", "ssh-add -L"},
		"default key fails": {func(*world) map[string]string {
			return map[string]string{"gpg.format": "ssh", "gpg.ssh.defaultKeyCommand": "echo locked >&2; exit 1"}
		}, "sign the commit with gpg.ssh.defaultKeyCommand: locked", "commit.gpgSign false"},
		"no secret key": {func(w *world) map[string]string {
			program(w.t, "gpg")
			w.keyring()
			w.run("", "gpg", "--quiet", "--list-keys")
			return map[string]string{"user.signingKey": "0123456789ABCDEF"}
		}, "sign the commit with gpg: gpg: skipped \"0123456789ABCDEF\": No secret key; gpg: signing failed: No secret key", "commit.gpgSign false"},
		"a program that lies": {func(*world) map[string]string { return map[string]string{"gpg.program": "true"} },
			"sign the commit with true: no signature was made", "commit.gpgSign false"},
		"no terminal for the passphrase": {func(w *world) map[string]string {
			program(w.t, "gpg")
			home := w.keyring()
			w.ok(os.WriteFile(filepath.Join(home, "gpg-agent.conf"), []byte("pinentry-program /nowhere/pinentry\ndefault-cache-ttl 0\nmax-cache-ttl 0\n"), 0o600))
			w.run("", "gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "s3cret", "--quick-generate-key", "Ana <ana@example.com>", "ed25519", "sign", "never")
			return map[string]string{}
		}, "sign the commit with gpg: gpg: signing failed: No pinentry", "GPG_TTY"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.git(w.server, "config", "commit.gpgSign", "true")
			for k, v := range tc.prepare(w) {
				w.git(w.server, "config", k, v)
			}
			r := w.open(w.server)
			before := files(t, w.server.Dir)
			_, err := r.Commit(w.ctx, w.tip(r), write(release, "v2\n"), identity(t, r))
			var sign *gitops.SignError
			if !errors.As(err, &sign) {
				t.Fatalf("want *SignError, got %v", err)
			}
			if !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("\n got: %s\nwant: %s", err, tc.want)
			}
			if !strings.Contains(strings.Join(sign.Hints(), "\n"), tc.hint) {
				t.Errorf("hints %q do not name %s", sign.Hints(), tc.hint)
			}
			equal(t, "files", files(t, w.server.Dir), before)
		})
	}
}
