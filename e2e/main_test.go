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

// stacks holds the running stacks, one for each Argo CD version.
type stacks map[stack.Argo]*stack.Stack

// running and program are set once, by TestMain, before any test starts.
var (
	running stacks
	program func() (string, error) // builds modelops the first time and returns its path
)

// TestMain builds and starts the stacks and stops them when the tests are over or a signal comes.
func TestMain(m *testing.M) {
	// The tests wait for rollouts most of the time: more of them than there are cores may run at once.
	flag.Parse()
	if err := flag.Set("test.parallel", "12"); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := runAll(ctx, m)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

// runAll runs the tests between start and stop of the stacks.
func runAll(ctx context.Context, m *testing.M) (int, error) {
	dir, err := runFolder()
	if err != nil {
		return 1, err
	}
	program = sync.OnceValues(func() (string, error) { return buildTool(ctx, dir) })
	running = stacks{}
	defer running.stop()
	for _, version := range versions() {
		s, err := start(ctx, version, filepath.Join(dir, "argo"+string(version)))
		if err != nil {
			return 1, err
		}
		running[version] = s
	}
	done := make(chan int, 1)
	go func() { done <- m.Run() }()
	select {
	case code := <-done:
		running.report()
		if code == 0 && os.Getenv("MODELOPS_E2E_LOGS") == "" {
			return 0, os.RemoveAll(dir)
		}
		logf("logs are in %s", dir)
		return code, nil
	case <-ctx.Done():
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

// versions are the Argo CD versions to test with: all, or the one that MODELOPS_E2E_ARGO names.
func versions() []stack.Argo {
	if one := os.Getenv("MODELOPS_E2E_ARGO"); one != "" {
		return []stack.Argo{stack.Argo(one)}
	}
	return []stack.Argo{stack.Argo2, stack.Argo3}
}

// start builds what is missing and starts one stack.
func start(ctx context.Context, version stack.Argo, dir string) (*stack.Stack, error) {
	cache, err := stack.Cache(os.LookupEnv)
	if err != nil {
		return nil, err
	}
	programs, err := stack.Build(ctx, cache, version, logf)
	if err != nil {
		return nil, err
	}
	// Repositories and data of an earlier run would be taken for this one's.
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	return stack.Start(ctx, programs, stack.Options{Argo: version, Dir: dir, Log: logf})
}

// stop stops all stacks and tells which parts had died on their own.
func (s stacks) stop() {
	for version, one := range s {
		if gone := one.Stop(); len(gone) > 0 {
			logf("stack %s: ended before their time: %v", version, gone)
		}
	}
}

// report prints the memory that each stack used at its highest.
func (s stacks) report() {
	for version, one := range s {
		var resident, peak int64
		for _, m := range one.Memory() {
			resident, peak = resident+m.Resident, peak+m.Peak
		}
		logf("stack %s: %d MiB resident at the end, %d MiB the sum of the parts' peaks", version, resident>>20, peak>>20)
	}
}

// logf prints progress at once, where a test's log would come at the end.
func logf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}
