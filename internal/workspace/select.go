package workspace

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/modelops/modelops/render/spec"
)

var (
	label   = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
	pattern = regexp.MustCompile(`^[-a-z0-9*?\[\]^,]+$`)
)

// ParseModel reads TEAM/MODEL; Env of the result is empty.
func ParseModel(s string) (spec.Target, error) {
	team, model, ok := strings.Cut(s, "/")
	switch {
	case !ok:
		return spec.Target{}, &SelectorError{Selector: s, Why: "one model is needed, written TEAM/MODEL"}
	case !isLabel(team) || !isLabel(model):
		return spec.Target{}, notLabels(s)
	}
	return spec.Target{Team: team, Model: model}, nil
}

// ParseTeam checks the name of a team.
func ParseTeam(s string) error {
	if !isLabel(s) {
		return notLabels(s)
	}
	return nil
}

func isLabel(s string) bool { return len(s) <= 63 && label.MatchString(s) }

func notLabels(s string) error {
	return &SelectorError{Selector: s, Why: "names are DNS labels: lower case letters, digits and dashes, with a letter or digit at both ends, at most 63"}
}

// Select lists the models that the selectors mean, sorted and each once: TEAM is all of a team's, TEAM/MODEL one, and
// both may be globs. No selector means every model. A selector without a match is an error, so that a typing mistake
// never passes for success.
func (t Tree) Select(selectors []string) ([]string, error) {
	if len(selectors) == 0 {
		return t.Models()
	}
	var out []string
	for _, s := range selectors {
		found, err := t.match(s)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, t.matchesNothing(s)
		}
		out = append(out, found...)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// match looks only where the selector can match: a plain TEAM/MODEL costs one look, however many models there are.
func (t Tree) match(selector string) ([]string, error) {
	glob, err := globOf(selector)
	if err != nil {
		return nil, err
	}
	team, model := path.Split(glob)
	teams, err := pick(selector, strings.TrimSuffix(team, "/"), func() ([]string, error) { return t.folders(modelsDir) })
	if err != nil {
		return nil, err
	}
	var out []string
	for _, team := range teams {
		models, err := pick(selector, model, func() ([]string, error) { return t.folders(ModelsDir(team)) })
		if err != nil {
			return nil, err
		}
		for _, m := range models {
			if there, err := t.has(ModelsDir(team)+"/"+m, "model.yaml"); err != nil {
				return nil, err
			} else if there {
				out = append(out, team+"/"+m)
			}
		}
	}
	return out, nil
}

// pick lists the names that a glob matches; a glob without wildcards is a name itself, and nothing is listed.
func pick(selector, glob string, list func() ([]string, error)) ([]string, error) {
	if !strings.ContainsAny(glob, `*?[`) {
		return []string{glob}, nil
	}
	names, err := list()
	if err != nil {
		return nil, err
	}
	var out []string
	for _, n := range names {
		if ok, err := path.Match(glob, n); err != nil {
			return nil, &SelectorError{Selector: selector, Why: "the pattern is malformed"}
		} else if ok {
			out = append(out, n)
		}
	}
	return out, nil
}

// globOf makes a pattern of TEAM/MODEL from a selector. The character set keeps paths and hidden commands out.
func globOf(selector string) (string, error) {
	parts := strings.Split(strings.TrimSuffix(selector, "/"), "/")
	for _, p := range parts {
		if !pattern.MatchString(p) {
			return "", &SelectorError{Selector: selector, Why: "a selector is TEAM, TEAM/MODEL, or a glob of them such as 'vision/*'"}
		}
	}
	switch len(parts) {
	case 1:
		return parts[0] + "/*", nil
	case 2:
		return parts[0] + "/" + parts[1], nil
	case 3:
		return "", &SelectorError{Selector: selector, Why: "a selector has at most two parts", Next: []string{"the environment is a flag: " + parts[0] + "/" + parts[1] + " --env " + parts[2]}}
	}
	return "", &SelectorError{Selector: selector, Why: "a selector has at most two parts, TEAM/MODEL"}
}

// matchesNothing names what is there, and how to add what is not.
func (t Tree) matchesNothing(selector string) error {
	err := &SelectorError{Selector: selector, Why: "no such model"}
	team, _, one := strings.Cut(selector, "/")
	teams, _ := t.Teams()
	known, _ := t.ModelsOf(team)
	switch {
	case one && len(known) > 0:
		err.Next = append(err.Next, "models of "+team+": "+strings.Join(known, ", "))
	case slices.Contains(teams, team):
		err.Why = "no such model; the team " + team + " has none yet"
	case len(teams) > 0:
		err.Next = append(err.Next, "teams: "+strings.Join(teams, ", "))
	default:
		err.Next = append(err.Next, "modelops team add TEAM adds the first team")
	}
	if slices.Contains(teams, team) {
		if !one {
			selector = team + "/MODEL"
		}
		err.Next = append(err.Next, "modelops model add "+selector+" --runtime RUNTIME --image IMAGE")
	}
	return err
}
