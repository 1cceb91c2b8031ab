package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/internal/validate"
	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/isolation"
	"github.com/modelops/modelops/internal/validate/policy"
	"github.com/modelops/modelops/internal/validate/report"
	"github.com/modelops/modelops/internal/validate/schema"
	"github.com/modelops/modelops/internal/validate/server"
	"github.com/modelops/modelops/internal/validate/source"
	"github.com/modelops/modelops/internal/validate/traps"
	"github.com/modelops/modelops/internal/view"
)

func (s *session) validateCommand() *cli.Command {
	return s.command(entry{
		name: "validate", args: "[PATH|SELECTOR|-...]", most: -1, usage: "find what a cluster would refuse, and what would hurt others",
		about: `Builds what Argo CD would build and judges it, without a cluster and without a network. PATH is a folder or a file,
in a deployment repository or anywhere else; a SELECTOR is TEAM, TEAM/MODEL or a glob of them; - is standard input. Without
one, the whole repository is validated. Any tree of kustomizations is built in memory, and nothing outside of it is read.
With --staged or --changed-since, what the changed files concern is validated as it is committed, and compared with what it
was. A finding names the line in which the fix goes.`,
		examples: []string{
			"modelops validate", "modelops validate vision/resnet", "modelops validate deploy/overlays/prod service.yaml",
			"modelops validate --staged", "modelops validate --changed-since origin/main -o json=report.json",
			"kustomize build . | modelops validate -", "modelops validate --fail-on warning",
			"modelops validate --show reachability",
		},
		exits: []int{exitFindings}, outputs: true,
		flags: []cli.Flag{
			&cli.BoolFlag{Name: "staged", Usage: "what the next commit changes, from the index"},
			&cli.StringFlag{Name: "changed-since", Usage: "what the commits since the merge base with `REF` change, up to HEAD"},
			&cli.StringFlag{Name: "fail-on", Value: "error", Usage: "least `SEVERITY` that makes the command fail: error or warning"},
			&cli.StringFlag{Name: "only", Usage: "`IDS` of the checks to make, such as MO201,MO202"},
			&cli.StringFlag{Name: "skip", Usage: "`IDS` of checks to leave out"},
			&cli.StringFlag{Name: "kube-version", Usage: "`VERSION` of the cluster, such as " + server.Newest.String(), DefaultText: server.Newest.String()},
			&cli.StringFlag{Name: "schema-dir", Usage: "`FOLDER` of CustomResourceDefinitions, or of JSON schemas named as kubeconform's", TakesFile: true},
			&cli.StringFlag{Name: "policy-dir", Usage: "`FOLDER` of policies, in place of the repository's own in " + policy.Dir, TakesFile: true},
			&cli.StringFlag{Name: "show", Usage: "`TABLE` to print in place of the report: reachability, who reaches whom, or quota, what can be used of it"},
			&cli.BoolFlag{Name: "no-waivers", Usage: "count what was waived, too"},
			&cli.BoolFlag{Name: "fix", Usage: "make the fixes that have one safe answer, in the work tree, and report what is left"},
		},
		run: s.validate,
	})
}

func (s *session) validate(c *cli.Context) error {
	failOn, err := finding.ParseSeverity(c.String("fail-on"))
	if err != nil || failOn == finding.Info {
		return &usageError{Message: "flag --fail-on: " + quote(c.String("fail-on")) + " is neither error nor warning"}
	}
	outputs, err := s.outputs(c)
	if err != nil {
		return err
	}
	in, done, err := s.validateInput(c)
	if err != nil {
		return err
	}
	defer done()
	in.Now = s.env.Now()
	if table := c.String("show"); table != "" {
		return s.showTable(c.Context, in, table, outputs)
	}
	o, err := s.validateOptions(c, in)
	if err != nil {
		return err
	}
	rep, err := s.judge(c.Context, in, o)
	if err == nil && c.Bool("fix") {
		rep, err = s.fix(c, in, o, rep)
	}
	if err != nil {
		return err
	}
	root, err := s.validateRoot(c)
	if err != nil {
		return err
	}
	if err := s.report(outputs, rep, s.pathFromHere(root)); err != nil {
		return err
	}
	return verdict(rep, failOn)
}

// showTable prints what isolation is judged by, for people to look at.
func (s *session) showTable(ctx context.Context, in source.Input, table string, outputs []output) error {
	if table != "reachability" && table != "quota" {
		return &usageError{Message: "flag --show: " + quote(table) + " is neither reachability nor quota"}
	}
	if len(outputs) > 1 || outputs[0].file != "" || !plainFormat(outputs[0].format) {
		return &usageError{Message: "flag --show: tables are printed as text or json, once", Next: []string{"-o text or -o json, and > FILE"}}
	}
	read, err := source.Read(ctx, in)
	if err != nil {
		return err
	}
	var result view.Result = view.FromMatrix(isolation.Reachability(read.Set))
	if table == "quota" {
		result = view.FromUses(isolation.Quota(read.Set))
	}
	if view.Format(outputs[0].format) == view.FormatJSON {
		return view.New(view.Options{Out: s.env.Stdout, Err: s.env.Stderr, Format: view.FormatJSON}).Print(result)
	}
	return s.out.Print(result)
}

func plainFormat(name string) bool {
	return view.Format(name) == view.FormatText || view.Format(name) == view.FormatJSON
}

