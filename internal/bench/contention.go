package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/gitops/gittest"
	"github.com/modelops/modelops/internal/release"
	"github.com/modelops/modelops/render/spec"
)

// size of a crowd. Each writer promotes a model of its own, so that only the branch is contended for.
type size struct {
	writers, promotes int
	loops             int // pushes of each git loop: a rate needs no more of what takes minutes
}

var crowdSize = size{writers: 32, promotes: 10, loops: 3}

// contention measures how promotes of many writers to one branch get through, beside a lone writer and beside loops of
// git. Our writers run in this process: 32 programs that start on two cores would measure how programs start. They open
// the repository anew for each promote, plan, check and push it as the program does, without a clone.
func (b *bench) contention(ctx context.Context) error {
	c, err := newCrowd(ctx, filepath.Join(b.dir, "crowd"), crowdSize)
	if err != nil {
		return err
	}
	defer c.server.Close()
	alone, err := c.push(ctx, 1, 4*c.promotes)
	if err != nil {
		return err
	}
	crowd, err := c.push(ctx, c.writers, c.promotes)
	if err != nil {
		return err
	}
	loops, err := c.gitLoops(ctx)
	if err != nil {
		return err
	}
	b.ratio("contention-alone", crowd.each(), alone.each(), 2)
	b.ratio("contention-git", crowd.each(), loops.each(), 0.2)
	slices.Sort(crowd.latency)
	b.reported("contention-p50", ms(crowd.latency[len(crowd.latency)/2]))
	b.reported("contention-p99", ms(crowd.latency[len(crowd.latency)*99/100]))
	b.reported("contention-attempts", fmt.Sprintf("%.2f", float64(crowd.attempts)/float64(len(crowd.latency))))
	b.reported("contention-most", fmt.Sprint(crowd.most))
	return nil
}

// rush is what some writers did at once.
type rush struct {
	took     time.Duration
	latency  []time.Duration // of each push
	attempts int
	most     int // attempts of one push
}

// each is the time for one push, all writers together.
func (r rush) each() time.Duration { return r.took / time.Duration(len(r.latency)) }

type crowd struct {
	size
	dir    string
	hub    *gittest.Repo
	server *gittest.Server
	git    string
	rounds int
}

func newCrowd(ctx context.Context, dir string, s size) (*crowd, error) {
	c := &crowd{size: s, dir: dir}
	var err error
	if c.git, err = exec.LookPath("git"); err != nil {
		return nil, err
	}
	home := filepath.Join(dir, "home")
	if c.hub, err = gittest.Init(ctx, filepath.Join(dir, "srv", "deploy.git"), home, true); err != nil {
		return nil, err
	}
	files := map[string]string{"modelops.yaml": platformYAML, "tenants/bench/team.yaml": teamYAML}
	for i := range c.writers {
		files["models/"+crowdModel(i)+"/model.yaml"] = strings.ReplaceAll(modelYAML, "subject", fmt.Sprintf("m%d", i))
	}
	_, err = c.hub.Commit(ctx, "main", "specs", files)
	_, gc := c.hub.Run(ctx, "config", "receive.autogc", "false")
	if err = errors.Join(err, gc, gittest.AllowPush(ctx, c.hub), gittest.AllowPartialFetch(ctx, c.hub)); err != nil {
		return nil, err
	}
	c.server, err = gittest.Serve(gittest.Options{Root: filepath.Join(dir, "srv"), Home: home})
	return c, err
}

func crowdModel(i int) string { return fmt.Sprintf("bench/m%d", i) }

func (c *crowd) url() string { return c.server.URL + "/deploy.git" }

