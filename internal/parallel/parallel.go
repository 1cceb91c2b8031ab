// Package parallel uses every core for work that falls into independent pieces.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// For calls f once for each of 0 to n-1, as many at a time as there are cores, and returns when all have returned. Who
// wants to end early makes the rest of the calls return at once.
func For(n int, f func(i int)) {
	var wg sync.WaitGroup
	var next atomic.Int64
	for range min(runtime.GOMAXPROCS(0), n) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	wg.Wait()
}
