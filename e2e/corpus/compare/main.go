// Command compare sends the corpus to a real API server, which it starts and stops, and says where the offline verdicts
// differ from its own.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/modelops/modelops/e2e/corpus"
	"github.com/modelops/modelops/e2e/stack"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	odd := flag.Int("odd", 0, "send `N` more manifests, each a good one with a change made at random")
	seed := flag.Uint64("seed", 1, "of what is made at random")
	flag.Parse()
	err := run(ctx, *odd, *seed)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "corpus:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, odd int, seed uint64) error {
	cache, err := stack.Cache(os.LookupEnv)
	if err != nil {
		return err
	}
	programs, err := stack.BuildAPIServer(ctx, cache, progress)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "modelops-corpus-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	starting, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	api, err := stack.StartAPIServer(starting, programs, dir)
	if err != nil {
		return err
	}
	defer api.Stop()
	result, err := corpus.Compare(ctx, api, "examples/quickstart", os.Stdout)
	if err != nil {
		return err
	}
	if odd > 0 {
		more, err := corpus.CompareOdd(ctx, api, "examples/quickstart", seed, odd, os.Stdout)
		if err != nil {
			return err
		}
		fmt.Printf("at random, seed %d: %s\n", seed, more)
	}
	if err := result.Err(); err != nil {
		fmt.Fprintln(os.Stderr, "corpus:", err)
		defer os.Exit(1)
	}
	fmt.Println(result)
	return nil
}

func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}
