package stack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// manifestName is the file beside a built program that says what it was built from. It is written last, so a folder
// without it is a build that was cut off.
const manifestName = "manifest.json"

// buildingPrefix begins the names of folders in the cache that a build is under way in.
const buildingPrefix = "building-"

// manifest records how a program in the cache was built.
type manifest struct {
	Name    string   `json:"name"`
	Module  string   `json:"module"`
	Version string   `json:"version"`
	Stamp   []string `json:"stamp,omitempty"`
	Tags    []string `json:"tags,omitempty"`
	Size    int64    `json:"size"`
}

// builder builds parts into a cache folder and finds those that are there.
type builder struct {
	cache string
	log   func(format string, args ...any)
}

// folder is where a part lives: its name tells all that goes into it, so that another version, or another way of
// building the same, never meets an old program.
func (b builder) folder(p part) string {
	recipe := append([]string{p.module, p.version, p.pkg, p.siblings, goVersion}, p.stamp...)
	if len(p.tags) > 0 { // those without keep the names that they had before there were any
		recipe = append(recipe, "tags="+strings.Join(p.tags, ","))
	}
	sum := sha256.Sum256([]byte(strings.Join(recipe, "\x00")))
	return filepath.Join(b.cache, "parts", p.name+"-"+p.version+"-"+hex.EncodeToString(sum[:4]))
}

// ensure returns the path of the part's program and builds it if it is missing or its build was cut off.
func (b builder) ensure(ctx context.Context, p part) (string, error) {
	folder := b.folder(p)
	program := filepath.Join(folder, p.name)
	if b.complete(folder, p) {
		return program, nil
	}
	start := time.Now()
	b.log("building %s %s (once; later runs find it in %s)", p.name, p.version, b.cache)
	if err := b.build(ctx, p, folder); err != nil {
		return "", fmt.Errorf("build %s %s: %w", p.name, p.version, err)
	}
	b.log("built %s %s in %s", p.name, p.version, time.Since(start).Round(time.Second))
	return program, nil
}

// complete tells whether the folder holds the whole program: the manifest is there and the size is the recorded one.
func (b builder) complete(folder string, p part) bool {
	raw, err := os.ReadFile(filepath.Join(folder, manifestName))
	if err != nil {
		return false
	}
	var m manifest
	if json.Unmarshal(raw, &m) != nil {
		return false
	}
	info, err := os.Stat(filepath.Join(folder, p.name))
	return err == nil && info.Size() == m.Size && m.Module == p.module && m.Version == p.version
}

// build builds the part in a temporary folder of the cache and renames it into place, so that a program that can be
// seen is a whole one.
func (b builder) build(ctx context.Context, p part, folder string) error {
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(b.cache, buildingPrefix)
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	out := filepath.Join(work, "out")
	if err := b.compile(ctx, p, work, filepath.Join(out, p.name)); err != nil {
		return err
	}
	if err := writeManifest(out, p); err != nil {
		return err
	}
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	if err := os.Rename(out, folder); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// compile writes the part's module and builds its main package.
func (b builder) compile(ctx context.Context, p part, work, output string) error {
	source, err := downloadModule(ctx, p.module, p.version)
	if err != nil {
		return err
	}
	replace, err := replacements(ctx, source.GoMod)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(work, "go.mod"), []byte(goModFor(p, replace)), 0o644); err != nil {
		return err
	}
	args := []string{"build", "-o", output, "-tags", strings.Join(p.tags, ",")}
	if len(p.stamp) > 0 {
		args = append(args, "-ldflags", "-X "+strings.Join(p.stamp, " -X "))
	}
	var env []string
	if p.cgo {
		env = append(env, "CGO_ENABLED=1")
	}
	_, err = runGo(ctx, work, env, append(args, p.pkg)...)
	return err
}

// writeManifest records the finished program.
func writeManifest(folder string, p part) error {
	info, err := os.Stat(filepath.Join(folder, p.name))
	if err != nil {
		return err
	}
	raw, err := json.MarshalIndent(manifest{Name: p.name, Module: p.module, Version: p.version, Stamp: p.stamp, Tags: p.tags, Size: info.Size()}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, manifestName), append(raw, '\n'), 0o644)
}
