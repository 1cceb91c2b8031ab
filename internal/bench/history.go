package main

import (
	"context"
	"path/filepath"
	"time"
)

// long is the large repository after 100,000 commits, of which every thousandth changed the subject.
var long = layout{teams: 100, models: 100, commits: 100_000, every: 1000}

// lengthRuns is less than for other figures: some of them take a second.
const lengthRuns = 5

// history measures the history of one model in a long one beside git log, without a commit-graph, with one, and with its
// filters of changed paths; and how soon the first line is there.
func (b *bench) history(ctx context.Context) error {
	bare := filepath.Join(b.dir, "long.git")
	if err := generate(ctx, bare, long); err != nil {
		return err
	}
	for _, graph := range []struct {
		name    string
		options []string
	}{{"history", nil}, {"history-graph", []string{}}, {"history-filters", []string{"--changed-paths"}}} {
		if graph.options != nil {
			if err := git(ctx, bare, append([]string{"commit-graph", "write", "--reachable", "--no-progress"}, graph.options...)...); err != nil {
				return err
			}
		}
		ours := b.ours(bare, "history", subject.ModelName(), "--env", subject.Env, "--limit", "0")
		theirs := command{dir: bare, args: []string{"git", "log", "--first-parent", "--format=%h %an %ad %s", "main", "--", subject.StateFile()}}
		s, err := sideBySide(ctx, lengthRuns, always(ours), always(theirs))
		if err != nil {
			return err
		}
		b.ratio(graph.name, s[0].median(), s[1].median(), 1.5)
		b.bound(graph.name+"-first-line", inMS(s[0].middle(func(v sample) time.Duration { return v.first })), 100, "ms")
		b.bound(graph.name+"-memory", float64(s[0].peak())/1e6, 250, "MB")
	}
	return b.growth(ctx, bare)
}

// growth measures promote and revert after 100,000 commits beside the same after ten.
func (b *bench) growth(ctx context.Context, bare string) error {
	short := filepath.Join(b.dir, "short.git")
	few := long
	few.commits = 10
	if err := generate(ctx, short, few); err != nil {
		return err
	}
	var took [2][2]series
	for run := range b.runs + 1 {
		for i, at := range []string{bare, short} {
			for j, c := range b.thereAndBack(at, run) {
				if run == 0 && j == 1 {
					continue // there is nothing to go back to yet
				}
				s, err := c.run(ctx)
				if err != nil {
					return err
				}
				if run > 0 {
					took[i][j] = append(took[i][j], s)
				}
			}
		}
	}
	for j, name := range []string{"promote-history-growth", "revert-history-growth"} {
		b.ratio(name, took[0][j].median(), took[1][j].median(), 1.3)
		b.bound(name+"-memory", float64(took[0][j].peak())/1e6, 250, "MB")
	}
	return nil
}

// thereAndBack is a promote of the subject to the environment where it has no made-up record, and its revert.
func (b *bench) thereAndBack(bare string, run int) []command {
	v, image := version(5_000_000 + run)
	return []command{
		b.ours(bare, "promote", subject.ModelName(), "--env", "prod", "--version", v, "--image", image, "--skip-order", "--reason", "bench"),
		b.ours(bare, "revert", subject.ModelName(), "--env", "prod", "--bad", v, "--reason", "bench"),
	}
}

// status measures the status of 20,000 overlays, as text and as JSON.
func (b *bench) status(ctx context.Context) error {
	bare := filepath.Join(b.dir, "released.git")
	if err := generateReleased(ctx, bare, 100, 100); err != nil {
		return err
	}
	s, err := sideBySide(ctx, lengthRuns, always(b.ours(bare, "status")), always(b.ours(bare, "status", "-o", "json")))
	if err != nil {
		return err
	}
	for i, name := range []string{"status-20000", "status-20000-json"} {
		b.bound(name, float64(s[i].median())/float64(time.Millisecond), 2000, "ms")
		b.bound(name+"-memory", float64(s[i].peak())/1e6, 250, "MB")
	}
	return nil
}
