// Command bench measures modelops beside what its users would run today, in one run on one machine, and prints a line
// for each figure: name, ours, theirs, ratio, bar, ok or short. Times are medians of several runs of whole processes.
// It exits with 1 when a figure is short of its bar. `make bench` runs it; docs/performance.md explains the figures.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/modelops/modelops/e2e/stack"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code, err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
	os.Exit(code)
}

func run(ctx context.Context, args []string) (int, error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	binary := flags.String("modelops", "bin/modelops", "the program that is measured")
	runs := flags.Int("runs", 11, "runs of each command")
	overlays := flags.Int("overlays", 1000, "overlays to render and build")
	only := flags.String("only", "", "measure only the parts whose names contain this")
	picture := flags.String("plot", "", "draw cost against size and length of the repository into this SVG file, and measure nothing else")
	if err := flags.Parse(args); err != nil {
		return 2, nil
	}
	b, err := newBench(ctx, *binary, *runs)
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(b.dir)
	if *picture != "" {
		return 0, b.plot(ctx, *picture)
	}
	for _, p := range b.parts(*overlays) {
		if *only != "" && !strings.Contains(p.name, *only) {
			continue
		}
		if err := p.measure(ctx); err != nil {
			return 1, err
		}
	}
	if b.short > 0 {
		return 1, fmt.Errorf("%d figures are short of their bar", b.short)
	}
	return 0, nil
}

// part is a group of figures.
type part struct {
	name    string
	measure func(context.Context) error
}

func (b *bench) parts(overlays int) []part {
	return []part{
		{"start-up", b.startUp},
		{"local", b.local},
		{"history", b.history},
		{"status", b.status},
		{"remote", b.remote},
		{"contention", b.contention},
		{"validate", b.validate},
		{"render", func(ctx context.Context) error { return b.render(ctx, overlays) }},
	}
}

// bench is one run.
type bench struct {
	modelops string
	programs stack.Programs
	runs     int
	dir      string
	short    int
}

func newBench(ctx context.Context, binary string, runs int) (*bench, error) {
	binary, err := filepath.Abs(binary)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(binary); err != nil {
		return nil, fmt.Errorf("%w (make build)", err)
	}
	cache, err := stack.Cache(os.LookupEnv)
	if err != nil {
		return nil, err
	}
	programs, err := stack.Build(ctx, cache, stack.Argo2, progress)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "modelops-bench-")
	if err != nil {
		return nil, err
	}
	fmt.Printf("%-26s %12s %12s %8s %8s\n", "figure", "ours", "theirs", "ratio", "bar")
	return &bench{modelops: binary, programs: programs, runs: runs, dir: dir}, nil
}

func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) } //nolint:errcheck // progress only

// ratio prints a figure that is judged by its ratio to theirs.
func (b *bench) ratio(name string, ours, theirs time.Duration, bar float64) {
	r := float64(ours) / float64(theirs)
	b.line(name, ms(ours), ms(theirs), fmt.Sprintf("%.3f", r), fmt.Sprintf("%.3f", bar), r <= bar)
}

// bound prints a figure that is judged by itself.
func (b *bench) bound(name string, ours, bar float64, unit string) {
	b.line(name, fmt.Sprintf("%.1f %s", ours, unit), "-", "-", fmt.Sprintf("%.0f %s", bar, unit), ours <= bar)
}

// reported prints a figure that has no bar.
func (b *bench) reported(name, text string) { fmt.Printf("%-26s %s\n", name, text) }

func (b *bench) line(name, ours, theirs, ratio, bar string, ok bool) {
	verdict := "ok"
	if !ok {
		verdict = "short"
		b.short++
	}
	fmt.Printf("%-26s %12s %12s %8s %8s %s\n", name, ours, theirs, ratio, bar, verdict)
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }
