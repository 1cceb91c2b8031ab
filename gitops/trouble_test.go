package gitops_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/gitops/gittest"
)

// TestLockInTheWay: a lock of git's stops a move of the work tree before anything is begun, is named, and stays.
func TestLockInTheWay(t *testing.T) {
	for _, name := range []string{"index.lock", "HEAD.lock", "refs/heads/main.lock"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			c := w.clone("c", w.server.Dir)
			lock := filepath.Join(c.Dir, ".git", name)
			r := w.open(c)
			base := w.tip(r)
			next := w.commit(r, base, write(release, "v2\n"))
			w.ok(os.WriteFile(lock, nil, 0o600))
			before := files(t, c.Dir)
			var locked *gitops.LockedError
			if err := r.PushLocal(w.ctx, base, next); !errors.As(err, &locked) || locked.Lock != lock || locked.Since.IsZero() || !strings.Contains(locked.Hints()[0], "rm '"+lock+"'") {
				t.Fatalf("want *LockedError about %s, got %v", lock, err)
			}
			equal(t, "files", files(t, c.Dir), before)
			w.ok(r.Push(w.ctx, base, next))
			res, err := r.Follow(w.ctx, base, next)
			w.ok(err)
			if res.Moved || !strings.Contains(res.Note, lock+" exists") {
				t.Errorf("moved %v, note %q", res.Moved, res.Note)
			}
			equal(t, "release", line(t, filepath.Join(c.Dir, release)), "v1")
			w.ok(os.Remove(lock))
			equal(t, "status", w.git(c, "status", "--porcelain"), "")
			_, command, _ := strings.Cut(res.Note, "when that is done: git ")
			w.git(c, strings.Fields(command)...)
			equal(t, "HEAD", w.git(c, "rev-parse", "HEAD"), next.Commit().String())
			w.fsck(c)
		})
	}
}

// TestKilledMove kills the user's git after it has moved files and before it moves the branch. The next run says so,
// and what it says to type ends it.
func TestKilledMove(t *testing.T) {
	w := newWorld(t)
	c := w.clone("c", w.server.Dir)
	hook := filepath.Join(c.Dir, ".git/hooks/reference-transaction")
	w.ok(os.WriteFile(hook, []byte("#!/bin/sh\nif grep -q refs/heads/main; then kill -9 $PPID; fi\n"), 0o755))
	r := w.open(c)
	base := w.tip(r)
	next := w.commit(r, base, write(release, "v2\n"))
	w.ok(r.Push(w.ctx, base, next))
	res, err := r.Follow(w.ctx, base, next)
	w.ok(err)
	if res.Moved || !strings.Contains(res.Note, "git would not move it (signal: killed)") {
		t.Errorf("note %q", res.Note)
	}
	w.ok(os.Remove(hook))

	r = w.open(c)
	dirty, err := r.Dirty(w.ctx, release)
	w.ok(err)
	e := r.Uncommitted(w.tip(r), dirty)
	equal(t, "error", e.Error(), "uncommitted work in "+release+"\n  they hold what "+next.Commit().String()[:10]+" holds: an earlier move of this work tree was interrupted")
	for _, lock := range []string{"HEAD.lock", "refs/heads/main.lock"} {
		os.Remove(filepath.Join(c.Dir, ".git", lock)) //nolint:errcheck // as far as the killed git held them
	}
	_, command, _ := strings.Cut(e.Hints()[0], "to finish it: ")
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir, cmd.Env = c.Dir, c.Env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", command, err, out)
	}
	equal(t, "status", w.git(c, "status", "--porcelain"), "")
	equal(t, "HEAD", w.git(c, "rev-parse", "HEAD"), next.Commit().String())

	// Half of the files, and the lock of a git that is no more.
	w.ok(c.Write(map[string]string{release: "half"}))
	lock := filepath.Join(c.Dir, ".git/index.lock")
	w.ok(os.WriteFile(lock, nil, 0o600))
	e = r.Uncommitted(w.tip(r), []string{release})
	if !strings.Contains(e.Error(), "was killed on the way: "+lock+" exists since 20") || !strings.HasSuffix(e.Hints()[0], "rm '"+lock+"'") {
		t.Errorf("%v %q", e, e.Hints())
	}
	w.ok(os.Remove(lock))
	equal(t, "plain work", r.Uncommitted(w.tip(r), []string{release}).Error(), "uncommitted work in "+release)
}

