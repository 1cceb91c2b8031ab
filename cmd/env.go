package cmd

import (
	"crypto/rand"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/term"
)

// Env is everything that a command may take from the process around it.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Environ holds the variables, "NAME=value" each; of two with one name the last counts.
	Environ []string
	// Now is the clock.
	Now func() time.Time
	// IsTerminal says whether a person sits at the other end of a stream.
	IsTerminal func(stream any) bool
	// Getwd is the current folder.
	Getwd func() (string, error)
	// LookPath finds a program.
	LookPath func(name string) (string, error)
	// Rand makes the words that must not repeat.
	Rand io.Reader
}

// OSEnv is the process itself.
func OSEnv() Env {
	return Env{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Environ: os.Environ(), Now: time.Now,
		IsTerminal: isTerminal, Getwd: os.Getwd, LookPath: exec.LookPath, Rand: rand.Reader,
	}
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Lookup finds a variable.
func (e Env) Lookup(name string) (string, bool) {
	for i := len(e.Environ) - 1; i >= 0; i-- {
		if v, ok := strings.CutPrefix(e.Environ[i], name+"="); ok {
			return v, true
		}
	}
	return "", false
}

func (e Env) get(name string) string {
	v, _ := e.Lookup(name)
	return v
}

// git is the git program's path, "" where there is none.
func (e Env) git() string {
	path, err := e.LookPath("git")
	if err != nil {
		return ""
	}
	return path
}

// home is the user's folder for configuration; HOME on Unix, USERPROFILE elsewhere.
func (e Env) home() string {
	if v := e.get("HOME"); v != "" {
		return v
	}
	return e.get("USERPROFILE")
}

// path makes a path absolute from the current folder.
func (e Env) path(p string) (string, error) {
	if filepath.IsAbs(p) {
		return filepath.Clean(p), nil
	}
	wd, err := e.Getwd()
	if err != nil {
		return "", err
	}
	return filepath.Join(wd, p), nil
}