// together lets writers do something a number of times, all at once.
func together(writers, times int, do func(writer, n int) (attempts int, err error)) (rush, error) {
	var r rush
	var mu sync.Mutex
	var errs []error
	var wg sync.WaitGroup
	begin := time.Now()
	for i := range writers {
		wg.Go(func() {
			for n := range times {
				start := time.Now()
				attempts, err := do(i, n)
				mu.Lock()
				r.latency = append(r.latency, time.Since(start))
				r.attempts += attempts
				r.most = max(r.most, attempts)
				if err != nil {
					errs = append(errs, err)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	r.took = time.Since(begin)
	return r, errors.Join(errs...)
}

func (c *crowd) push(ctx context.Context, writers, times int) (rush, error) {
	c.rounds++
	before, err := c.commits(ctx)
	if err != nil {
		return rush{}, err
	}
	round := c.rounds
	r, err := together(writers, times, func(writer, n int) (int, error) {
		return c.promote(ctx, crowdModel(writer), round*1000+n)
	})
	if err != nil {
		return r, err
	}
	after, err := c.commits(ctx)
	if err == nil && after-before != writers*times {
		err = fmt.Errorf("%d of %d promotes are in the history", after-before, writers*times)
	}
	return r, err
}

func (c *crowd) commits(ctx context.Context) (int, error) {
	out, err := c.hub.Run(ctx, "rev-list", "--count", "main")
	if err != nil {
		return 0, err
	}
	var n int
	_, err = fmt.Sscan(out, &n)
	return n, err
}

// promote is one promote from opening the repository to the acknowledged push; it returns the attempts.
func (c *crowd) promote(ctx context.Context, model string, number int) (int, error) {
	repo, err := gitops.Open(ctx, gitops.Options{Path: c.url(), Branch: "main", Env: gitops.Env{Environ: c.hub.Env, Git: c.git}})
	if err != nil {
		return 0, err
	}
	defer repo.Close() //nolint:errcheck // nothing is written there
	tip, err := repo.Tip(ctx)
	if err != nil {
		return 0, err
	}
	id, err := repo.Identity(ctx)
	if err != nil {
		return 0, err
	}
	desk := &release.Desk{Repo: repo, Now: id.Author.When.UTC(), By: "Bench <bench@example.com>", Resolve: byDigest}
	v, image := version(number)
	planner := func(ctx context.Context, s *gitops.Snapshot) (*release.Plan, error) {
		return desk.PlanPromote(ctx, s, release.Promote{Models: []string{model}, Env: "staging", Version: v, Image: image})
	}
	plan, err := planner(ctx, tip)
	if err != nil {
		return 0, err
	}
	res, err := desk.Apply(ctx, plan, planner, id, repo.Push)
	if err != nil {
		return 0, err
	}
	return res.Attempts, nil
}

func byDigest(_ context.Context, ref string) (spec.Image, error) {
	name, digest, ok := strings.Cut(ref, "@")
	if !ok {
		return spec.Image{}, fmt.Errorf("%s has no digest", ref)
	}
	return spec.Image{Name: name, Digest: digest}, nil
}

// loops are what people write around git: commit, pull --rebase and push until it goes through.
func (c *crowd) gitLoops(ctx context.Context) (rush, error) {
	clones := make([]*gittest.Repo, c.writers)
	for i := range clones {
		var err error
		if clones[i], err = c.hub.Clone(ctx, filepath.Join(c.dir, fmt.Sprintf("loop%d", i)), c.url()); err != nil {
			return rush{}, err
		}
	}
	return together(c.writers, c.loops, func(writer, n int) (int, error) {
		return loop(ctx, clones[writer], "models/"+crowdModel(writer)+"/staging/release.yaml", n)
	})
}

func loop(ctx context.Context, clone *gittest.Repo, file string, n int) (int, error) {
	if err := os.MkdirAll(filepath.Dir(filepath.Join(clone.Dir, file)), 0o755); err != nil {
		return 0, err
	}
	if err := clone.Write(map[string]string{file: fmt.Sprintf("by loop, %d\n", n)}); err != nil {
		return 0, err
	}
	for _, args := range [][]string{{"add", file}, {"commit", "-q", "-m", "loop"}} {
		if _, err := clone.Run(ctx, args...); err != nil {
			return 0, err
		}
	}
	for attempt := 1; ctx.Err() == nil; attempt++ {
		if _, err := clone.Run(ctx, "pull", "-q", "--rebase"); err != nil {
			return attempt, err
		}
		if _, err := clone.Run(ctx, "push", "-q"); err == nil {
			return attempt, nil
		}
	}
	return 0, ctx.Err()
}
