//go:build e2e

package e2e

import (
	"testing"

	"github.com/modelops/modelops/e2e/stack"
)

// The same tests run with the newest release of each major version of Argo CD, one stack after the other.

func TestArgoCD2(t *testing.T) { suite(t, stack.Argo2) }

func TestArgoCD3(t *testing.T) { suite(t, stack.Argo3) }

// suite starts a stack and runs all tests on it.
func suite(t *testing.T, version stack.Argo) {
	s := current.start(t, version)
	for _, test := range []struct {
		name string
		run  func(*testing.T, *stack.Stack)
	}{
		{"stack", syncPlainApplication},
		{"admission", admitEverything},
		{"quota", quotaAgrees},
		{"promote-and-revert", promoteAndRevert},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, s) })
	}
}
