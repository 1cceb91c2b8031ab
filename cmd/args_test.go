package cmd

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// tree is a command tree with every kind of flag.
func tree() *cli.Command {
	return &cli.Command{Name: "modelops", Flags: sharedFlags(), Subcommands: []*cli.Command{
		{Name: "promote", Flags: append(sharedFlags(), envFlag(), &cli.BoolFlag{Name: "dry-run", Aliases: []string{"n"}}, &cli.DurationFlag{Name: "timeout"})},
		{Name: "team", Flags: sharedFlags(), Subcommands: []*cli.Command{{Name: "add", Flags: append(sharedFlags(), &cli.StringFlag{Name: "owners"})}}},
	}}
}

func TestArrange(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"promote a/b", "promote -- a/b"},
		{"promote a/b --env prod --dry-run", "promote --env prod --dry-run -- a/b"},
		{"promote --env prod a/b c/d -n", "promote --env prod -n -- a/b c/d"},
		{"promote a/b --env=prod c/d", "promote --env=prod -- a/b c/d"},
		{"promote --dry-run=false a/b", "promote --dry-run=false -- a/b"},
		{"promote -- --env a/b", "promote -- --env a/b"},
		{"promote a/b -- -n", "promote -- a/b -n"},
		{"promote a/b --", "promote -- a/b"},
		{"promote -", "promote -- -"},
		// A value may look like a flag, as the flag parser has it.
		{"promote a/b --env --dry-run", "promote --env --dry-run -- a/b"},
		{"--repo x promote a/b", "promote --repo x -- a/b"},
		{"-o json promote a/b", "promote -o json -- a/b"},
		{"--verbose team --repo x add vision --owners me", "team add --verbose --repo x --owners me -- vision"},
		{"team vision add", "team -- vision add"},
		{"promote promote", "promote -- promote"},
		{"promote --env a --env b x", "promote --env a --env b -- x"},
		{"nothing --repo x", "--repo x -- nothing"},
		// A command's own flag in front of it is its own all the same.
		{"--env prod promote a/b", "promote --env prod -- a/b"},
	} {
		a, err := arrange(tree(), strings.Fields(c.in))
		if err != nil {
			t.Errorf("%q: %v", c.in, err)
			continue
		}
		if got := strings.Join(a.line(), " "); got != c.want {
			t.Errorf("%q became %q, want %q", c.in, got, c.want)
		}
	}
}

func TestArrangeRefuses(t *testing.T) {
	for _, c := range []struct{ in, message, hint string }{
		{"promote a/b --evn prod", "unknown flag --evn for promote", "did you mean --env?"},
		{"promote a/b --env", "flag --env: a value is missing", "see modelops promote --help"},
		{"promote -x", "unknown flag -x for promote", "see modelops promote --help"},
		{"team add v --env prod", "unknown flag --env for team add", "see modelops team add --help"},
		{"--nope", "unknown flag --nope for modelops", "see modelops --help"},
		{"promot a/b --env prod", `unknown command "promot"`, "did you mean modelops promote?"},
		{"promote a/b ---", "unknown flag --- for promote", "see modelops promote --help"},
	} {
		_, err := arrange(tree(), strings.Fields(c.in))
		var usage *usageError
		if !errors.As(err, &usage) {
			t.Errorf("%q: %v", c.in, err)
			continue
		}
		if usage.Message != c.message || !slices.Contains(usage.Next, c.hint) {
			t.Errorf("%q: %q with hints %q, want %q with %q", c.in, usage.Message, usage.Next, c.message, c.hint)
		}
	}
}

// FuzzArrange holds that no word is lost or made up, whatever the line: a lost --dry-run would be a real promote.
func FuzzArrange(f *testing.F) {
	for _, s := range []string{"promote a/b --env prod -n", "-- x", "team add --", "--env= a", "- -- -", "--repo"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		in := strings.Fields(line)
		a, err := arrange(tree(), in)
		if err != nil {
			return
		}
		out := a.line()
		separator := func(w string) bool { return w == "--" }
		got, want := slices.DeleteFunc(slices.Clone(out), separator), slices.DeleteFunc(slices.Clone(in), separator)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("%q became %q", in, out)
		}
		if i := slices.Index(out, "--"); i >= 0 && slices.ContainsFunc(out[:i], func(w string) bool {
			return slices.Contains(a.positional, w) && !slices.Contains(a.flags, w) && !slices.Contains(a.path, w)
		}) {
			t.Fatalf("%q: a positional argument stands in front of the flags: %q", in, out)
		}
	})
}

func TestScan(t *testing.T) {
	for in, want := range map[string]look{
		"promote x -o json":         {output: "json"},
		"--output=json -v":          {output: "json", verbose: true},
		"x --color never -v=false":  {color: "never"},
		"x -- -o json":              {},
		"x -o":                      {},
		"x --reason -o --color off": {color: "off", output: "--color"},
	} {
		if got := scan(strings.Fields(in)); got != want {
			t.Errorf("%q: %+v, want %+v", in, got, want)
		}
	}
}
