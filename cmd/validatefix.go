package cmd

import (
	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/internal/validate"
	"github.com/modelops/modelops/internal/validate/report"
	"github.com/modelops/modelops/internal/validate/source"
	"github.com/modelops/modelops/internal/workspace"
	"github.com/modelops/modelops/render/build"
)

// fix makes the fixes of a report in the work tree, and validates again.
func (s *session) fix(c *cli.Context, in source.Input, o validate.Options, rep *report.Report) (*report.Report, error) {
	if in.Changed != nil || in.Texts != nil {
		return nil, &usageError{Message: "validate --fix: only files of the work tree can be fixed, not what is staged, committed or read from standard input"}
	}
	files, err := validate.Fixed(rep.Findings, func(file string) ([]byte, error) { return build.ReadFile(in.Tree, file) })
	if err != nil || len(files) == 0 {
		return rep, err
	}
	root, err := s.validateRoot(c)
	if err != nil {
		return nil, err
	}
	d, err := workspace.OpenDisk(root)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	written, err := d.Write(files)
	if err != nil {
		return nil, err
	}
	for _, w := range written {
		s.out.Say("fixed %s", w.Path)
	}
	return s.judge(c.Context, in, o)
}
