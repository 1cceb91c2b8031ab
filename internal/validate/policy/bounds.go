package policy

import (
	"context"
	"errors"
	"runtime"
	"runtime/metrics"
	"time"
)

var (
	errSlow  = errors.New("it does not come to an end in time")
	errLarge = errors.New("it takes too much memory")
)

// maxHeap is by how much the process may grow while policies run, in bytes; the look at it is taken every few milliseconds, and a
// policy stops before its next step.
const (
	maxHeap  = 256 << 20
	lookHeap = 10 * time.Millisecond
)

// bounded is a context that ends when the process has grown too much: a policy can double a text with every line, which no
// deadline stops in time.
func bounded(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	before := heap()
	go func() {
		tick := time.NewTicker(lookHeap)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				// Garbage counts for nothing: beside a large set it alone may be more than the bound.
				if limit := before + maxHeap; heap() > limit {
					if runtime.GC(); heap() > limit {
						cancel(errLarge)
					}
				}
			}
		}
	}()
	return ctx, func() { cancel(nil) }
}

// heap is what objects take, garbage included.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
