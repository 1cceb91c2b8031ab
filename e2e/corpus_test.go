//go:build e2e

package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/modelops/modelops/e2e/corpus"
	"github.com/modelops/modelops/e2e/stack"
)

// TestCorpus sees that what the offline layers say of some hundred manifests is what a real API server says.
func TestCorpus(t *testing.T) {
	programs, err := stack.BuildAPIServer(current.ctx, cache(t), logf)
	if err != nil {
		t.Fatal(err)
	}
	starting, cancel := context.WithTimeout(current.ctx, 5*time.Minute)
	defer cancel()
	api, err := stack.StartAPIServer(starting, programs, current.folder(t, "corpus"))
	if err != nil {
		t.Fatal(err)
	}
	current.keep(t, api)
	result, err := corpus.Compare(within(t, 10*time.Minute), api, "../examples/quickstart", t.Output())
	if err != nil {
		t.Fatal(err)
	}
	t.Log(result)
	if err := result.Err(); err != nil {
		t.Error(err)
	}
}
