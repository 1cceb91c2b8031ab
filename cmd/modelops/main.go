// Command modelops promotes and reverts models in a GitOps repository.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	_ "github.com/modelops/modelops/argocd/fastinit" // keeps a library from unpacking translations at every start
	"github.com/modelops/modelops/cmd"
	_ "github.com/modelops/modelops/internal/firstgc" // spares short commands most garbage collections
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal lets the command end in order; from then on a second one kills as usual.
	context.AfterFunc(ctx, stop)
	os.Exit(cmd.Run(ctx, os.Args, cmd.OSEnv()))
}
