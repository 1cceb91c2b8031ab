package cmd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// rootHelp is modelops --help.
func rootHelp(commands []*cli.Command) string {
	var b strings.Builder
	b.WriteString("modelops promotes models to environments by commits, and rolls them back as Git reverts that Argo CD proves.\n\n")
	b.WriteString("Usage:\n  modelops COMMAND [ARGUMENTS] [FLAGS]\n\nCommands:\n")
	for _, c := range commands {
		if !c.Hidden {
			fmt.Fprintf(&b, "  %-11s %s\n", c.Name, c.Usage)
		}
	}
	b.WriteString("\nFlags of every command:\n" + flagLines(sharedFlags()))
	b.WriteString("\nExamples:\n" + exampleLines([]string{
		"modelops init                                    # start a deployment repository here",
		"modelops promote vision/resnet --env staging --version 1.4.2 --wait",
		"modelops promote vision/resnet --env prod --from staging --wait",
		"modelops revert vision/resnet --env prod --reason \"p99 latency doubled\" --wait",
	}))
	b.WriteString("\nmodelops COMMAND --help shows flags, examples and exit codes of one command.\n")
	return b.String()
}

// help is the help of one command.
func help(path []string, e entry) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nUsage:\n  modelops %s\n", sentence(e.usage), strings.Join(strings.Fields(strings.Join(path, " ")+" "+usageArgs(e)+" [FLAGS]"), " "))
	if e.about != "" {
		b.WriteString("\n" + strings.TrimSpace(e.about) + "\n")
	}
	if len(e.subs) > 0 {
		b.WriteString("\nCommands:\n")
		for _, c := range e.subs {
			fmt.Fprintf(&b, "  %-11s %s\n", c.Name, c.Usage)
		}
	}
	if len(e.examples) > 0 {
		b.WriteString("\nExamples:\n" + exampleLines(e.examples))
	}
	if len(e.flags) > 0 {
		b.WriteString("\nFlags:\n" + flagLines(e.flags))
	}
	b.WriteString("\nFlags of every command:\n" + flagLines(sharedFlags()))
	b.WriteString("\nExit status:\n" + exitLines(e.exits))
	return b.String()
}

func usageArgs(e entry) string {
	if len(e.subs) > 0 {
		return "COMMAND"
	}
	return e.args
}

func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] + "." }

func exampleLines(examples []string) string {
	var b strings.Builder
	for _, x := range examples {
		b.WriteString("  " + x + "\n")
	}
	return b.String()
}

func exitLines(extra []int) string {
	codes := append([]int{exitDone, exitUnexpected, exitUsage, exitInterrupted}, extra...)
	slices.Sort(codes)
	var b strings.Builder
	for _, code := range codes {
		fmt.Fprintf(&b, "  %-4d %s\n", code, exitMeaning[code])
	}
	return b.String()
}

const helpWidth = 118

func flagLines(flags []cli.Flag) string {
	type line struct{ left, right string }
	var lines []line
	wide := 0
	for _, f := range flags {
		left, right, visible := flagText(f)
		if visible {
			lines = append(lines, line{left, right})
			wide = max(wide, len(left))
		}
	}
	var b strings.Builder
	for _, l := range lines {
		for i, part := range wrap(l.right, helpWidth-wide-4) {
			fmt.Fprintf(&b, "  %-*s  %s\n", wide, l.left, part)
			if i == 0 {
				l.left = ""
			}
		}
	}
	return b.String()
}

// flagText writes a flag's names with its placeholder, which its usage marks by backticks, and its usage without them.
func flagText(f cli.Flag) (left, right string, visible bool) {
	d, ok := f.(cli.DocGenerationFlag)
	if v, isVisible := f.(cli.VisibleFlag); !ok || isVisible && !v.IsVisible() {
		return "", "", false
	}
	var names []string
	for _, n := range f.Names() {
		names = append(names, dashes(n))
	}
	slices.SortStableFunc(names, func(a, b string) int { return len(b) - len(a) })
	left = strings.Join(names, ", ")
	usage := d.GetUsage()
	if before, rest, ok := strings.Cut(usage, "`"); ok {
		word, after, _ := strings.Cut(rest, "`")
		return left + " " + word, before + word + after, true
	}
	return left, usage, true
}

func wrap(s string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}

// helpCommand is `modelops help [COMMAND]`, for those who type it that way.
func (s *session) helpCommand() *cli.Command {
	return s.command(entry{name: "help", args: "[COMMAND...]", most: -1, usage: "show help of a command", run: func(c *cli.Context) error {
		if !c.Args().Present() {
			return s.out.Help(rootHelp(s.commands()))
		}
		return s.run(c.Context, append(append([]string{"modelops"}, c.Args().Slice()...), "--help"))
	}})
}
