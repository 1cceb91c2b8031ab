// Package hook puts the hook of Git that validates every commit into a clone's folder of hooks, and takes it away again. A hook
// that somebody else wrote is never touched.
package hook

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Name of the hook's file.
const Name = "pre-commit"

// Line is what a hook of the user's own has to run.
const Line = "modelops validate --staged --repo . || exit $?"

// mark is in every version of the script that we ever wrote.
const mark = "# Written by `modelops hook install`"

const script = `#!/bin/sh
` + mark + `; ` + "`modelops hook uninstall`" + ` takes it away.
if ! command -v modelops >/dev/null; then
	echo "modelops is not on the PATH; git commit --no-verify goes on without validation" >&2
	exit 1
fi
exec modelops validate --staged --repo .
`

// ForeignError is a hook that somebody else wrote.
type ForeignError struct {
	// File is its path.
	File string
}

func (e *ForeignError) Error() string { return e.File + " is there and is not ours" }

// Hints are what to do about it.
func (e *ForeignError) Hints() []string {
	return []string{"add this line to it, before it ends: " + Line}
}

// Install writes the hook into a folder of hooks, which need not exist, and says what it did: add, update or keep.
func Install(dir string) (op string, err error) {
	file := filepath.Join(dir, Name)
	old, err := ours(file)
	switch {
	case err != nil:
		return "", err
	case old == script:
		return "keep", nil
	}
	op = "update"
	if old == "" {
		op = "add"
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("install the hook: %w", err)
	}
	return op, replace(file)
}

// Uninstall takes the hook away: delete, or keep where there is none.
func Uninstall(dir string) (op string, err error) {
	file := filepath.Join(dir, Name)
	old, err := ours(file)
	if err != nil || old == "" {
		return "keep", err
	}
	if err := os.Remove(file); err != nil {
		return "", fmt.Errorf("uninstall the hook: %w", err)
	}
	return "delete", nil
}

// ours is the text of our hook; empty where there is none. A link is somebody else's, wherever it leads.
func ours(file string) (string, error) {
	info, err := os.Lstat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look at the hook: %w", err)
	}
	if !info.Mode().IsRegular() {
		return "", &ForeignError{file}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("look at the hook: %w", err)
	}
	if !strings.Contains(string(data), mark) {
		return "", &ForeignError{file}
	}
	return string(data), nil
}

// replace writes the script beside the file and renames it, so that git never runs half of one.
func replace(file string) error {
	f, err := os.CreateTemp(filepath.Dir(file), Name+".*")
	if err != nil {
		return fmt.Errorf("install the hook: %w", err)
	}
	_, err = f.WriteString(script)
	if e := f.Chmod(0o755); err == nil {
		err = e
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("install the hook: %w", err)
	}
	return nil
}
