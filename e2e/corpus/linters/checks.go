package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// counterparts are checks of modelops with the ones of kube-score that look at the same.
var counterparts = []struct {
	ours   string
	theirs []string
}{
	{"MO102", []string{"container-security-context-readonlyrootfilesystem"}},
	{"MO103", []string{"container-security-context-user-group-id"}},
	{"MO106", []string{"container-image-tag"}},
	{"MO201", []string{"pod-probes"}},
	{"MO202", []string{"pod-probes", "pod-probes-identical"}},
	{"MO205", []string{"deployment-strategy"}},
	{"MO207", []string{"deployment-has-poddisruptionbudget", "statefulset-has-poddisruptionbudget", "poddisruptionbudget-has-policy"}},
	{"MO208", []string{"horizontalpodautoscaler-has-target", "horizontalpodautoscaler-replicas"}},
	{"MO209", []string{"deployment-targeted-by-hpa-does-not-have-replicas-configured"}},
	{"MO210", []string{"deployment-has-host-podantiaffinity", "statefulset-has-host-podantiaffinity", "pod-topology-spread-constraints"}},
	{"MO211", []string{"deployment-pod-selector-labels-match-template-metadata-labels", "statefulset-pod-selector-labels-match-template-metadata-labels"}},
	{"MO212", []string{"service-targets-pod"}},
	{"MO301", []string{"container-resources"}},
	{"MO310", []string{"service-type"}},
}

// writeChecks writes what kube-score says of the catalogue's examples by the checks that look at the same: whether it finds
// anything in those that fail, and whether it takes those that pass.
func writeChecks(ctx context.Context, out io.Writer, program, catalogue string) error {
	fmt.Fprint(out, "| check | of kube-score | finds what fails | takes what passes |\n|---|---|---|---|\n")
	for _, c := range counterparts {
		fails, err := fires(ctx, program, filepath.Join(catalogue, c.ours, "fail.yaml"), c.theirs)
		if err != nil {
			return err
		}
		passes, err := fires(ctx, program, filepath.Join(catalogue, c.ours, "pass.yaml"), c.theirs)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "| %s | %s | %s | %s |\n", c.ours, strings.Join(c.theirs, ", "), yes(fails), yes(!passes))
	}
	return nil
}

// fires says whether one of the checks finds something in a file, critical or not.
func fires(ctx context.Context, program, file string, checks []string) (bool, error) {
	scores, err := scoresOf(ctx, program, file)
	for _, object := range scores {
		for _, c := range object.Checks {
			if c.Grade <= warning && !c.Skipped && slices.Contains(checks, c.Check.ID) {
				return true, err
			}
		}
	}
	return false, err
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// unbroken is the name of the repository that nobody has broken, among those with a breach of isolation each.
const unbroken = "unbroken.yaml"

// writeBreaches writes how many breaches of the isolation of teams each tool has something against that it has not against
// the repository without them.
func writeBreaches(ctx context.Context, out io.Writer, tools []tool, dir string, list bool) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return err
	}
	fmt.Fprint(out, "| tool | breaches found |\n|---|---:|\n")
	for _, t := range tools {
		c, err := t.judge(ctx, files)
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		var found []string
		for _, file := range files {
			name := filepath.Base(file)
			if slices.ContainsFunc(c[name], func(s string) bool { return !slices.Contains(c[unbroken], s) }) {
				found = append(found, name)
			}
		}
		fmt.Fprintf(out, "| %s | %d/%d |\n", t.name, len(found), len(files)-1)
		if list {
			fmt.Fprintf(out, "  %s\n  of the unbroken: %s\n", strings.Join(found, "\n  "), strings.Join(c[unbroken], "\n  "))
		}
	}
	return nil
}
