package source

import (
	"context"
	"fmt"
	"maps"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"
	"time"
)

// The bounds of building, far above what an honest repository needs. kustomize itself has none: a patch of forty lines can
// copy a list into itself until no machine holds it.
const (
	maxMemory = 2 << 30
	maxBuild  = time.Minute
)

// TooMuchError says that building was given up.
type TooMuchError struct {
	// Units that were being built.
	Units []string
	Why   string
}

func (e *TooMuchError) Error() string {
	return fmt.Sprintf("build %s: given up: %s", strings.Join(e.Units, ", "), e.Why)
}

// Hints are what to do about it.
func (e *TooMuchError) Hints() []string {
	return []string{"look for patches and replacements there that copy what they are in; modelops validate PATH looks at one folder"}
}

// watch looks after builds, which cannot be stopped: one that takes too much is left behind, and the run ends.
type watch struct {
	mu   sync.Mutex
	busy map[string]time.Time
}

func newWatch() *watch { return &watch{busy: map[string]time.Time{}} }

// begin notes that a unit is being built until the returned function is called.
func (w *watch) begin(unit string) (done func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy[unit] = time.Now()
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.busy, unit)
	}
}

// while runs work to its end, or until it takes too much: *TooMuchError. A run that is cancelled is left behind as well.
func (w *watch) while(ctx context.Context, work func(context.Context)) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		work(ctx)
	}()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-finished:
			return ctx.Err()
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
			if err := w.tooMuch(); err != nil {
				return err
			}
		}
	}
}

func (w *watch) tooMuch() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if limit := memory(); heap() > limit {
		return &TooMuchError{slices.Sorted(maps.Keys(w.busy)), fmt.Sprintf("it takes more than %d MiB of memory", limit>>20)}
	}
	for unit, since := range w.busy {
		if time.Since(since) > maxBuild {
			return &TooMuchError{[]string{unit}, fmt.Sprintf("it takes more than %s", maxBuild)}
		}
	}
	return nil
}

// memory that may be taken, in bytes: less than 2 GiB where GOMEMLIMIT says so, near which Go does nothing but collect.
func memory() uint64 { return uint64(min(debug.SetMemoryLimit(-1)/4*3, maxMemory)) }

// heap is the memory that objects take, in bytes, those that are no longer used included.
func heap() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
