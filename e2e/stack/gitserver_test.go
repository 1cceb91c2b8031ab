package stack

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestGitServerTakesPushesAndServesThem(t *testing.T) {
	git, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	server, err := newGitServer(git, filepath.Join(dir, "root"))
	if err != nil {
		t.Fatal(err)
	}
	defer server.close()
	if err := server.Create(context.Background(), "deployments"); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.Command(git, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), append(gitEnv(), "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com",
			"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return strings.TrimSpace(string(out))
	}
	run("init", "-q", "-b", "main", "work")
	// Larger than git's post buffer of 1 MiB, so that the push is sent in chunks.
	large := strings.Repeat("0123456789abcdef", 1<<17)
	if err := os.WriteFile(filepath.Join(dir, "work", "large"), []byte(large), 0o644); err != nil {
		t.Fatal(err)
	}
	run("-C", "work", "add", "large")
	run("-C", "work", "commit", "-q", "-m", "first")
	run("-C", "work", "-c", "core.compression=0", "push", "-q", server.URL("deployments"), "main")
	want := run("-C", "work", "rev-parse", "HEAD")
	if got := run("ls-remote", server.URL("deployments"), "refs/heads/main"); got != want+"\trefs/heads/main" {
		t.Errorf("the remote has %q, want %s", got, want)
	}
}
