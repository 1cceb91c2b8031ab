package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/modelops/modelops/gitops/gittest"
)

// fault treats a share of all requests badly: refused for a moment, answered late, or cut after git did its work.
func (c *crowd) fault() func(*http.Request) *gittest.Fault {
	var mu sync.Mutex
	dice := rand.New(rand.NewPCG(c.seed, 1<<32))
	return func(*http.Request) *gittest.Fault {
		mu.Lock()
		defer mu.Unlock()
		if dice.Float64() >= c.faults {
			return nil
		}
		kind := dice.IntN(4)
		c.count("fault of the server: " + []string{"503", "429", "cut", "late"}[kind])
		switch kind {
		case 0:
			return &gittest.Fault{Status: http.StatusServiceUnavailable}
		case 1:
			return &gittest.Fault{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"1"}}}
		case 2:
			return &gittest.Fault{Cut: true, CutAt: dice.IntN(300)}
		}
		return &gittest.Fault{Delay: time.Duration(dice.IntN(300)) * time.Millisecond}
	}
}

// other pushes commits and merges that have nothing to do with overlays, repacks, and packs refs, with git itself.
func (c *crowd) other(ctx context.Context) {
	clone, err := c.hub.Clone(ctx, filepath.Join(c.dir, "other"), c.url())
	for n := 0; ctx.Err() == nil; n++ {
		if err != nil { // the server treated the clone badly
			clone, err = c.hub.Clone(ctx, filepath.Join(c.dir, fmt.Sprintf("other%d", n)), c.url())
			continue
		}
		c.pushBeside(ctx, clone, n)
		if n%20 == 19 {
			c.hub.Run(ctx, "repack", "-d", "-q") //nolint:errcheck // fsck judges in the end
			c.hub.Run(ctx, "pack-refs", "--all") //nolint:errcheck // may meet a lock
			c.count("repack on the server")
		}
		pause(ctx, time.Second)
	}
}

func (c *crowd) pushBeside(ctx context.Context, clone *gittest.Repo, n int) {
	file := fmt.Sprintf("docs/%d.md", n)
	steps := [][]string{{"fetch", "-q"}, {"checkout", "-q", "-B", "main", "origin/main"}}
	if n%5 == 4 { // a merge: the side branch leaves the line some commits ago
		steps = append(steps, []string{"checkout", "-q", "-B", "side", "origin/main~3"}, []string{"add", "docs"}, []string{"commit", "-q", "-m", "side"},
			[]string{"checkout", "-q", "main"}, []string{"merge", "-q", "--no-ff", "--no-edit", "side"})
	} else {
		steps = append(steps, []string{"add", "docs"}, []string{"commit", "-q", "-m", "beside"})
	}
	for _, args := range append(steps, []string{"push", "-q", "origin", "main"}) {
		if args[0] == "add" {
			if err := clone.Write(map[string]string{file: "beside\n"}); err != nil {
				return
			}
		}
		if _, err := clone.Run(ctx, args...); err != nil {
			return // lost to the others, or treated badly: the next round begins anew
		}
	}
	c.count("commits beside")
}

// killServers kills a git of the server now and then, and does what its operator does: remove a lock whose owner is dead.
func (c *crowd) killServers(ctx context.Context) {
	dice := rand.New(rand.NewPCG(c.seed, 1<<33))
	for ctx.Err() == nil {
		pause(ctx, time.Duration(dice.IntN(2000))*time.Millisecond)
		all := serverProcesses()
		if len(all) == 0 {
			continue
		}
		if syscall.Kill(all[dice.IntN(len(all))], syscall.SIGKILL) == nil {
			c.count("server process killed")
			c.freeLocks(ctx)
		}
	}
}

// freeLocks removes a lock that is there after everybody who could own it has ended.
func (c *crowd) freeLocks(ctx context.Context) {
	for _, name := range []string{"HEAD.lock", "refs/heads/main.lock", "packed-refs.lock"} {
		path := filepath.Join(c.hub.Dir, name)
		before, err := os.Stat(path)
		if err != nil {
			continue
		}
		for _, pid := range serverProcesses() {
			for ctx.Err() == nil && syscall.Kill(pid, 0) == nil {
				pause(ctx, 20*time.Millisecond)
			}
		}
		after, err := os.Stat(path)
		if err == nil && os.SameFile(before, after) && before.ModTime().Equal(after.ModTime()) && os.Remove(path) == nil {
			c.count("locks left on the server by a killed process")
		}
	}
}

// serverProcesses are the gits that serve: those that http-backend has started and itself, all our descendants. It needs
// Linux's /proc; elsewhere there are none to be found.
func serverProcesses() []int {
	var found []int
	var visit func(pid int, serving bool)
	visit = func(pid int, serving bool) {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		serving = serving || strings.Contains(string(line), "http-backend")
		if serving {
			found = append(found, pid)
		}
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
		for _, task := range tasks {
			list, _ := os.ReadFile(task)
			for word := range strings.FieldsSeq(string(list)) {
				if child, err := strconv.Atoi(word); err == nil {
					visit(child, serving)
				}
			}
		}
	}
	visit(os.Getpid(), false)
	return found
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
