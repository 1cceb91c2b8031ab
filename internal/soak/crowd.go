package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/modelops/modelops/gitops/gittest"
	"github.com/modelops/modelops/internal/soak/judge"
)

// options of one soak.
type options struct {
	program string
	dir     string
	modes   []string
	ops     int
	writers int
	seed    uint64
	kills   float64
	faults  float64
	partial bool // the server allows partial fetch
	say     func(format string, args ...any)
}

// Ways to the repository.
const (
	modeClone = "clone" // a clone with a work tree
	modeBare  = "bare"  // a bare clone
	modeURL   = "url"   // no clone
)

var allModes = []string{modeClone, modeURL, modeBare}

// shared is how many models all writers change; beside them each has one of its own.
const shared = 2

// crowd is a soak under way.
type crowd struct {
	options
	hub     *gittest.Repo
	server  *gittest.Server
	writers []*writer
	next    atomic.Int64
	// told counts what is reported: exits, kills, faults.
	mu   sync.Mutex
	told map[string]int
}

func (c *crowd) count(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told[what]++
}

// soak arranges a crowd, lets it work, and returns what the judge found.
func soak(ctx context.Context, o options) ([]string, error) {
	c := &crowd{options: o, told: map[string]int{}}
	if err := c.arrange(ctx); err != nil {
		return nil, err
	}
	defer c.server.Close()
	begin := time.Now()
	c.work(ctx)
	took := time.Since(begin)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.report(took)
	return c.judged(ctx)
}

func (c *crowd) arrange(ctx context.Context) error {
	home := filepath.Join(c.dir, "home")
	var err error
	if c.hub, err = gittest.Init(ctx, filepath.Join(c.dir, "srv", "deploy.git"), home, true); err != nil {
		return err
	}
	_, gc := c.hub.Run(ctx, "config", "receive.autogc", "false") // the other writer repacks, at times of its own
	_, err = c.hub.Commit(ctx, "main", "specs", c.specs())
	if err = errors.Join(err, gc, gittest.AllowPush(ctx, c.hub)); err != nil {
		return err
	}
	if c.partial {
		if err := gittest.AllowPartialFetch(ctx, c.hub); err != nil {
			return err
		}
	}
	if c.server, err = gittest.Serve(gittest.Options{Root: filepath.Join(c.dir, "srv"), Home: home}); err != nil {
		return err
	}
	for i := range c.options.writers {
		w := &writer{crowd: c, number: i, mode: c.modes[i%len(c.modes)], rand: rand.New(rand.NewPCG(c.seed, uint64(i)))}
		if err := w.arrange(ctx); err != nil {
			return err
		}
		c.writers = append(c.writers, w)
	}
	c.server.SetFault(c.fault())
	return nil
}

func (c *crowd) url() string { return c.server.URL + "/deploy.git" }

func (c *crowd) specs() map[string]string {
	files := map[string]string{
		"modelops.yaml": `apiVersion: modelops.dev/v1alpha1
kind: Platform
metadata: {name: soak}
spec:
  git: {url: "https://git.example.com/deploy.git", branch: main}
  environments:
  - name: staging
`,
		"tenants/soak/team.yaml": "apiVersion: modelops.dev/v1alpha1\nkind: Team\nmetadata: {name: soak}\nspec: {owners: [ml]}\n",
	}
	for i := range c.options.writers + shared {
		files[fmt.Sprintf("models/soak/m%d/model.yaml", i)] = fmt.Sprintf(`apiVersion: modelops.dev/v1alpha1
kind: Model
metadata: {name: m%d, team: soak}
spec:
  runtime: custom
  image: registry.example.com/soak/m
  ports: {http: 8080}
  health: {ready: /ready, live: /live}
  resources: {cpu: 1, memory: 1Gi}
`, i)
	}
	return files
}

// work lets everybody work until all ops are asked for.
func (c *crowd) work(ctx context.Context) {
	done, stop := context.WithCancel(ctx)
	var beside, writers sync.WaitGroup
	beside.Go(func() { c.other(done) })
	if c.kills > 0 {
		beside.Go(func() { c.killServers(done) })
	}
	for _, w := range c.writers {
		writers.Go(func() { w.work(ctx) })
	}
	writers.Wait()
	stop()
	beside.Wait()
}

func (c *crowd) report(took time.Duration) {
	ops := min(int(c.next.Load()), c.ops)
	c.say("%d changes by %d writers in %.0f s, %.1f a second", ops, len(c.writers), took.Seconds(), float64(ops)/took.Seconds())
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, what := range slices.Sorted(maps.Keys(c.told)) {
		c.say("  %6d %s", c.told[what], what)
	}
}

// judged writes the journal down and holds the repositories to it.
func (c *crowd) judged(ctx context.Context) ([]string, error) {
	var ops []judge.Op
	for _, w := range c.writers {
		ops = append(ops, w.journal...)
	}
	slices.SortFunc(ops, func(a, b judge.Op) int { return a.ID - b.ID })
	data, err := json.MarshalIndent(ops, "", " ")
	if err = errors.Join(err, os.WriteFile(filepath.Join(c.dir, "journal.json"), data, 0o600)); err != nil {
		return nil, err
	}
	faults, err := judge.Check(ctx, c.hub.Dir, ops)
	if err != nil {
		return nil, err
	}
	left, err := judge.Leftovers(c.hub.Dir)
	if c.told["server process killed"] == 0 {
		faults = append(faults, left...)
	} else {
		c.say("%d files that killed server processes left: their own to tidy up", len(left))
	}
	for _, w := range c.writers {
		faults = append(faults, w.judged(ctx)...)
	}
	return faults, err
}
