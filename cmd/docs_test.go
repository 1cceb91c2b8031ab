package cmd_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelops/modelops/cmd"
)

// commands are those that docs/cli.md describes, in its order.
var commands = []string{
	"init", "doctor", "team add", "team remove", "model add", "model remove", "render", "build", "validate", "diff", "hook install", "hook uninstall", "guardrails",
	"promote", "revert", "hold", "unhold",
	"status", "history", "sync", "wait", "completion", "version",
}

// output runs a command line in this process.
func output(t *testing.T, ctx context.Context, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	env := cmd.Env{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &err, Now: time.Now, IsTerminal: func(any) bool { return false },
		Getwd: func() (string, error) { return t.TempDir(), nil }, LookPath: func(string) (string, error) { return "", os.ErrNotExist },
	}
	code = cmd.Run(ctx, append([]string{"modelops"}, args...), env)
	return code, out.String(), err.String()
}

// TestDocs keeps docs/cli.md equal to the help of every command; -update writes it.
func TestDocs(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Command line\n\nGenerated from the program's own help by `make docs`.\n\n```\n")
	_, root, _ := output(t, t.Context(), "--help")
	b.WriteString(root + "```\n")
	for _, name := range commands {
		code, help, _ := output(t, t.Context(), append(strings.Fields(name), "--help")...)
		if code != 0 || !strings.Contains(help, "Exit status:") {
			t.Errorf("help of %s: exit %d\n%s", name, code, help)
		}
		b.WriteString("\n## modelops " + name + "\n\n```\n" + withoutShared(help) + "```\n")
	}
	file := filepath.Join("..", "docs", "cli.md")
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(file); err != nil || string(have) != b.String() {
		t.Errorf("%s is not what the program says (%v): make docs", file, err)
	}
}

// withoutShared leaves out the flags that every command has, which stand at the top of the page.
func withoutShared(help string) string {
	before, rest, ok := strings.Cut(help, "\nFlags of every command:\n")
	_, after, ok2 := strings.Cut(rest, "\nExit status:\n")
	if !ok || !ok2 {
		return help
	}
	return before + "\nExit status:\n" + after
}

// Every command in the root's help is described.
func TestEveryCommandIsDescribed(t *testing.T) {
	_, root, _ := output(t, t.Context(), "--help")
	section, _, _ := strings.Cut(root[strings.Index(root, "Commands:\n")+10:], "\n\n")
	for _, line := range strings.Split(section, "\n") {
		name := strings.Fields(line)[0]
		if name == "help" {
			continue
		}
		found := false
		for _, c := range commands {
			found = found || strings.HasPrefix(c+" ", name+" ")
		}
		if !found {
			t.Errorf("docs/cli.md does not describe %s", name)
		}
	}
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	code, stdout, stderr := output(t, ctx, "status", "--repo", t.TempDir(), "-o", "json")
	if code != 130 || stdout != "" || !strings.Contains(stderr, `"kind":"interrupted","exit":130`) {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}
