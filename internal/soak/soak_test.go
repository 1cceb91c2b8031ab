package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/modelops/modelops/argocd/fastinit"
	"github.com/modelops/modelops/cmd"
	"github.com/modelops/modelops/internal/soak/judge"
)

var (
	soakOps   = flag.Int("soak.ops", 30, "changes that TestSoak asks for")
	soakKills = flag.Int("soak.kills", 6, "commands that TestKilledPromote kills")
)

// TestMain makes the test binary the program, too, as cmd/modelops is.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "modelops" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		context.AfterFunc(ctx, stop)
		os.Exit(cmd.Run(ctx, os.Args, cmd.OSEnv()))
	}
	flag.Parse()
	os.Exit(m.Run())
}

func testOptions(t *testing.T) options {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return options{program: self, dir: t.TempDir(), modes: allModes, seed: rand.Uint64(), partial: true, say: t.Logf}
}

// TestSoak is a short one of what `make soak` does for long.
func TestSoak(t *testing.T) {
	o := testOptions(t)
	o.ops, o.writers, o.kills, o.faults, o.partial = *soakOps, 4, 0.1, 0.03, o.seed%2 == 0
	t.Logf("seed %d", o.seed)
	faults, err := soak(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faults {
		t.Error(f)
	}
}

// lone is one writer whose every run can be looked at.
func lone(t *testing.T, mode string) *writer {
	t.Helper()
	o := testOptions(t)
	o.writers, o.modes = 1, []string{mode}
	c := &crowd{options: o, told: map[string]int{}}
	if err := c.arrange(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.server.Close() })
	return c.writers[0]
}

// finish runs an op undisturbed.
func (w *writer) finish(t *testing.T, op *judge.Op) judge.Run {
	t.Helper()
	r := w.run(t.Context(), arguments(op), false)
	op.Runs = append(op.Runs, r)
	if r.Exit != 0 {
		t.Fatalf("op %d: exit %d: %s", op.ID, r.Exit, r.Text)
	}
	return r
}

// disturb starts an op, sends it a signal at some time of its life, and returns how it ended, once all that it had
// started has ended too.
func (w *writer) disturb(t *testing.T, op *judge.Op, sig syscall.Signal, group bool, after time.Duration) judge.Run {
	t.Helper()
	cmd, out, errs := w.command(t.Context(), arguments(op))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	to := pid
	if group {
		to = -pid
	}
	timer := time.AfterFunc(after, func() { syscall.Kill(to, sig) }) //nolint:errcheck // it may have ended
	defer timer.Stop()
	r := answer(cmd.Wait(), out, errs)
	for syscall.Kill(-pid, 0) == nil {
		time.Sleep(time.Millisecond)
	}
	op.Runs = append(op.Runs, r)
	return r
}

// TestKilledPromote kills promotes at any time of their life, alone or together with git. The remote is whole and holds
// the old overlay or the new one; the same command, run again, completes; and where git itself was not killed, that run
// leaves the clone whole, clean and at the remote's branch.
func TestKilledPromote(t *testing.T) {
	w := lone(t, modeClone)
	first := judge.Op{ID: 1, Action: "promote", Model: "soak/m0", Version: "1.0.1"}
	begin := time.Now()
	w.finish(t, &first)
	life := time.Since(begin)
	ops := []judge.Op{first}
	for n := range *soakKills {
		op := judge.Op{ID: n + 2, Action: "promote", Model: "soak/m0", Version: fmt.Sprintf("1.0.%d", n+2)}
		group := n%2 == 1
		w.disturb(t, &op, syscall.SIGKILL, group, life*time.Duration(n+1)/time.Duration(*soakKills))
		if w.sweep(); group {
			w.tidy(t.Context()) // git's locks are not ours to remove
		}
		settled() // fsck takes a branch that moves under it for a broken link
		if err := w.crowd.hub.Fsck(t.Context()); err != nil {
			t.Fatal(err)
		}
		r := w.finish(t, &op)
		for _, f := range judge.Clone(t.Context(), w.clone.Dir) {
			t.Errorf("op %d, group %v: %s\n%s", op.ID, group, f, r.Text)
		}
		same(t, w, "HEAD")
		ops = append(ops, op)
	}
	faults, err := judge.Check(t.Context(), w.crowd.hub.Dir, ops)
	if err != nil || len(faults) > 0 {
		t.Errorf("%v %s", err, strings.Join(faults, "\n"))
	}
	commits, err := w.crowd.hub.Run(t.Context(), "rev-list", "--count", "main")
	if want := fmt.Sprint(1 + len(ops)); err != nil || commits != want {
		t.Errorf("%s commits, want %s (%v)", commits, want, err)
	}
}

// settled waits until the server has finished what it was asked for.
func settled() {
	for len(serverProcesses()) > 0 {
		time.Sleep(time.Millisecond)
	}
}