// TestTidiesWhatIsOurs: files of a run that was killed go after an hour; those of git's, and every lock, stay.
func TestTidiesWhatIsOurs(t *testing.T) {
	w := newWorld(t)
	old := time.Now().Add(-2 * time.Hour)
	want := map[string]bool{"objects/tmp_obj_modelops_1": false, "objects/tmp_obj_modelops_2": true, "objects/tmp_obj_3": true,
		"objects/pack/tmp_pack_4": true, "refs/heads/other.lock": true, "packed-refs.lock": true}
	for name := range want {
		p := filepath.Join(w.server.Dir, name)
		w.ok(os.WriteFile(p, []byte("x"), 0o600))
		if !strings.HasSuffix(name, "_2") {
			w.ok(os.Chtimes(p, old, old))
		}
	}
	r := w.open(w.server)
	base := w.tip(r)
	w.ok(r.Push(w.ctx, base, w.commit(r, base, write(release, "v2\n"))))
	for name, stays := range want {
		_, err := os.Stat(filepath.Join(w.server.Dir, name))
		equal(t, name, err == nil, stays)
	}
}

// TestSharedRepository compares the permissions of what we write with those of what git writes.
func TestSharedRepository(t *testing.T) {
	for _, set := range []string{"umask", "group", "all", "0640", "0660", "true", "world", "1"} {
		t.Run(set, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.git(w.server, "config", "core.sharedRepository", set)
			w.git(w.server, "config", "core.logAllRefUpdates", "always")
			before := modes(t, w.server.Dir)
			r := w.open(w.server, func(o *gitops.Options) { o.Branch = "own/one" })
			base, err := r.At(w.ctx, w.tip(w.open(w.server)).Commit())
			w.ok(err)
			w.ok(r.Push(w.ctx, nil, w.commit(r, nil, write("a", "ours\n"))))
			ours := kinds(modes(t, w.server.Dir), before)

			before = modes(t, w.server.Dir)
			tree, err := w.server.Feed(w.ctx, "100644 blob "+hashed(w, "git's\n")+"\tb\n", "mktree")
			w.ok(err)
			w.git(w.server, "update-ref", "refs/heads/git/two", w.git(w.server, "commit-tree", tree, "-p", base.Commit().String(), "-m", "x"))
			git := kinds(modes(t, w.server.Dir), before)
			for kind, mode := range git {
				equal(t, kind, ours[kind], mode)
			}
			equal(t, "kinds", len(git) >= 5, true)
		})
	}
}

func hashed(w *world, data string) string {
	h, err := w.server.Feed(w.ctx, data, "hash-object", "-w", "--stdin")
	w.ok(err)
	return h
}

func modes(t *testing.T, dir string) map[string]fs.FileMode {
	t.Helper()
	out := map[string]fs.FileMode{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil {
			out[strings.TrimPrefix(p, dir)] = info.Mode()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// kinds are the modes of what is new, by what it is.
func kinds(after, before map[string]fs.FileMode) map[string]string {
	out := map[string]string{}
	for name, mode := range after {
		if _, was := before[name]; !was {
			top, _, _ := strings.Cut(strings.TrimPrefix(name, "/"), "/")
			out[fmt.Sprintf("%s folder=%v", top, mode.IsDir())] = mode.String()
		}
	}
	return out
}

// small is a file system with little room; only root can make one.
func (w *world) small(size string) string {
	w.t.Helper()
	dir := filepath.Join(w.dir, "small")
	w.ok(os.MkdirAll(dir, 0o755))
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", dir).CombinedOutput(); err != nil {
		w.t.Skipf("a small file system cannot be mounted here: %s", out)
	}
	w.t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			w.t.Errorf("umount: %v: %s", err, out)
		}
	})
	return dir
}

// TestDiskFull runs out of room at every step of a commit: the repository is whole each time, nothing half-written is
// left, and with room the same commit goes through.
func TestDiskFull(t *testing.T) {
	w := newWorld(t)
	dir := w.small("2m")
	at := filepath.Join(dir, "r.git")
	w.ok(os.CopyFS(at, os.DirFS(template)))
	repo := &gittest.Repo{Dir: at, Git: w.server.Git, Env: w.server.Env}
	w.git(repo, "config", "core.logAllRefUpdates", "always")
	w.git(repo, "pack-refs", "--all")
	w.git(repo, "reflog", "expire", "--all")
	w.ok(os.RemoveAll(filepath.Join(at, "logs")))
	failed := 0
	for free := 0; ; free += 4096 {
		fill(t, filepath.Join(dir, "filler"), free)
		r := w.open(repo)
		base := w.tip(r)
		next := w.commit(r, base, gitops.Change{Scope: []string{"models"}, Files: map[string][]byte{release: fmt.Appendf(nil, "free %d\n", free), "models/a/b": []byte("x")}})
		err := r.Push(w.ctx, base, next)
		w.ok(os.Remove(filepath.Join(dir, "filler")))
		w.fsck(repo)
		if err == nil {
			equal(t, "branch", w.git(repo, "rev-parse", "main"), next.Commit().String())
			break
		}
		failed++
		equal(t, "branch", w.git(repo, "rev-parse", "main"), base.Commit().String())
		if !strings.Contains(err.Error(), "no space left on device") {
			t.Errorf("with %d bytes free: %v", free, err)
		}
		for name := range modes(t, at) {
			if strings.HasSuffix(name, ".lock") || strings.Contains(name, "tmp_obj") {
				t.Errorf("with %d bytes free %s is left", free, name)
			}
		}
		if log, err := os.ReadFile(filepath.Join(at, "logs/refs/heads/main")); err == nil && len(log) > 0 && !strings.HasSuffix(string(log), "\n") {
			t.Errorf("with %d bytes free half a line is in the reflog", free)
		}
	}
	if failed < 5 {
		t.Errorf("only %d steps ran out of room", failed)
	}
}

