package cmd

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// arrange moves flags in front of positional arguments, wherever the user wrote them, and those in front of the command
// behind its name. The flag parser stops at the first positional argument and would silently ignore a --dry-run behind
// it. What follows a literal -- is positional. It refuses flags that the command does not have.
func arrange(root *cli.Command, args []string) (arranger, error) {
	a := arranger{command: root}
	for i := 0; i < len(args); i++ {
		word := args[i]
		switch {
		case word == "--":
			a.positional = append(a.positional, args[i+1:]...)
			i = len(args)
		case len(word) > 1 && word[0] == '-':
			a.flags = append(a.flags, word)
			if a.wantsValue(word, args[i+1:]) && i+1 < len(args) {
				i++
				a.flags = append(a.flags, args[i])
				a.values = append(a.values, len(a.flags)-1)
			}
		default:
			a.word(word)
		}
	}
	return a, a.check()
}

type arranger struct {
	command    *cli.Command
	path       []string // command words
	flags      []string // flag words, each followed by its value where it takes one
	values     []int    // which of flags are values
	positional []string
}

// asks says whether a flag without a value is given.
func (a *arranger) asks(names ...string) bool {
	for i, word := range a.flags {
		name, value, inline := flagName(word)
		if slices.Contains(names, name) && !slices.Contains(a.values, i) && (!inline || value == "true") {
			return true
		}
	}
	return false
}

// word takes a command's name as long as only command names were seen, and a positional argument after that.
func (a *arranger) word(word string) {
	if len(a.positional) == 0 {
		if sub := a.command.Command(word); sub != nil {
			a.command = sub
			a.path = append(a.path, word)
			return
		}
	}
	a.positional = append(a.positional, word)
}

func (a *arranger) line() []string {
	out := slices.Concat(a.path, a.flags)
	if len(a.positional) > 0 {
		out = append(append(out, "--"), a.positional...)
	}
	return out
}

// wantsValue says whether a flag takes the word after it. Before the command is known, a flag of one of its commands may
// stand there; all commands agree on what takes a value.
func (a *arranger) wantsValue(word string, rest []string) bool {
	name, _, inline := flagName(word)
	if inline {
		return false
	}
	f := find(a.command, name)
	return f != nil && takesValue(f) && len(rest) > 0
}

// check refuses flags that the command does not have, and those that lack their value.
func (a *arranger) check() error {
	for i, word := range a.flags {
		if slices.Contains(a.values, i) {
			continue
		}
		name, _, inline := flagName(word)
		f := lookup(a.command.Flags, name)
		switch {
		case f == nil:
			written, _, _ := strings.Cut(word, "=")
			return a.unknown(name, written)
		case takesValue(f) && !inline && !slices.Contains(a.values, i+1):
			return &usageError{Message: "flag --" + name + ": a value is missing", Next: []string{helpFor(a.path)}}
		}
	}
	return nil
}

func (a *arranger) unknown(name, written string) error {
	where := strings.Join(a.path, " ")
	if where == "" {
		where = "modelops"
		if len(a.positional) > 0 {
			return unknownCommand(a.command, a.path, a.positional[0])
		}
	}
	err := &usageError{Message: "unknown flag " + written + " for " + where}
	if s := nearest(name, flagNames(a.command)); s != "" {
		err.Next = append(err.Next, "did you mean --"+s+"?")
	}
	err.Next = append(err.Next, helpFor(a.path))
	return err
}

func unknownCommand(c *cli.Command, path []string, word string) error {
	err := &usageError{Message: "unknown command " + quote(strings.Join(append(slices.Clone(path), word), " "))}
	if s := nearest(word, commandNames(c)); s != "" {
		err.Next = append(err.Next, "did you mean modelops "+strings.Join(append(slices.Clone(path), s), " ")+"?")
	}
	err.Next = append(err.Next, helpFor(path))
	return err
}

func helpFor(path []string) string {
	return "see " + strings.Join(append(append([]string{"modelops"}, path...), "--help"), " ")
}

func dashes(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// flagName splits -name, --name and --name=value.
func flagName(word string) (name, value string, inline bool) {
	word = strings.TrimPrefix(strings.TrimPrefix(word, "-"), "-")
	return strings.Cut(word, "=")
}

func lookup(flags []cli.Flag, name string) cli.Flag {
	for _, f := range flags {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}

// find looks for a flag in a command and everything below it.
func find(c *cli.Command, name string) cli.Flag {
	if f := lookup(c.Flags, name); f != nil {
		return f
	}
	for _, sub := range c.Subcommands {
		if f := find(sub, name); f != nil {
			return f
		}
	}
	return nil
}

func takesValue(f cli.Flag) bool {
	d, ok := f.(cli.DocGenerationFlag)
	return ok && d.TakesValue()
}

func flagNames(c *cli.Command) []string {
	var names []string
	for _, f := range c.Flags {
		for _, n := range f.Names() {
			if len(n) > 1 {
				names = append(names, n)
			}
		}
	}
	return names
}

func commandNames(c *cli.Command) []string {
	var names []string
	for _, sub := range c.Subcommands {
		if !sub.Hidden {
			names = append(names, sub.Name)
		}
	}
	return names
}
