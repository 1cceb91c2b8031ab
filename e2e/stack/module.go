package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// goVersion is the language version of the modules that the parts are built in.
const goVersion = "1.26.0"

// replacement is one replace directive of a go.mod file as `go mod edit -json` prints it.
type replacement struct {
	Old, New struct{ Path, Version string }
}

// download is what `go mod download -json` says of a module.
type download struct {
	Dir   string
	GoMod string
	Error string
}

// downloadModule puts a module into the Go module cache.
func downloadModule(ctx context.Context, module, version string) (download, error) {
	var d download
	out, err := runGo(ctx, os.TempDir(), nil, "mod", "download", "-json", module+"@"+version)
	if err != nil {
		return d, err
	}
	if err := json.Unmarshal(out, &d); err != nil {
		return d, fmt.Errorf("read what go says of %s@%s: %w", module, version, err)
	}
	if d.Error != "" {
		return d, fmt.Errorf("download %s@%s: %s", module, version, d.Error)
	}
	return d, nil
}

// replacements reads the replace directives of a go.mod file.
func replacements(ctx context.Context, goMod string) ([]replacement, error) {
	out, err := runGo(ctx, os.TempDir(), nil, "mod", "edit", "-json", goMod)
	if err != nil {
		return nil, err
	}
	var file struct{ Replace []replacement }
	if err := json.Unmarshal(out, &file); err != nil {
		return nil, fmt.Errorf("read %s: %w", goMod, err)
	}
	return file.Replace, nil
}

// goModFor writes the go.mod of a module that only builds the part. Go ignores the replace directives of a required
// module, so those of the part's own go.mod are repeated here: without them it would not be what its authors ship.
func goModFor(p part, replace []replacement) string {
	var b strings.Builder
	fmt.Fprintf(&b, "module modelops.dev/e2e/%s\n\ngo %s\n\nrequire %s %s\n", p.name, goVersion, p.module, p.version)
	for _, r := range replace {
		target := strings.TrimSpace(r.New.Path + " " + r.New.Version)
		if isFolder(r.New.Path) {
			if p.siblings == "" {
				continue
			}
			target = r.Old.Path + " " + p.siblings
		}
		fmt.Fprintf(&b, "\nreplace %s => %s\n", strings.TrimSpace(r.Old.Path+" "+r.Old.Version), target)
	}
	return b.String()
}

// isFolder tells whether the right side of a replace directive is a folder and not a module.
func isFolder(path string) bool {
	return strings.HasPrefix(path, "./") || strings.HasPrefix(path, "../")
}

// runGo runs the go command outside any module of the caller's, with variables in addition to the environment of this
// process.
func runGo(ctx context.Context, dir string, env []string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	// A part's module has no go.sum at first, and a go.work of the caller's would not name it.
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod -buildvcs=false", "GOWORK=off")
	cmd.Env = append(cmd.Env, env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, tail(stderr.Bytes(), 40))
	}
	return out, nil
}

// tail returns the last lines of a log.
func tail(log []byte, lines int) string {
	all := strings.Split(strings.TrimRight(string(log), "\n"), "\n")
	if len(all) > lines {
		all = all[len(all)-lines:]
	}
	return strings.Join(all, "\n")
}
