package stack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// command is how a part is started.
type command struct {
	name string // of the part: of its log file and in messages
	path string
	args []string
	env  []string // in addition to the environment of this process
	dir  string
}

// process is a running part.
type process struct {
	name string
	log  string // path of its log file
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // how it ended; valid once done is closed
}

// supervisor starts child processes and ends them. On Linux a child is killed when the thread that started it ends,
// which covers a test binary that dies without a word; so one thread, which lives as long as the supervisor, starts
// them all.
type supervisor struct {
	dir    string
	starts chan func()

	mu        sync.Mutex
	processes []*process
	stopped   bool
}

// newSupervisor returns a supervisor that writes logs into the folder.
func newSupervisor(dir string) *supervisor {
	s := &supervisor{dir: dir, starts: make(chan func())}
	go func() {
		runtime.LockOSThread()
		for start := range s.starts {
			start()
		}
	}()
	return s
}

// start starts a part in a process group of its own, with its output in a log file.
func (s *supervisor) start(c command) (*process, error) {
	path := filepath.Join(s.dir, c.name+".log")
	log, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(c.path, c.args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.dir, log, log
	cmd.Env = append(os.Environ(), c.env...)
	cmd.SysProcAttr = childAttributes()
	started := make(chan error)
	s.starts <- func() { started <- cmd.Start() }
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", c.name, err)
	}
	p := &process{name: c.name, log: path, cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.processes = append(s.processes, p)
	return p, nil
}

// ready waits until check passes. It fails at once, with the end of the log, when the process ends before.
func (p *process) ready(ctx context.Context, check func(context.Context) error) error {
	var last error
	err := Poll(ctx, 50*time.Millisecond, func(ctx context.Context) (bool, error) {
		select {
		case <-p.done:
			return false, fmt.Errorf("it ended: %v", p.err)
		default:
		}
		last = check(ctx)
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("wait for %s: %w (last check: %v)\n%s", p.name, err, last, p.logTail(20))
	}
	return nil
}

// logTail returns the last lines that the process wrote.
func (p *process) logTail(lines int) string {
	raw, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return tail(raw, lines)
}

// kill ends the process and all that it started. The data of a stack is thrown away with it, so nothing is gained by
// asking politely, and an API server without its etcd takes a minute to give up.
func (p *process) kill() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // the group may be gone already
	<-p.done
}

// stop ends all processes, the newest first, and returns the names of those that had ended by themselves. Once stopped,
// a supervisor starts nothing any more; to stop it again does nothing.
func (s *supervisor) stop() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var gone []string
	for i := len(s.processes) - 1; i >= 0; i-- {
		p := s.processes[i]
		select {
		case <-p.done:
			gone = append(gone, p.name)
		default:
			p.kill()
		}
	}
	s.processes = nil
	if !s.stopped {
		s.stopped = true
		close(s.starts)
	}
	return gone
}

// Memory is the memory of a part in bytes: now, and at its highest.
type Memory struct{ Resident, Peak int64 }

// memory reads the memory of every running part from /proc; it is empty where there is none.
func (s *supervisor) memory() map[string]Memory {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]Memory{}
	for _, p := range s.processes {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
		if err != nil {
			continue
		}
		all[p.name] = Memory{Resident: statusField(string(raw), "VmRSS:"), Peak: statusField(string(raw), "VmHWM:")}
	}
	return all
}

// statusField reads a line of /proc/PID/status, which counts in kB, as bytes.
func statusField(status, field string) int64 {
	_, rest, found := strings.Cut(status, field)
	if !found {
		return 0
	}
	var kilobytes int64
	if _, err := fmt.Sscan(rest, &kilobytes); err != nil {
		return 0
	}
	return kilobytes << 10
}
