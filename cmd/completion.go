package cmd

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/internal/workspace"
)

// scripts complete by asking the program itself, which knows commands, flags and the repository's models. A word with
// spaces or quotes is never offered, so none has to be quoted.
var scripts = map[string]string{
	"bash": `_modelops() {
  local IFS=$'\n'
  COMPREPLY=($(modelops __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == */ ]] && compopt -o nospace
}
complete -o default -F _modelops modelops
`,
	"zsh": `#compdef modelops
_modelops() {
  local -a found
  found=("${(@f)$(modelops __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -- $found
}
compdef _modelops modelops
`,
	"fish": `complete -c modelops -f -a '(modelops __complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
`,
}

func (s *session) completionCommand() *cli.Command {
	return s.command(entry{
		name: "completion", args: "SHELL", least: 1, most: 1, usage: "print the completion script of bash, zsh or fish",
		about: "Commands, flags, models and environments are completed; the last two from the repository's work tree.",
		examples: []string{
			"source <(modelops completion bash)",
			"modelops completion zsh > ~/.zfunc/_modelops",
			"modelops completion fish > ~/.config/fish/completions/modelops.fish",
		},
		run: func(c *cli.Context) error {
			script, ok := scripts[c.Args().First()]
			if !ok {
				return &usageError{Message: "completion: " + quote(c.Args().First()) + " is none of bash, zsh, fish"}
			}
			return s.out.Raw([]byte(script))
		},
	})
}

// completeCommand answers the scripts: the words so far, the last of which is to be completed, lead to one candidate a
// line.
func (s *session) completeCommand() *cli.Command {
	return s.command(entry{name: "__complete", args: "WORD...", most: -1, usage: "answer a completion script", hidden: true, run: func(c *cli.Context) error {
		found := s.complete(c, c.Args().Slice())
		if len(found) == 0 {
			return nil
		}
		return s.out.Raw([]byte(strings.Join(found, "\n") + "\n"))
	}})
}

func (s *session) complete(c *cli.Context, words []string) []string {
	if len(words) == 0 {
		words = []string{""}
	}
	last := words[len(words)-1]
	a := arranger{command: &cli.Command{Name: "modelops", Flags: sharedFlags(), Subcommands: s.commands()}}
	var waiting string // the flag that the last word is the value of
	for _, w := range words[:len(words)-1] {
		name, value, inline := flagName(w)
		switch {
		case waiting == "repo":
			s.env.Environ = append(s.env.Environ, "MODELOPS_REPO="+w)
			waiting = ""
		case waiting != "":
			waiting = ""
		case strings.HasPrefix(w, "-") && inline && name == "repo":
			s.env.Environ = append(s.env.Environ, "MODELOPS_REPO="+value)
		case strings.HasPrefix(w, "-"):
			if a.wantsValue(w, words) {
				waiting = name
			}
		default:
			a.word(w)
		}
	}
	var all []string
	switch {
	case waiting != "":
		all = s.flagValues(c, waiting)
	case strings.HasPrefix(last, "-"):
		for _, n := range flagNames(a.command) {
			all = append(all, "--"+n)
		}
	case len(a.command.Subcommands) > 0:
		all = commandNames(a.command)
	default:
		all = s.positionals(c, a.command.ArgsUsage)
	}
	return beginning(all, last)
}

func beginning(all []string, prefix string) []string {
	var out []string
	for _, w := range all {
		if strings.HasPrefix(w, prefix) {
			out = append(out, w)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (s *session) flagValues(c *cli.Context, flag string) []string {
	switch flag {
	case "output", "o":
		return []string{"text", "json"}
	case "color":
		return []string{"auto", "always", "never"}
	case "env", "e", "from":
		return s.workTree(c, func(t workspace.Tree) []string {
			p, err := t.Platform()
			if err != nil {
				return nil
			}
			return workspace.Environments(p)
		})
	}
	return nil
}

// positionals completes what a command's usage asks for.
func (s *session) positionals(c *cli.Context, usage string) []string {
	switch {
	case usage == "SHELL":
		return []string{"bash", "zsh", "fish"}
	case usage == "TEAM":
		return s.workTree(c, func(t workspace.Tree) []string { teams, _ := t.Teams(); return teams })
	case strings.Contains(usage, "SELECTOR"), strings.Contains(usage, "MODEL"):
		return s.workTree(c, func(t workspace.Tree) []string {
			teams, _ := t.Teams()
			models, _ := t.Models()
			return append(models, teams...)
		})
	}
	return nil
}

// workTree asks the work tree around the current folder; where there is none, nothing is offered.
func (s *session) workTree(c *cli.Context, ask func(workspace.Tree) []string) []string {
	d, err := s.disk(c)
	if err != nil {
		return nil
	}
	defer d.Close()
	return ask(d.Tree())
}
