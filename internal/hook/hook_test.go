package hook

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestInstallAndUninstall(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "hooks")
	for _, step := range []struct {
		do   func(string) (string, error)
		want string
	}{{Uninstall, "keep"}, {Install, "add"}, {Install, "keep"}, {older, "written"}, {Install, "update"}, {Uninstall, "delete"}, {Uninstall, "keep"}} {
		if op, err := step.do(dir); op != step.want || err != nil {
			t.Fatalf("%s, %v; want %s", op, err, step.want)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
}

// older writes the hook of another version.
func older(dir string) (string, error) {
	return "written", os.WriteFile(filepath.Join(dir, Name), []byte("#!/bin/sh\n"+mark+".\nmodelops check\n"), 0o755)
}

// A hook of somebody else stays byte for byte, a link is not followed.
func TestForeignHooks(t *testing.T) {
	for _, plant := range []func(file string) error{
		func(file string) error { return os.WriteFile(file, []byte("#!/bin/sh\nexec make lint\n"), 0o755) },
		func(file string) error { return os.Symlink("/bin/true", file) },
		func(file string) error { return os.Mkdir(file, 0o755) },
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, Name)
		if err := plant(file); err != nil {
			t.Fatal(err)
		}
		before, err := os.Lstat(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, do := range []func(string) (string, error){Install, Uninstall} {
			var foreign *ForeignError
			if _, err := do(dir); !errors.As(err, &foreign) || !strings.Contains(foreign.Hints()[0], Line) {
				t.Errorf("%v", err)
			}
		}
		if after, err := os.Lstat(file); err != nil || after.ModTime() != before.ModTime() || after.Mode() != before.Mode() {
			t.Errorf("it was touched: %v %v", after, err)
		}
	}
}

// The script lets a commit through, stops it, and says what is missing.
func TestScript(t *testing.T) {
	for _, c := range []struct {
		program string
		exit    int
		says    string
	}{{"exit 0", 0, ""}, {"echo \"$@\" >&2; exit 3", 3, "validate --staged --repo .\n"}, {"", 1, "modelops is not on the PATH; git commit --no-verify goes on without validation\n"}} {
		dir, bin := t.TempDir(), t.TempDir()
		if _, err := Install(dir); err != nil {
			t.Fatal(err)
		}
		if c.program != "" {
			if err := os.WriteFile(filepath.Join(bin, "modelops"), []byte("#!/bin/sh\n"+c.program+"\n"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.CommandContext(t.Context(), filepath.Join(dir, Name))
		var said strings.Builder
		cmd.Env, cmd.Stderr = []string{"PATH=" + bin}, &said
		_ = cmd.Run()
		if cmd.ProcessState.ExitCode() != c.exit || said.String() != c.says {
			t.Errorf("%q: %d, %q", c.program, cmd.ProcessState.ExitCode(), said.String())
		}
	}
}