// fill leaves just so much room.
func fill(t *testing.T, name string, free int) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size := int64(0)
	for block := make([]byte, 4096); err == nil; size += 4096 {
		_, err = f.Write(block)
	}
	if err := f.Truncate(max(0, size-4096-int64(free))); err != nil {
		t.Fatal(err)
	}
}

// TestReadOnly: where nothing can be written, nothing is, and the error names the file.
func TestReadOnly(t *testing.T) {
	w := newWorld(t)
	dir := filepath.Join(w.dir, "r.git")
	lock := func() { w.ok(exec.Command("chmod", "-R", "a-w", dir).Run()) }
	if os.Geteuid() == 0 { // nothing is forbidden to root but a read-only file system
		small := w.small("2m")
		dir = filepath.Join(small, "r.git")
		lock = func() { w.ok(exec.Command("mount", "-o", "remount,ro", small).Run()) }
	} else {
		t.Cleanup(func() { exec.Command("chmod", "-R", "u+w", dir).Run() })
	}
	w.ok(os.CopyFS(dir, os.DirFS(template)))
	repo := &gittest.Repo{Dir: dir, Git: w.server.Git, Env: w.server.Env}
	lock()
	r := w.open(repo)
	base := w.tip(r)
	before := files(t, dir)
	err := r.Push(w.ctx, base, w.commit(r, base, write(release, "v2\n")))
	if !errors.Is(err, fs.ErrPermission) && (err == nil || !strings.Contains(err.Error(), "read-only file system")) || !strings.Contains(err.Error(), dir+"/objects/tmp_obj_modelops_") {
		t.Errorf("error %v", err)
	}
	equal(t, "files", files(t, dir), before)
}

// TestForeignClone: in a clone that belongs to somebody else none of the programs that its configuration names runs,
// with and without git, until the user says that it is trusted.
func TestForeignClone(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a clone to somebody else")
	}
	for _, git := range []bool{true, false} {
		w := newWorld(t)
		c := w.clone("c", w.server.Dir)
		marker := filepath.Join(w.dir, "ran")
		trap := filepath.Join(w.dir, "trap")
		w.ok(os.WriteFile(trap, []byte("#!/bin/sh\necho \"$0 $*\" >> "+marker+"\nexit 1\n"), 0o755))
		for _, key := range []string{"core.sshCommand", "core.fsmonitor", "gpg.program", "core.gitProxy", "core.askPass", "core.pager", "remote.origin.uploadpack"} {
			w.git(c, "config", key, trap)
		}
		w.git(c, "config", "credential.helper", "!"+trap)
		w.git(c, "config", "commit.gpgSign", "true")
		w.git(c, "config", "remote.origin.url", "ssh://git@nowhere.example/x.git")
		w.ok(os.RemoveAll(filepath.Join(c.Dir, ".git/refs/remotes")))
		w.git(c, "config", "core.hooksPath", w.dir+"/hooks")
		w.ok(os.Mkdir(w.dir+"/hooks", 0o755))
		for _, hook := range []string{"pre-commit", "post-checkout", "post-merge", "reference-transaction", "pre-push"} {
			w.ok(os.Symlink(trap, w.dir+"/hooks/"+hook))
		}
		os.Remove(marker)
		w.ok(exec.Command("chown", "-R", "65534:65534", c.Dir).Run())
		o := gitops.Options{Path: c.Dir, Env: gitops.Env{Environ: c.Env, Git: c.Git}}
		if !git {
			o.Env.Git = ""
		}
		before := files(t, c.Dir)
		_, err := gitops.Open(w.ctx, o)
		var not *gitops.NotRepoError
		if !errors.As(err, &not) || !strings.HasSuffix(err.Error(), "it belongs to another user, and git does not trust it: git config --global --add safe.directory '"+c.Dir+"'") {
			t.Errorf("git=%v: %v", git, err)
		}
		if data, err := os.ReadFile(marker); err == nil {
			t.Errorf("git=%v: a program of the clone ran: %s", git, data)
		}
		equal(t, "files", files(t, c.Dir), before)

		w.git(w.server, "config", "--global", "--add", "safe.directory", c.Dir)
		var unreachable *gitops.TransportError
		if _, err := gitops.Open(w.ctx, o); !errors.As(err, &unreachable) {
			t.Errorf("git=%v: a trusted clone: %v", git, err)
		}
		if _, err := os.Stat(marker); err != nil {
			t.Errorf("git=%v: the trap would not have shown: %v", git, err)
		}
	}
}
