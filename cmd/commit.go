package cmd

import (
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/gitops"
)

// commitFlags say how a commit is written and where it goes.
func commitFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "push", Value: true, Usage: "push to the remote (the default)"},
		&cli.BoolFlag{Name: "no-push", Usage: "commit to the local branch only"},
		&cli.BoolFlag{Name: "signoff", Usage: "add a Signed-off-by line for the committer"},
		&cli.StringSliceFlag{Name: "trailer", Usage: "`\"KEY: VALUE\"` to add at the end of the commit message; may be repeated"},
	}
}

var trailerKey = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*$`)

// parseTrailers reads "Key: value" or "Key=value", as git commit --trailer. Keys of ours are what history shows to
// people, and so nobody else may write them.
func parseTrailers(flags []string) ([]gitops.Trailer, error) {
	var out []gitops.Trailer
	for _, f := range flags {
		i := strings.IndexAny(f, ":=")
		if i < 0 {
			i = len(f)
		}
		key, value := strings.TrimSpace(f[:i]), strings.TrimSpace(strings.TrimLeft(f[i:], ":="))
		switch {
		case !trailerKey.MatchString(key) || value == "":
			return nil, &usageError{Message: "flag --trailer: " + quote(f) + " is no trailer", Next: []string{`write it as "Refs: OPS-42": a key of letters, digits and dashes, then a value`}}
		case strings.HasPrefix(strings.ToLower(key), "modelops-"):
			return nil, &usageError{Message: "flag --trailer: " + quote(key) + " is a trailer that modelops writes itself", Next: []string{"choose another key"}}
		}
		out = append(out, gitops.Trailer{Key: key, Value: value})
	}
	return out, nil
}
