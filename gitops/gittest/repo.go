// Package gittest makes Git repositories for tests and for the demo, with the real git beside them: repositories to
// work on, and a server on the loopback interface that can be told to fail. It is an ordinary package without a
// testing.T, so that a program can use it as well.
package gittest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Clock is the time of every commit that Environ's identity makes: seconds since 1970, UTC.
const Clock = 1767225600

// Repo is a repository that is driven by the real git.
type Repo struct {
	Dir string   // the work tree, or the bare repository
	Git string   // the git program
	Env []string // what git runs with
}

// Environ returns variables that keep git away from the user's and the machine's configuration: a home of its own, an
// identity, a fixed date, no prompts.
func Environ(home string) []string {
	date := fmt.Sprintf("%d +0000", Clock)
	return []string{
		"HOME=" + home, "XDG_CONFIG_HOME=" + filepath.Join(home, "xdg"), "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C",
		"PATH=/usr/local/bin:/usr/bin:/bin", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=Ana", "GIT_AUTHOR_EMAIL=ana@example.com", "GIT_AUTHOR_DATE=" + date,
		"GIT_COMMITTER_NAME=Ana", "GIT_COMMITTER_EMAIL=ana@example.com", "GIT_COMMITTER_DATE=" + date,
	}
}

// Find returns the git program, or an error that says that these repositories need one.
func Find() (string, error) {
	p, err := exec.LookPath("git")
	if err != nil {
		return "", fmt.Errorf("find git, which test repositories are made with: %w", err)
	}
	return p, nil
}

// Init makes an empty repository with the branch main at dir.
func Init(ctx context.Context, dir, home string, bare bool) (*Repo, error) {
	git, err := Find()
	if err != nil {
		return nil, err
	}
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.MkdirAll(home, 0o755)); err != nil {
		return nil, err
	}
	r := &Repo{Dir: dir, Git: git, Env: Environ(home)}
	args := []string{"init", "--quiet", "--initial-branch=main"}
	if bare {
		args = append(args, "--bare")
	}
	_, err = r.Run(ctx, args...)
	return r, err
}

// Clone makes a clone of a URL or path at dir with further options of git clone.
func (r *Repo) Clone(ctx context.Context, dir, from string, options ...string) (*Repo, error) {
	args := append([]string{"clone", "--quiet"}, options...)
	_, err := r.Run(ctx, append(args, "--", from, dir)...)
	return &Repo{Dir: dir, Git: r.Git, Env: r.Env}, err
}

// Run runs git in the repository and returns what it prints, without the last newline.
func (r *Repo) Run(ctx context.Context, args ...string) (string, error) {
	return r.Feed(ctx, "", args...)
}

// Feed runs git with text on its standard input.
func (r *Repo) Feed(ctx context.Context, in string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, r.Git, args...) //nolint:gosec // tests run git
	cmd.Dir, cmd.Env, cmd.Stdin = r.Dir, r.Env, strings.NewReader(in)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(errs.String()))
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}

// Commit adds a commit to a branch that is not checked out: files by path, an empty string deletes. It returns the
// commit's id. The branch is made when it does not exist.
func (r *Repo) Commit(ctx context.Context, branch, message string, files map[string]string) (string, error) {
	ref := "refs/heads/" + branch
	var b strings.Builder
	fmt.Fprintf(&b, "commit %s\ncommitter Ana <ana@example.com> %d +0000\ndata %d\n%s\n", ref, Clock, len(message), message)
	if _, err := r.Run(ctx, "rev-parse", "--verify", "--quiet", ref); err == nil {
		fmt.Fprintf(&b, "from %s^0\n", ref)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if files[name] == "" {
			fmt.Fprintf(&b, "D %s\n", name)
			continue
		}
		fmt.Fprintf(&b, "M 100644 inline %s\ndata %d\n%s\n", name, len(files[name]), files[name])
	}
	if _, err := r.Feed(ctx, b.String(), "fast-import", "--quiet", "--force"); err != nil {
		return "", err
	}
	return r.Run(ctx, "rev-parse", ref)
}

// Write puts files into the work tree without adding them.
func (r *Repo) Write(files map[string]string) error {
	for name, data := range files {
		p := filepath.Join(r.Dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, []byte(data), 0o600)); err != nil {
			return err
		}
	}
	return nil
}

// Fsck returns an error unless git finds the repository without fault and without a broken ref.
func (r *Repo) Fsck(ctx context.Context) error {
	out, err := r.Run(ctx, "fsck", "--strict", "--no-dangling", "--no-progress")
	if err != nil {
		return err
	}
	if out != "" {
		return fmt.Errorf("git fsck: %s", out)
	}
	cmd := exec.CommandContext(ctx, r.Git, "for-each-ref") //nolint:gosec // tests run git
	cmd.Dir, cmd.Env = r.Dir, r.Env
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Run(); err != nil || errs.Len() > 0 {
		return fmt.Errorf("git for-each-ref: %w %s", err, errs.String())
	}
	return nil
}
