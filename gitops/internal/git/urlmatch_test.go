package git

import (
	"context"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelops/modelops/gitops/gittest"
)

// TestURLSettingsAgreeWithGit asks git config --get-urlmatch for every key of every URL under one long configuration.
func TestURLSettingsAgreeWithGit(t *testing.T) {
	t.Parallel()
	program, err := gittest.Find()
	if err != nil {
		t.Fatal(err)
	}
	patterns := []string{
		"", "https://example.com", "https://example.com/", "https://EXAMPLE.com", "https://example.com:443", "https://example.com:0443/", "https://example.com:8443",
		"http://example.com", "http://example.com:80/team", "https://*.example.com", "https://git.*.com", "https://*.*.com", "https://git.example.com",
		"https://bot@git.example.com", "https://bot@example.com/team", "https://ana@example.com", "https://bot:pw@example.com/team/repo",
		"https://example.com/team", "https://example.com/team/", "https://example.com/tea", "https://example.com/team/repo", "https://example.com/team/repo.git",
		"https://example.com/Team", "https://example.com/a/../team", "https://example.com/%74eam", "https://example.com/team%2Frepo", "https://", "example.com", "https://exam ple.com",
		"HTTPS://example.com/team", "https://*", "https://example.*", "https://[::1]:8080", "https://git.example.com./",
	}
	urls := []string{
		"https://example.com", "https://example.com/", "https://example.com/team/repo.git", "https://example.com/team/repo", "https://example.com/team/repo/",
		"https://example.com:443/team", "https://example.com:8443/team", "http://example.com/team/x", "https://EXAMPLE.com/team", "https://git.example.com/r",
		"https://bot@git.example.com/r", "https://bot:secret@example.com/team/repo", "https://ana@example.com/team", "https://a.git.example.com/r",
		"https://example.com/Team/r", "https://example.com/teams", "https://example.com/t%65am/r", "https://example.com/team%2frepo/x", "https://git.example.com./r", "https://example.com/a/./b/../../team/", "https://example.org/r", "https://[::1]:8080/r",
	}
	keys := []string{"extraheader", "proxy", "sslcainfo", "sslcapath", "sslverify", "sslcert", "sslkey"}
	file := filepath.Join(t.TempDir(), "config")
	env := append(gittest.Environ(t.TempDir()), "GIT_CONFIG_GLOBAL="+file)
	run := func(args ...string) string {
		cmd := exec.Command(program, args...)
		cmd.Env, cmd.Dir = env, filepath.Dir(file)
		out, err := cmd.Output()
		if err != nil && cmd.ProcessState.ExitCode() != 1 {
			t.Fatal(args, err)
		}
		return strings.TrimSuffix(string(out), "\n")
	}
	var text strings.Builder
	add := func(pattern, key, value string) {
		section := "[http]"
		if pattern != "" {
			section = "[http \"" + pattern + "\"]"
		}
		text.WriteString(section + "\n\t" + key + " = " + value + "\n")
	}
	for i, p := range patterns {
		add(p, keys[i%len(keys)], "one "+p)
		add(p, "proxy", "all "+p)
	}
	for i := range patterns { // the other way round, so that each comes behind less and more specific ones
		p := patterns[len(patterns)-1-i]
		add(p, keys[(i*3)%len(keys)], "two "+p)
	}
	writeFile(t, file, text.String())
	cfg, err := parseConfig(text.String())
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, raw := range urls {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keys {
			got, ok := cfg.LastForURL(u, k)
			if ok {
				found++
			}
			if want := run("config", "--get-urlmatch", "http."+k, raw); got != want {
				t.Errorf("%s for %s\n got: %q\nwant: %q", k, raw, got, want)
			}
		}
	}
	if found < 50 {
		t.Errorf("only %d settings applied", found)
	}
}

// TestReadURLsAgreeWithGit: where git itself would read from, asked of git ls-remote.
func TestReadURLsAgreeWithGit(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	repo, err := gittest.Init(ctx, filepath.Join(dir, "r"), filepath.Join(dir, "home"), false)
	if err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) string {
		t.Helper()
		out, err := repo.Run(ctx, args...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for _, kv := range [][2]string{
		{"https://a.example/.insteadOf", "short:"}, {"https://b.example/long/.insteadOf", "short:x/"}, {"https://b.example/.insteadOf", "tie:"}, {"https://a.example/.insteadOf", "tie:"},
		{"https://push.example/.pushInsteadOf", "https://read.example/"}, {"ssh://git@h/.insteadOf", "https://h/"}, {"https://CASE/.insteadOf", "Case:"},
	} {
		run("config", "--add", "url."+kv[0], kv[1])
	}
	for _, raw := range []string{"short:r", "short:x/r", "tie:r", "https://read.example/r", "https://h/r", "Case:r", "case:r", "https://a.example/r", "/path", "../path"} {
		run("config", "--replace-all", "remote.origin.url", raw)
		run("config", "--add", "remote.origin.url", "short:second")
		cfg, err := LoadConfig(ctx, Program{Path: repo.Git, Dir: repo.Dir, Vars: repo.Env}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := cfg.Rewrite(cfg.First("remote.origin.url"), false), run("ls-remote", "--get-url", "origin"); got != want {
			t.Errorf("%s: got %s, want %s", raw, got, want)
		}
	}
}
