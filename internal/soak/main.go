// Command soak lets a crowd of writers change one branch at once, each change a process of its own, while processes are
// killed, answers are cut and other commits come in between; then it judges the history that this left. It exits with 1
// when an update was lost, or made twice, or anything else is not as the writers were told. `make soak` runs it.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code, err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
	}
	os.Exit(code)
}

func run(ctx context.Context, args []string) (int, error) {
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	program := flags.String("modelops", "bin/modelops", "the program that is tried")
	modes := flags.String("modes", strings.Join(allModes, ","), "how writers reach the repository, in turn")
	o := options{}
	flags.IntVar(&o.ops, "ops", 10000, "changes to ask for")
	flags.IntVar(&o.writers, "writers", 6, "writers at once")
	flags.Uint64Var(&o.seed, "seed", rand.Uint64(), "of what is random; the timing of processes stays their own")
	flags.Float64Var(&o.kills, "kills", 0.05, "share of commands that are killed")
	flags.Float64Var(&o.faults, "faults", 0.05, "share of requests that the server treats badly")
	flags.BoolVar(&o.partial, "partial-fetch", true, "whether the server offers it; without, a URL is worked on in temporary clones")
	if err := flags.Parse(args); err != nil {
		return 2, nil
	}
	var err error
	if o.program, err = filepath.Abs(*program); err != nil {
		return 1, err
	}
	if _, err := os.Stat(o.program); err != nil {
		return 1, fmt.Errorf("%w (make build)", err)
	}
	o.modes = strings.Split(*modes, ",")
	if o.dir, err = os.MkdirTemp("", "modelops-soak-"); err != nil {
		return 1, err
	}
	o.say = func(format string, args ...any) { fmt.Printf(format+"\n", args...) }
	o.say("seed %d, in %s", o.seed, o.dir)
	faults, err := soak(ctx, o)
	for _, f := range faults {
		fmt.Println("FAULT:", f)
	}
	if err != nil || len(faults) > 0 {
		return 1, err // the folder stays, to look at
	}
	fmt.Println("no update is lost, none was made twice")
	return 0, os.RemoveAll(o.dir)
}
