package cmd

import (
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/internal/hook"
	"github.com/modelops/modelops/internal/view"
)

func (s *session) hookCommand() *cli.Command {
	return s.command(entry{
		name: "hook", usage: "have git validate every commit",
		about: `A hook of git is a program that git runs before it commits. Ours runs modelops validate --staged. Those who use the
framework pre-commit take its hooks from this project instead: modelops-validate.`,
		subs: []*cli.Command{s.hookSub("install", hook.Install, `Writes the hook pre-commit where git looks for it (core.hooksPath, else the clone's hooks). A hook that is there
and not ours is left alone, and the line to add to it is shown.`, "write the hook into the clone"),
			s.hookSub("uninstall", hook.Uninstall, "Deletes the hook, where it is ours.", "take the hook away")},
	})
}

func (s *session) hookSub(name string, do func(dir string) (string, error), about, usage string) *cli.Command {
	return s.command(entry{
		name: name, usage: usage, about: about, examples: []string{"modelops hook " + name}, exits: []int{exitRefused},
		run: func(c *cli.Context) error { return s.hook(c, do) },
	})
}

func (s *session) hook(c *cli.Context, do func(dir string) (string, error)) error {
	root, dir, err := s.hooks(c)
	if err != nil {
		return err
	}
	op, err := do(dir)
	if err != nil {
		return err
	}
	return s.out.Print(view.Written{Root: root, Changed: op != "keep", Files: []view.File{{Path: filepath.Join(dir, hook.Name), Op: op}}})
}

// hooks finds the clone's root and its folder of hooks, as git does.
func (s *session) hooks(c *cli.Context) (root, dir string, err error) {
	at, err := s.folder(c)
	if err != nil {
		return "", "", err
	}
	g := s.gitIn(at)
	root, ok := g.output(c.Context, "rev-parse", "--show-toplevel")
	if !ok {
		return "", "", &usageError{Message: "hook: " + at + " is no clone with a work tree", Next: []string{"--repo names one"}}
	}
	g.dir = root
	// A folder that is set for all of a user's clones is not this clone's to write into.
	scope, _ := g.output(c.Context, "config", "--show-scope", "--get", "core.hooksPath")
	if scope, path, _ := strings.Cut(scope, "\t"); scope == "global" || scope == "system" {
		return "", "", &refusedError{Message: "hook: core.hooksPath is set for every clone, to " + path, Next: []string{"add this line to " + hook.Name + " there: " + hook.Line}}
	}
	dir, ok = g.output(c.Context, "rev-parse", "--git-path", "hooks")
	if !ok {
		return "", "", &usageError{Message: "hook: git does not say where the hooks of " + root + " are"}
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(root, dir)
	}
	return root, dir, nil
}
