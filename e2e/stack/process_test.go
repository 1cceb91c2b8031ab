package stack

import (
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shell starts a shell script as a part.
func shell(t *testing.T, s *supervisor, name, script string) *process {
	t.Helper()
	p, err := s.start(command{name: name, path: "/bin/sh", args: []string{"-c", script}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestStopEndsTheWholeGroup(t *testing.T) {
	s := newSupervisor(t.TempDir())
	p := shell(t, s, "parent", "sleep 300 & echo $!; wait")
	var child int
	err := p.ready(context.Background(), func(context.Context) error {
		var err error
		child, err = strconv.Atoi(p.logTail(1))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if gone := s.stop(); gone != nil {
		t.Errorf("stop says that %v had ended before", gone)
	}
	if gone := s.stop(); gone != nil {
		t.Errorf("the second stop names %v", gone)
	}
	err = Poll(context.Background(), 10*time.Millisecond, func(context.Context) (bool, error) {
		return !running(child), nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// running tells whether a process exists and is no zombie: an orphan stays one until somebody reaps it.
func running(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || !strings.Contains(string(raw), ") Z ")
}

func TestReadyFailsWithTheLogOfAProcessThatEnded(t *testing.T) {
	s := newSupervisor(t.TempDir())
	p := shell(t, s, "broken", "echo cannot open database >&2; exit 3")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := p.ready(ctx, func(context.Context) error { return errors.New("not yet") })
	want := "wait for broken: it ended: exit status 3 (last check: not yet)\ncannot open database"
	// The first check may come before the end is seen, or not at all.
	if err == nil || strings.Replace(err.Error(), "<nil>", "not yet", 1) != want {
		t.Errorf("error is %v\nwant %s", err, want)
	}
	if gone := s.stop(); !slices.Equal(gone, []string{"broken"}) {
		t.Errorf("stop names %v as ended before, want broken", gone)
	}
}

func TestStatusField(t *testing.T) {
	const status = "Name:\tetcd\nVmHWM:\t   41234 kB\nVmRSS:\t   30000 kB\n"
	if got := statusField(status, "VmHWM:"); got != 41234<<10 {
		t.Errorf("peak is %d", got)
	}
	if got := statusField(status, "VmSwap:"); got != 0 {
		t.Errorf("a missing field is %d", got)
	}
}

func TestPortsAreDistinct(t *testing.T) {
	p := &ports{taken: map[int]bool{}}
	all, err := p.take(50)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	if got := slices.Compact(slices.Clone(all)); len(got) != 50 {
		t.Errorf("a port was handed out twice: %v", all)
	}
}
