// Command modelops-demo tells the story of one bad model on screen: promoted, failed, reverted, proven. Everything runs in
// this one process (a Git remote, a registry, an Argo CD and a small cluster), in a temporary folder, on loopback.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/modelops/modelops/cmd"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := tell(ctx, cmd.OSEnv())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}
