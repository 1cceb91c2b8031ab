// Command oracles builds the kustomize and kubectl commands that tests compare with, once, and prints the folders that
// they are in as a list for PATH.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/modelops/modelops/e2e/stack"
)

func main() {
	cache, err := stack.Cache(os.LookupEnv)
	if err == nil {
		var dirs []string
		dirs, err = stack.Oracles(context.Background(), cache, func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) })
		fmt.Println(strings.Join(dirs, string(os.PathListSeparator)))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "oracles:", err)
		os.Exit(1)
	}
}
