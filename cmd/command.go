package cmd

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// entry describes a command; the help is made from it.
type entry struct {
	name string
	// args are the positional arguments as usage shows them; least and most say how many (most -1: any number).
	args        string
	least, most int
	usage       string // one line
	about       string // what one must know, wrapped by hand
	examples    []string
	exits       []int // codes beside 0, 1 and 2
	flags       []cli.Flag
	subs        []*cli.Command
	hidden      bool
	outputs     bool // several outputs, each in a form and to a place of its own
	run         func(c *cli.Context) error
}

// command builds the library's form, with the shared flags, help and the check of positional arguments.
func (s *session) command(e entry) *cli.Command {
	for _, sub := range e.subs {
		sub.Category = e.name
	}
	cmd := &cli.Command{
		Name: e.name, Usage: e.usage, ArgsUsage: e.args, HideHelp: true, HideHelpCommand: true, Hidden: e.hidden,
		Flags: append(e.flags, e.sharedFlags()...), Subcommands: e.subs, OnUsageError: usageProblem,
	}
	s.helps[cmd] = func(path []string) string { return help(path, e) }
	cmd.Action = func(c *cli.Context) error {
		if err := e.look(c).check(); err != nil {
			return err
		}
		if len(e.subs) > 0 {
			return missingSub(c, cmd)
		}
		if err := e.count(commandPath(c), c.Args().Len()); err != nil {
			return err
		}
		return e.run(c)
	}
	return cmd
}

func missingSub(c *cli.Context, cmd *cli.Command) error {
	path := commandPath(c)
	if c.Args().Present() {
		return unknownCommand(cmd, path, c.Args().First())
	}
	return &usageError{Message: fmt.Sprintf("%s: one of %s is needed", strings.Join(path, " "), strings.Join(commandNames(cmd), ", ")), Next: []string{helpFor(path)}}
}

func (e entry) count(path []string, n int) error {
	name := strings.Join(path, " ")
	switch {
	case n < e.least:
		return &usageError{Message: fmt.Sprintf("%s: %s is missing", name, e.args), Next: append(e.firstExample(), helpFor(path))}
	case e.most >= 0 && n > e.most:
		what := "no argument"
		if e.most > 0 {
			what = "only " + e.args
		}
		return &usageError{Message: fmt.Sprintf("%s: %s is expected, %d were given", name, what, n), Next: []string{helpFor(path)}}
	}
	return nil
}

func (e entry) firstExample() []string {
	if len(e.examples) == 0 {
		return nil
	}
	return []string{"for example: " + strings.TrimSpace(strings.SplitN(e.examples[0], "#", 2)[0])}
}

func envFlag() cli.Flag {
	return &cli.StringFlag{Name: "env", Aliases: []string{"e"}, Usage: "`ENVIRONMENT` of the platform"}
}

func reasonFlag() cli.Flag {
	return &cli.StringFlag{Name: "reason", Usage: "`TEXT` that the record and the commit carry"}
}

func dryRunFlag(what string) cli.Flag {
	return &cli.BoolFlag{Name: "dry-run", Aliases: []string{"n"}, Usage: what}
}
