// Package firstgc puts the first garbage collection off until there is garbage worth it. A command lives for a fraction
// of a second and keeps some ten megabytes; with the default, which begins at four, it collects seven times on the way
// there, a quarter of its processor time. Importing the package is all there is to do. It imports nothing that takes
// long to initialise, so that Go initialises it before nearly all others.
package firstgc

import (
	"os"
	"runtime"
	"runtime/debug"
)

// first is the size of the heap at which the first collection begins, in percent of Go's least size, which is 4 MiB
// (runtime.heapMinimum, for GOGC=100). From then on the default holds, so that a command which needs much memory does
// not take a multiple of it.
const first = 1600

func init() {
	if os.Getenv("GOGC") != "" {
		return // somebody knows better
	}
	usual := debug.SetGCPercent(first)
	runtime.AddCleanup(&struct{ _ *int }{}, func(percent int) { debug.SetGCPercent(percent) }, usual)
}