// validateOptions are the flags that say how to judge.
func (s *session) validateOptions(c *cli.Context, in source.Input) (o validate.Options, err error) {
	o = validate.Options{Only: list(c.String("only")), Skip: list(c.String("skip")), NoWaivers: c.Bool("no-waivers"), Now: in.Now}
	if v := c.String("kube-version"); v != "" {
		if o.Target, err = server.ParseVersion(v); err != nil {
			return o, &usageError{Message: "flag --kube-version: " + err.Error()}
		}
	}
	if dir := c.String("schema-dir"); dir != "" {
		fsys, err := s.flagFolder("schema-dir", dir)
		if err != nil {
			return o, err
		}
		if o.Schemas, err = schema.Load(fsys); err != nil {
			return o, &usageError{Message: "flag --schema-dir: " + err.Error()}
		}
	}
	o.Policies, err = s.policies(c, in)
	return o, err
}

// policies are the platform's own, which see objects with their defaults, as in a cluster; nil where there are none.
func (s *session) policies(c *cli.Context, in source.Input) (*policy.Policies, error) {
	tree, dir := in.Tree, policy.Dir
	if name := c.String("policy-dir"); name != "" {
		fsys, err := s.flagFolder("policy-dir", name)
		if err != nil {
			return nil, err
		}
		tree, dir = fsys, "."
	}
	p, err := policy.Load(tree, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // none
	}
	if err != nil {
		return nil, err
	}
	p.Default = server.Defaulted
	return p, nil
}

func (s *session) judge(ctx context.Context, in source.Input, o validate.Options) (*report.Report, error) {
	in.Look = traps.File
	read, err := source.Read(ctx, in)
	if err != nil {
		return nil, err
	}
	return validate.Run(ctx, read, o)
}

// verdict is the error that the findings are.
func verdict(rep *report.Report, failOn finding.Severity) error {
	n := 0
	for s := finding.Error; s <= failOn; s++ {
		n += rep.Count(s)
	}
	if n == 0 {
		return nil
	}
	return shown(&findingsError{Message: fmt.Sprintf("validate: %d findings", n)})
}

// output is one form of the report, and the file that it goes to; "" is standard output.
type output struct{ format, file string }

// outputs are the forms that were asked for.
func (s *session) outputs(c *cli.Context) ([]output, error) {
	var out []output
	printed := 0
	for _, o := range c.StringSlice("output") {
		format, file, toFile := strings.Cut(o, "=")
		if !slices.Contains(reportFormats, format) {
			return nil, &usageError{Message: "flag --output: " + quote(format) + " is none of " + strings.Join(reportFormats, ", ")}
		}
		if toFile && file == "" {
			return nil, &usageError{Message: "flag --output: " + quote(o) + " names no file"}
		}
		if !toFile {
			printed++
		}
		out = append(out, output{format, file})
	}
	if printed > 1 {
		return nil, &usageError{Message: "flag --output: two forms would go to standard output", Next: []string{"-o FORMAT=FILE writes one into a file"}}
	}
	if len(out) == 0 {
		out = []output{{format: "text"}}
	}
	return out, nil
}

// reportFormats are those of every command and those of reports alone.
var reportFormats = append([]string{string(view.FormatText), string(view.FormatJSON)}, formatNames(report.Formats())...)

func formatNames(list []report.Format) []string {
	names := make([]string, len(list))
	for i, f := range list {
		names[i] = string(f)
	}
	return names
}

// report writes the report in every form that was asked for.
func (s *session) report(outputs []output, rep *report.Report, path func(string) string) error {
	for _, o := range outputs {
		if err := s.reportTo(o, rep, path); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) reportTo(o output, rep *report.Report, path func(string) string) error {
	if o.file == "" {
		err := s.writeReport(s.env.Stdout, s.out, o, rep, path)
		if o.format == string(report.GitHub) {
			err = errors.Join(err, s.stepSummary(rep))
		}
		return err
	}
	name, err := s.env.path(o.file)
	if err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return &usageError{Message: "flag --output: " + err.Error()}
	}
	err = s.writeReport(f, view.New(view.Options{Out: f, Err: f}), o, rep, path)
	return errors.Join(err, f.Close())
}

// writeReport writes one form of the report; people are shown the text by the output that knows their terminal, and files by
// the path from where they are. Other forms name files from the root, as the platforms that read them do.
func (s *session) writeReport(w io.Writer, people *view.Output, o output, rep *report.Report, path func(string) string) error {
	switch f := view.Format(o.format); f {
	case view.FormatText:
		return people.Print(view.FromReport(rep).Shown(path))
	case view.FormatJSON:
		return view.New(view.Options{Out: w, Err: w, Format: f}).Print(view.FromReport(rep))
	}
	return rep.Write(w, report.Format(o.format), buildVersion(debug.ReadBuildInfo()).Version)
}

// stepSummary adds the report to the page of a GitHub workflow's run, where there is one.
func (s *session) stepSummary(rep *report.Report) error {
	name := s.env.get("GITHUB_STEP_SUMMARY")
	if name == "" {
		return nil
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644) //nolint:gosec // as the runner makes it
	if err != nil {
		return fmt.Errorf("write the step summary: %w", err)
	}
	return errors.Join(rep.Write(f, report.Markdown, ""), f.Close())
}

// flagFolder is a folder that a flag names.
func (s *session) flagFolder(flag, name string) (fs.FS, error) {
	path, err := s.env.path(name)
	if err == nil {
		_, err = os.ReadDir(path)
	}
	if err != nil {
		return nil, &usageError{Message: "flag --" + flag + ": " + err.Error()}
	}
	return os.DirFS(path), nil
}
