package parallel_test

import (
	"sync/atomic"
	"testing"

	"github.com/modelops/modelops/internal/parallel"
)

func TestFor(t *testing.T) {
	for _, n := range []int{0, 1, 2, 1000} {
		calls := make([]atomic.Int32, n)
		parallel.For(n, func(i int) { calls[i].Add(1) })
		for i := range calls {
			if got := calls[i].Load(); got != 1 {
				t.Errorf("%d of %d: %d calls", i, n, got)
			}
		}
	}
}

// A panic on another goroutine would end the process, whoever recovers.
func TestPanicsReachTheCaller(t *testing.T) {
	defer func() {
		if p := recover(); p != "broken" {
			t.Errorf("the panic is %v", p)
		}
	}()
	parallel.For(100, func(i int) {
		if i == 50 {
			panic("broken")
		}
	})
	t.Error("For returned")
}
