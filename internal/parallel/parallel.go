// Package parallel uses every core for work that falls into independent pieces.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// For calls f once for each of 0 to n-1, as many at a time as there are cores, and returns when all have returned. Who
// wants to end early makes the rest of the calls return at once. A panic of f is one of For's caller, who may recover.
func For(n int, f func(i int)) {
	var wg sync.WaitGroup
	var next atomic.Int64
	var broken atomic.Pointer[any]
	for range min(runtime.GOMAXPROCS(0), n) {
		wg.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					broken.CompareAndSwap(nil, &p)
				}
			}()
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	wg.Wait()
	if p := broken.Load(); p != nil {
		panic(*p)
	}
}
