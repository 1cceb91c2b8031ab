package cmd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestPreCommit runs our hooks by the framework pre-commit itself.
func TestPreCommit(t *testing.T) {
	if _, err := exec.LookPath("pre-commit"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("pre-commit is needed for this test: ", err)
		}
		t.Skip("pre-commit is not installed (Debian: apt-get install pre-commit)")
	}
	hooks, err := filepath.Abs("../.pre-commit-hooks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/precommit", RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			err := setup(e)
			e.Setenv("HOOKS", hooks)
			return err
		},
	})
}
