package argotest

import (
	"container/heap"
	"time"
)

// timeline is the simulated world's time and what is due in it. Nothing runs by itself: before each look the world is
// brought up to the present by doing what became due, in order, so that a run depends on no scheduler.
type timeline struct {
	start time.Time
	base  time.Time
	real  func() time.Time
	speed float64
	now   time.Time
	queue queue
	count int
}

func newTimeline(real func() time.Time, speed float64) *timeline {
	start := real()
	base := start.Truncate(time.Second)
	return &timeline{start: start, base: base, real: real, speed: speed, now: base}
}

// present is the moment, in the world's time, of the clock outside.
func (t *timeline) present() time.Time {
	return t.base.Add(time.Duration(float64(t.real().Sub(t.start)) * t.speed))
}

// outside turns a duration of the world into one of the clock outside.
func (t *timeline) outside(d time.Duration) time.Duration {
	return time.Duration(float64(d) / t.speed)
}

// after makes fn due.
func (t *timeline) after(d time.Duration, fn func()) {
	t.count++
	heap.Push(&t.queue, due{at: t.now.Add(d), order: t.count, fn: fn})
}

// catchUp does what has become due.
func (t *timeline) catchUp() {
	present := t.present()
	for len(t.queue) > 0 && !t.queue[0].at.After(present) {
		next := heap.Pop(&t.queue).(due)
		if next.at.After(t.now) {
			t.now = next.at
		}
		next.fn()
	}
	if present.After(t.now) {
		t.now = present
	}
}

type due struct {
	at    time.Time
	order int
	fn    func()
}

type queue []due

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if !q[i].at.Equal(q[j].at) {
		return q[i].at.Before(q[j].at)
	}
	return q[i].order < q[j].order
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push is for container/heap.
func (q *queue) Push(x any) { *q = append(*q, x.(due)) }

// Pop is for container/heap.
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