// same demands that a revision of the clone is the remote's branch.
func same(t *testing.T, w *writer, rev string) {
	t.Helper()
	here, err := w.clone.Run(t.Context(), "rev-parse", rev)
	there, herr := w.crowd.hub.Run(t.Context(), "rev-parse", "main")
	if here != there || err != nil || herr != nil {
		t.Errorf("the clone is at %s, the remote at %s (%v, %v)", here, there, err, herr)
	}
}

// TestInterruptedPromote: an interrupt ends a command with 130 and leaves no lock, in the clone or anywhere else; the
// same command, run again, completes.
func TestInterruptedPromote(t *testing.T) {
	w := lone(t, modeClone)
	first := judge.Op{ID: 1, Action: "promote", Model: "soak/m0", Version: "1.0.1"}
	begin := time.Now()
	w.finish(t, &first)
	life := time.Since(begin)
	for n := range *soakKills {
		op := judge.Op{ID: n + 2, Action: "promote", Model: "soak/m0", Version: fmt.Sprintf("1.0.%d", n+2)}
		sig := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}[n%2]
		r := w.disturb(t, &op, sig, n%4 > 1, life*time.Duration(n+1)/time.Duration(*soakKills))
		settled()
		// Before the program listens, a signal ends it as any other process.
		if r.Exit != 0 && r.Exit != 130 && r.Exit != judge.Killed {
			t.Errorf("%v: exit %d: %s", sig, r.Exit, r.Text)
		}
		for _, dir := range []string{w.clone.Dir, w.crowd.hub.Dir, w.tmp} {
			if left, err := judge.Leftovers(dir); err != nil || len(left) > 0 {
				t.Errorf("%v left %v (%v)", sig, left, err)
			}
		}
		w.finish(t, &op)
		for _, f := range judge.Clone(t.Context(), w.clone.Dir) {
			t.Error(f)
		}
		same(t, w, "HEAD")
	}
}

// TestFullDisk fills the disk under the clone, then the one under the server. What cannot be written is an error with its
// cause, nothing is half there, and the same command completes when there is room again.
func TestFullDisk(t *testing.T) {
	w := lone(t, modeClone)
	ops := []judge.Op{{ID: 1, Action: "promote", Model: "soak/m0", Version: "1.0.1"}}
	w.finish(t, &ops[0])
	for n, repo := range []*string{&w.repo, &w.crowd.hub.Dir} {
		small := smallDisk(t, *repo)
		op := judge.Op{ID: n + 2, Action: "promote", Model: "soak/m0", Version: fmt.Sprintf("1.0.%d", n+2)}
		small.fill(t)
		r := w.run(t.Context(), arguments(&op), false)
		op.Runs = append(op.Runs, r)
		t.Logf("exit %d, changed %v: %s", r.Exit, r.Changed, r.Text)
		if r.Exit != 0 && r.Exit != 8 {
			t.Errorf("exit %d: %s", r.Exit, r.Text)
		}
		if r.Exit == 8 && !strings.Contains(strings.ToLower(r.Text), "no space left") && !strings.Contains(r.Text, "unpack") {
			t.Errorf("the cause is not named: %s", r.Text)
		}
		small.free(t)
		w.finish(t, &op)
		ops = append(ops, op)
		if faults := judge.Clone(t.Context(), w.repo); len(faults) > 0 {
			t.Error(faults)
		}
		same(t, w, "HEAD")
	}
	faults, err := judge.Check(t.Context(), w.crowd.hub.Dir, ops)
	if err != nil || len(faults) > 0 {
		t.Errorf("%v %s", err, strings.Join(faults, "\n"))
	}
}

// disk is a file system of a few megabytes, mounted over a repository that was moved into it.
type disk struct{ dir string }

func smallDisk(t *testing.T, repo string) disk {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("a small file system can be mounted as root only")
	}
	copied := repo + ".moved"
	if err := os.Rename(repo, copied); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(repo, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", repo).CombinedOutput(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("mount: %v %s", err, out)
		}
		t.Skipf("a small file system cannot be mounted here: %v %s", err, out)
	}
	t.Cleanup(func() { exec.Command("umount", repo).Run() }) //nolint:errcheck // the test's folder is removed after it
	if err := os.CopyFS(repo, os.DirFS(copied)); err != nil {
		t.Fatal(err)
	}
	return disk{repo}
}

// fill leaves no room.
func (d disk) fill(t *testing.T) {
	t.Helper()
	f, err := os.Create(filepath.Join(d.dir, ".full"))
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	f.Close() //nolint:errcheck // full is what it should be
}

func (d disk) free(t *testing.T) {
	t.Helper()
	if err := os.Remove(filepath.Join(d.dir, ".full")); err != nil {
		t.Fatal(err)
	}
}
