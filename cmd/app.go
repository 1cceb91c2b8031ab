package cmd

import (
	"context"
	"errors"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/internal/view"
)

// Run runs one command line, args[0] being the program's name, and returns the code to exit with.
func Run(ctx context.Context, args []string, env Env) int {
	s := &session{env: env, out: newOutput(env, scan(args)), helps: map[*cli.Command]func([]string) string{}}
	err := s.run(ctx, args)
	if err == nil {
		return exitDone
	}
	if ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled) {
		err = &interruptedError{cause: err}
	}
	f := failureOf(err)
	if !errors.Is(err, errShown) {
		s.out.Fail(f)
	}
	return f.Exit
}

// session is one run of the program.
type session struct {
	env    Env
	out    *view.Output
	target string // what the command is about, for failures
	helps  map[*cli.Command]func(path []string) string
}

// showHelp answers --help itself: the library would print help of its own make.
func (s *session) showHelp(root *cli.Command, a arranger) error {
	if h, ok := s.helps[a.command]; ok {
		return s.out.Help(h(a.path))
	}
	if len(a.positional) > 0 {
		return unknownCommand(root, nil, a.positional[0])
	}
	return s.out.Help(rootHelp(root.Subcommands))
}

func (s *session) run(ctx context.Context, args []string) error {
	app := s.app()
	line := args
	if len(args) > 0 {
		line = args[1:]
	}
	root := &cli.Command{Name: app.Name, Flags: app.Flags, Subcommands: app.Commands}
	a, err := arrange(root, line)
	if err != nil {
		return err
	}
	if (&a).asks("help", "h") {
		return s.showHelp(root, a)
	}
	if err := app.RunContext(ctx, append([]string{app.Name}, a.line()...)); err != nil {
		return withTarget(err, s.target)
	}
	return nil
}

// app builds the command tree anew for each run: urfave/cli keeps parsed values in it.
func (s *session) app() *cli.App {
	return &cli.App{
		Name: "modelops", Usage: "promote and revert models in a GitOps repository", HideHelp: true, HideHelpCommand: true, HideVersion: true,
		DisableSliceFlagSeparator: true, // a comma is part of a value
		Flags:                     append(sharedFlags(), &cli.BoolFlag{Name: "version", Usage: "print the version"}),
		Writer:                    io.Discard, ErrWriter: io.Discard, Reader: s.env.Stdin, Commands: s.commands(),
		// Codes are decided in exit.go alone; the default handler would end the process.
		ExitErrHandler: func(*cli.Context, error) {},
		OnUsageError:   usageProblem,
		Action:         s.root,
	}
}

func (s *session) commands() []*cli.Command {
	return []*cli.Command{
		s.initCommand(), s.doctorCommand(), s.teamCommand(), s.modelCommand(),
		s.renderCommand(), s.buildCommand(), s.validateCommand(), s.diffCommand(), s.hookCommand(), s.guardrailsCommand(),
		s.promoteCommand(), s.revertCommand(), s.holdCommand(), s.unholdCommand(),
		s.statusCommand(), s.historyCommand(), s.syncCommand(), s.waitCommand(),
		s.completionCommand(), s.completeCommand(), s.helpCommand(), s.versionCommand(),
	}
}

// root is modelops without a command.
func (s *session) root(c *cli.Context) error {
	switch {
	case c.Args().Present():
		return unknownCommand(&cli.Command{Subcommands: s.commands()}, nil, c.Args().First())
	case c.Bool("version"):
		return s.printVersion()
	}
	return s.out.Help(rootHelp(s.commands()))
}

func usageProblem(c *cli.Context, err error, _ bool) error {
	return &usageError{Message: err.Error(), Next: []string{helpFor(commandPath(c))}}
}

func commandPath(c *cli.Context) []string {
	if c.Command == nil || c.Command.Name == "modelops" || c.Command.Name == "" {
		return nil
	}
	if parent := c.Lineage(); len(parent) > 1 {
		return append(commandPath(parent[1]), c.Command.Name)
	}
	return []string{c.Command.Name}
}
