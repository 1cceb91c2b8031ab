package cmd

import (
	"context"

	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/internal/release"
	"github.com/modelops/modelops/render"
	"github.com/modelops/modelops/render/build"
)

func (s *session) promoteCommand() *cli.Command {
	return s.command(entry{
		name: "promote", args: "SELECTOR...", least: 1, most: -1, usage: "commit a new release of models to an environment",
		about: `--version takes model.yaml and patches/ as they stand on the branch, --from another environment's whole release.
Without either, version, image and artifact stay, and what is pending in the spec is taken. A selector is TEAM,
TEAM/MODEL or a glob; several models are one commit, all or nothing. Running it again changes nothing.`,
		examples: []string{
			"modelops promote vision/resnet --env staging --version 1.4.2 --wait",
			"modelops promote vision/resnet --env prod --from staging --dry-run",
			"modelops promote 'vision/*' --env prod --from staging --wait --timeout 20m",
			"modelops promote vision/resnet --env staging --version 1.4.3 --image registry.example.com/vision/resnet@sha256:DIGEST",
		},
		exits: []int{exitRefused, exitConflict, exitSync, exitTimeout, exitTransport},
		flags: append([]cli.Flag{
			envFlag(),
			&cli.StringFlag{Name: "version", Usage: "`VERSION` of the content; it names one image and artifact for good"},
			&cli.StringFlag{Name: "image", Usage: "`IMAGE` by tag or digest, instead of what model.yaml says for the version"},
			&cli.StringFlag{Name: "artifact", Usage: "`URI` of the weights, instead of what model.yaml says for the version"},
			&cli.StringFlag{Name: "from", Usage: "`ENVIRONMENT` whose release is taken whole"},
			&cli.StringFlag{Name: "standard", Usage: "`STANDARD` to render by, to upgrade"},
			&cli.StringFlag{Name: "expect", Usage: "`VERSION|ID` that must be current, else it is refused"},
			&cli.BoolFlag{Name: "with-spec", Usage: "commit model.yaml and patches/ of the work tree along"},
			&cli.BoolFlag{Name: "discard-edits", Usage: "replace an overlay that was changed by hand"},
			&cli.BoolFlag{Name: "skip-order", Usage: "take a content that no earlier environment has run; needs --reason"},
			reasonFlag(),
		}, changeFlags()...),
		run: s.promote,
	})
}

func (s *session) promote(c *cli.Context) error {
	defer bounded(c)()
	build.Warm()
	s.target = joined(trimmed(c))
	st, err := s.open(c, release.PlanReads(trimmed(c))...)
	if err != nil {
		return err
	}
	defer st.close()
	req := release.Promote{
		Env: c.String("env"), Version: c.String("version"), Image: c.String("image"), Artifact: c.String("artifact"), From: c.String("from"),
		Standard: c.String("standard"), Expect: c.String("expect"), SkipOrder: c.Bool("skip-order"), DiscardEdits: c.Bool("discard-edits"), Reason: c.String("reason"),
	}
	along, err := s.promoteModels(c, st, &req)
	if err != nil {
		return leaving(err, "nothing was changed")
	}
	desk, id, err := s.desk(c, st.repo)
	if err != nil {
		return leaving(err, "nothing was changed")
	}
	planner := func(ctx context.Context, snap *gitops.Snapshot) (*release.Plan, error) {
		return desk.PlanPromote(ctx, snap, req)
	}
	return s.change(c, changing{st: st, desk: desk, id: id, planner: planner, along: along})
}

// promoteModels fills in the models, and their specs where they come along from the work tree; it returns the paths of
// those.
func (s *session) promoteModels(c *cli.Context, st *store, req *release.Promote) ([]string, error) {
	withSpec := c.Bool("with-spec")
	if withSpec && req.From != "" {
		return nil, &usageError{Message: "promote: --with-spec and --from exclude each other: --from takes the other environment's own specs"}
	}
	var err error
	if withSpec {
		req.Models, err = s.localModels(c, trimmed(c))
	} else {
		req.Models, err = s.models(c, st, trimmed(c))
	}
	if err != nil || req.From != "" {
		return nil, err
	}
	specs, paths, err := s.localSpecs(c, st, req.Models)
	switch {
	case err != nil:
		return nil, err
	case withSpec:
		req.Specs = specs
		return paths, nil
	case len(paths) > 0:
		return nil, unpushed(st, paths)
	}
	req.Specs = map[string]render.Files{}
	return nil, nil
}

// localModels selects among the models of the work tree.
func (s *session) localModels(c *cli.Context, selectors []string) ([]string, error) {
	d, err := s.disk(c)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Tree().Select(selectors)
}
