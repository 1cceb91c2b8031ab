//go:build e2e

package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/modelops/modelops/e2e/stack"
)

// run is what the tests of this process share. TestMain makes it before any test starts.
type run struct {
	ctx     context.Context // ends with a signal
	dir     string          // of logs and data
	program func() (string, error)

	mu      sync.Mutex
	running []stopper // to be stopped when a signal comes
}

var current *run

// stopper is what runs until it is stopped. To stop it again does nothing; what had ended before is named.
type stopper interface{ Stop() (gone []string) }

// parallel is how many scenarios run at once: they wait most of the time, but each wait costs Argo CD and the API server
// work, and a machine that is too busy makes every wait look slow.
const parallel = 4

// TestMain runs the tests and stops what they started, also when a signal comes.
func TestMain(m *testing.M) {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := runAll(ctx, m)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

// runAll runs the tests until they are over or the context ends.
func runAll(ctx context.Context, m *testing.M) (int, error) {
	if err := flag.Set("test.parallel", fmt.Sprint(parallel)); err != nil {
		return 1, err
	}
	dir, err := runFolder()
	if err != nil {
		return 1, err
	}
	current = &run{ctx: ctx, dir: dir, program: sync.OnceValues(func() (string, error) { return buildTool(ctx, dir) })}
	done := make(chan int, 1)
	go func() { done <- m.Run() }()
	select {
	case code := <-done:
		if code == 0 && os.Getenv("MODELOPS_E2E_LOGS") == "" {
			return 0, os.RemoveAll(dir)
		}
		logf("logs are in %s", dir)
		return code, nil
	case <-ctx.Done():
		current.stop()
		return 1, context.Cause(ctx)
	}
}

// runFolder is where the stacks write: MODELOPS_E2E_LOGS, or a temporary folder that is kept when a test fails.
func runFolder() (string, error) {
	if dir := os.Getenv("MODELOPS_E2E_LOGS"); dir != "" {
		return dir, os.MkdirAll(dir, 0o755)
	}
	return os.MkdirTemp("", "modelops-e2e-")
}

// start builds what is missing, starts a stack and stops it when the test is over.
func (r *run) start(t *testing.T, version stack.Argo) *stack.Stack {
	t.Helper()
	programs, err := stack.Build(r.ctx, cache(t), version, logf)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(r.ctx, 5*time.Minute)
	defer cancel()
	s, err := stack.Start(ctx, programs, stack.Options{Argo: version, Dir: r.folder(t, "argo"+string(version)), Log: logf})
	if err != nil {
		t.Fatal(err)
	}
	r.keep(t, s)
	t.Cleanup(func() { report(s) })
	return s
}

// startGitea builds Gitea if it is missing, starts it and stops it when the test is over.
func (r *run) startGitea(t *testing.T) *stack.Gitea {
	t.Helper()
	program, err := stack.BuildGitea(r.ctx, cache(t), logf)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(r.ctx, 2*time.Minute)
	defer cancel()
	begin := time.Now()
	g, err := stack.StartGitea(ctx, program, r.folder(t, "gitea"))
	if err != nil {
		t.Fatal(err)
	}
	logf("Gitea ready after %s", time.Since(begin).Round(time.Millisecond))
	r.keep(t, g)
	return g
}

// cache is the folder of the built programs.
func cache(t *testing.T) string {
	t.Helper()
	dir, err := stack.Cache(os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// folder is an empty place for logs and data: those of an earlier run would be taken for this one's.
func (r *run) folder(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(r.dir, name)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// keep stops what was started when the test is over, or a signal comes.
func (r *run) keep(t *testing.T, s stopper) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running = append(r.running, s)
	t.Cleanup(func() { stop(s) })
}

// stop stops all that was started; what is stopped already is left alone.
func (r *run) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.running {
		stop(s)
	}
}

// stop tells which parts had died on their own.
func stop(s stopper) {
	if gone := s.Stop(); len(gone) > 0 {
		logf("ended before their time: %v", gone)
	}
}

// report prints the memory that a stack used.
func report(s *stack.Stack) {
	var resident, peak int64
	for _, m := range s.Memory() {
		resident, peak = resident+m.Resident, peak+m.Peak
	}
	logf("stack %s: %d MiB resident at the end, %d MiB the sum of the parts' peaks", s.Version, resident>>20, peak>>20)
}

// logf prints progress at once, where a test's log would come at the end.
func logf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}
