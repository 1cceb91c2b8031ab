package cmd

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/internal/escape"
	"github.com/modelops/modelops/internal/view"
)

// sharedFlags stand on the program and on each command: the flag parser does not look upwards.
func sharedFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "repo", Usage: "`PATH` of the deployment repository's clone, bare or with a work tree (default: the current folder; MODELOPS_REPO)"},
		&cli.StringFlag{Name: "branch", Usage: "`BRANCH` to work on (default: the platform spec's, else the remote's HEAD)"},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "`FORMAT` of results: text or json"},
		&cli.StringFlag{Name: "color", Usage: "`WHEN` to colour: auto, always or never (NO_COLOR)"},
		&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "show details, such as whole diffs"},
		&cli.BoolFlag{Name: "help", Aliases: []string{"h"}, Usage: "show help"},
	}
}

// sharedFlags are those of a command, of which some say more about output.
func (e entry) sharedFlags() []cli.Flag {
	flags := sharedFlags()
	if e.outputs {
		i := slices.IndexFunc(flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), "output") })
		flags[i] = &cli.StringSliceFlag{Name: "output", Aliases: []string{"o"}, Usage: "`FORMAT[=FILE]` of results, several times if wanted"}
	}
	return flags
}

// look is how output was asked for. It is read from the words alone, before the flags are parsed, so that a mistake in
// the flags is reported in the format that was asked for.
type look struct {
	output, color string
	verbose       bool
}

func scan(args []string) look {
	var l look
	for i, word := range args {
		if word == "--" {
			break
		}
		if len(word) < 2 || word[0] != '-' {
			continue
		}
		name, value, inline := flagName(word)
		if !inline && i+1 < len(args) {
			value = args[i+1]
		}
		switch name {
		case "output", "o":
			l.output = value
		case "color":
			l.color = value
		case "verbose", "v":
			l.verbose = !inline || value == "true"
		}
	}
	return l
}

// check refuses words that scan let through.
func (l look) check() error {
	switch {
	case l.output != "" && l.output != string(view.FormatText) && l.output != string(view.FormatJSON):
		return &usageError{Message: "flag --output: " + quote(l.output) + " is neither text nor json"}
	case l.color != "" && l.color != "auto" && l.color != "always" && l.color != "never":
		return &usageError{Message: "flag --color: " + quote(l.color) + " is none of auto, always, never"}
	}
	return nil
}

func newOutput(env Env, l look) *view.Output {
	o := view.Options{
		Out: env.Stdout, Err: env.Stderr, Format: view.FormatText, Verbose: l.verbose,
		OutTerminal: env.IsTerminal(env.Stdout), ErrTerminal: env.IsTerminal(env.Stderr), Dialect: escape.DialectOf(env.Lookup),
	}
	if l.output == string(view.FormatJSON) {
		o.Format = view.FormatJSON
	}
	plain := env.get("NO_COLOR") != "" || env.get("TERM") == "dumb"
	o.ColorOut = l.color == "always" || l.color != "never" && o.OutTerminal && !plain
	o.ColorErr = l.color == "always" || l.color != "never" && o.ErrTerminal && !plain
	return view.New(o)
}

// lookOf reads the same words from parsed flags.
func lookOf(c *cli.Context) look {
	return look{output: c.String("output"), color: c.String("color"), verbose: c.Bool("verbose")}
}

// look is lookOf, for a command that looks after its outputs itself.
func (e entry) look(c *cli.Context) look {
	l := lookOf(c)
	if e.outputs {
		l.output = ""
	}
	return l
}

// trimmed are a command's positional arguments, as given.
func trimmed(c *cli.Context) []string {
	var out []string
	for _, a := range c.Args().Slice() {
		out = append(out, strings.TrimSpace(a))
	}
	return out
}
