// Command up starts the components that the end-to-end tests use and keeps them running until it is interrupted, for
// trying modelops by hand: go run ./e2e/up -argo 3
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/modelops/modelops/e2e/stack"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "up:", err)
		os.Exit(1)
	}
}

// run builds what is missing, starts the stack, says how to reach it, and stops it when the context ends.
func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("up", flag.ContinueOnError)
	argo := flags.String("argo", "3", "major `version` of Argo CD, 2 or 3")
	dir := flags.String("dir", "", "`folder` for logs and data (default: a temporary one, removed at the end)")
	buildOnly := flags.Bool("build-only", false, "build the programs and start nothing")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	cache, err := stack.Cache(os.LookupEnv)
	if err != nil {
		return err
	}
	programs, err := stack.Build(ctx, cache, stack.Argo(*argo), progress)
	if err != nil || *buildOnly {
		return err
	}
	if *dir == "" {
		if *dir, err = os.MkdirTemp("", "modelops-up-"); err != nil {
			return err
		}
		defer os.RemoveAll(*dir)
	}
	return serve(ctx, programs, stack.Options{Argo: stack.Argo(*argo), Dir: *dir, Log: progress})
}

// serve runs a stack, with one empty repository, until the context ends.
func serve(ctx context.Context, programs stack.Programs, options stack.Options) error {
	s, err := stack.Start(ctx, programs, options)
	if err != nil {
		return err
	}
	defer s.Stop()
	if err := s.Git.Create(ctx, "deployments"); err != nil {
		return err
	}
	fmt.Printf("export KUBECONFIG=%s ARGOCD_SERVER=%s ARGOCD_AUTH_TOKEN=%s ARGOCD_OPTS=--plaintext\n# repository: %s\n",
		s.KubeconfigPath, s.ArgoServer, s.Argo.Token(), s.Git.URL("deployments"))
	<-ctx.Done()
	return nil
}

// progress prints a line with the time.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}
