package gitops_test

import (
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/gitops/gittest"
)

// hints collects what an error and those that it wraps advise.
func hints(err error) string {
	var h interface{ Hints() []string }
	if errors.As(err, &h) {
		return strings.Join(h.Hints(), "\n")
	}
	return ""
}

// TestTLS reaches a server of a private authority, one that asks for a client certificate, in every way that git has of
// naming the files; git is beside it in each row.
func TestTLS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ca, err := gittest.NewAuthority()
	w.ok(err)
	cert, err := ca.Issue(w.dir, "server")
	w.ok(err)
	_, err = ca.Issue(w.dir, "client")
	w.ok(err)
	at := func(name string) string { return filepath.Join(w.dir, name) }
	crt, key := at("client.crt"), at("client.key")
	w.write("both.pem", read(t, crt)+read(t, key))
	pem := w.write("ca.pem", string(ca.PEM()))
	w.ok(os.WriteFile(filepath.Join(w.home, "ca.pem"), ca.PEM(), 0o600))
	// OpenSSL finds a certificate in a folder by the hash of its subject; this one need not.
	folder := filepath.Dir(w.write("authorities/private.pem", string(ca.PEM())))
	encrypted := w.write("locked.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n")
	open := w.serve(gittest.Options{TLS: &tls.Config{Certificates: []tls.Certificate{cert}}})
	strict := w.serve(gittest.Options{TLS: &tls.Config{Certificates: []tls.Certificate{cert}, ClientCAs: ca.Pool(), ClientAuth: tls.RequireAndVerifyClientCert}})
	site := strings.TrimSuffix(open, "deploy.git")
	rows := []struct {
		name, url string
		config    []string
		env       []string
		fails     string // part of the message
		hint      string
		ours      bool // git, or its library, has no such rule
	}{
		{name: "unknown authority", url: open, fails: "unknown authority", hint: "sslCAInfo"},
		{name: "sslCAInfo", url: open, config: []string{"http.sslCAInfo=" + pem}},
		{name: "sslCAInfo at home", url: open, config: []string{"http.sslCAInfo=~/ca.pem"}},
		{name: "sslCAInfo of the host", url: open, config: []string{"http." + site + ".sslCAInfo=" + pem}},
		{name: "sslCAInfo of another", url: open, config: []string{"http.https://other.example/.sslCAInfo=" + pem}, fails: "unknown authority", hint: "sslCAInfo"},
		{name: "sslCAInfo is not there", url: open, config: []string{"http.sslCAInfo=/nowhere/ca.pem"}, fails: "http.sslCAInfo: open /nowhere/ca.pem"},
		{name: "sslCAInfo is no certificate", url: open, config: []string{"http.sslCAInfo=" + key}, fails: "holds no certificate"},
		{name: "GIT_SSL_CAINFO", url: open, env: []string{"GIT_SSL_CAINFO=" + pem}},
		{name: "GIT_SSL_CAINFO before sslCAInfo", url: open, config: []string{"http.sslCAInfo=/nowhere/ca.pem"}, env: []string{"GIT_SSL_CAINFO=" + pem}},
		{name: "sslCAPath", url: open, config: []string{"http.sslCAPath=" + folder}, ours: true},
		{name: "GIT_SSL_CAPATH", url: open, env: []string{"GIT_SSL_CAPATH=" + folder}, ours: true},
		{name: "sslCAPath is not there", url: open, config: []string{"http.sslCAPath=/nowhere"}, fails: "http.sslCAPath: open /nowhere"},
		{name: "sslVerify", url: open, config: []string{"http.sslVerify=false"}},
		{name: "sslVerify of another", url: open, config: []string{"http.https://other.example/.sslVerify=false"}, fails: "unknown authority", hint: "sslCAInfo"},
		{name: "sslVerify on again", url: open, config: []string{"http.sslVerify=false", "http." + site + ".sslVerify=true"}, fails: "unknown authority", hint: "sslCAInfo"},
		{name: "GIT_SSL_NO_VERIFY", url: open, env: []string{"GIT_SSL_NO_VERIFY=1"}},
		{name: "GIT_SSL_NO_VERIFY whatever it says", url: open, env: []string{"GIT_SSL_NO_VERIFY=0"}},
		{name: "no client certificate", url: strict, env: []string{"GIT_SSL_CAINFO=" + pem}, fails: "certificate required", hint: "sslCert"},
		{name: "sslCert", url: strict, env: []string{"GIT_SSL_CAINFO=" + pem}, config: []string{"http.sslCert=" + crt, "http.sslKey=" + key}},
		{name: "GIT_SSL_CERT", url: strict, env: []string{"GIT_SSL_CAINFO=" + pem, "GIT_SSL_CERT=" + crt, "GIT_SSL_KEY=" + key}},
		{name: "key in the same file", url: strict, env: []string{"GIT_SSL_CAINFO=" + pem}, config: []string{"http.sslCert=" + at("both.pem")}, ours: true},
		{name: "sslKey is not there", url: strict, env: []string{"GIT_SSL_CAINFO=" + pem}, config: []string{"http.sslCert=" + crt, "http.sslKey=/nowhere/key"}, fails: "http.sslKey: open /nowhere/key"},
		{name: "sslKey is locked", url: strict, env: []string{"GIT_SSL_CAINFO=" + pem}, config: []string{"http.sslCert=" + crt, "http.sslKey=" + encrypted}, fails: "is encrypted"},
	}
	c := w.bareRemote("c", open)
	for _, tc := range rows {
		t.Run(tc.name, func(t *testing.T) {
			w := *w
			w.t, w.ctx = t, t.Context()
			w.git(c, "remote", "set-url", "origin", tc.url)
			w.ok(os.WriteFile(filepath.Join(w.home, ".gitconfig"), nil, 0o600))
			for _, kv := range tc.config {
				k, v, _ := strings.Cut(kv, "=")
				w.git(c, "config", "--global", k, v)
			}
			own := *c
			own.Env = append(c.Env, tc.env...)
			for _, opts := range [][]func(*gitops.Options){nil, {withoutGit}} {
				r, err := gitops.Open(w.ctx, options(&own, append(opts, onMain)...))
				if err == nil {
					_, err = r.Tip(w.ctx)
					r.Close()
				}
				if err == nil && tc.fails == "" {
					continue
				}
				var tr *gitops.TransportError
				if !errors.As(err, &tr) || tc.fails == "" || !strings.Contains(err.Error(), tc.fails) || !strings.Contains(hints(err), tc.hint) {
					t.Errorf("want %q and %q, got %v and %q", tc.fails, tc.hint, err, hints(err))
				}
			}
			if !tc.ours {
				_, err := own.Run(t.Context(), "ls-remote", "origin")
				equal(t, "git failed", err != nil, tc.fails != "")
			}
		})
	}
	// A push, and git's own fetch, over it.
	w.git(c, "remote", "set-url", "origin", strict)
	for k, v := range map[string]string{"sslCAInfo": pem, "sslCert": crt, "sslKey": key} {
		w.git(c, "config", "http."+k, v)
	}
	_, err = w.server.Commit(w.ctx, "main", "ahead", map[string]string{"ahead": "x"})
	w.ok(err)
	r := w.open(c)
	base := w.tip(r)
	next := w.commit(r, base, write(release, "v2\n"))
	w.ok(r.Push(w.ctx, base, next))
	equal(t, "branch", w.git(w.server, "rev-parse", "main"), next.Commit().String())
}

func onMain(o *gitops.Options) { o.Branch = "main" }

func options(c *gittest.Repo, change ...func(*gitops.Options)) gitops.Options {
	o := gitops.Options{Path: c.Dir, Env: gitops.Env{Environ: c.Env, Git: c.Git}}
	for _, f := range change {
		f(&o)
	}
	return o
}
