package cmd

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/internal/generate"
	"github.com/modelops/modelops/internal/scaffold"
	"github.com/modelops/modelops/internal/workspace"
	"github.com/modelops/modelops/render/spec"
)

func (s *session) modelCommand() *cli.Command {
	return s.command(entry{
		name: "model", usage: "add or remove a model",
		about: "A model is one served model of a team, written TEAM/MODEL.",
		subs:  []*cli.Command{s.modelAddCommand(), s.modelRemoveCommand()},
	})
}

func (s *session) modelAddCommand() *cli.Command {
	return s.command(entry{
		name: "add", args: "TEAM/MODEL", least: 1, most: 1, usage: "write a new model's spec",
		about: `Writes models/TEAM/MODEL/model.yaml with comments on what else can stand there. It commits nothing; a promote takes
the spec from the branch, so commit and push it first.`,
		examples: []string{
			"modelops model add vision/resnet --runtime triton --image registry.example.com/vision/resnet",
			"modelops model add nlp/llama --runtime vllm --image registry.example.com/vllm:v0.9.1 --artifact oci://registry.example.com/nlp/llama:{version} --gpus 2",
		},
		exits: []int{exitRefused},
		flags: []cli.Flag{
			&cli.StringFlag{Name: "runtime", Usage: "`RUNTIME` of the standard, such as custom, triton, vllm, mlserver"},
			&cli.StringFlag{Name: "image", Usage: "`IMAGE` repository, with a tag where it is not the version ({version} stands for it)"},
			&cli.StringFlag{Name: "artifact", Usage: "`URI` of the weights, where the image does not contain them"},
			&cli.IntFlag{Name: "gpus", Usage: "`NUMBER` of GPUs of one replica"},
			dryRunFlag("show what would be written, and write nothing"),
		},
		run: s.modelAdd,
	})
}

func (s *session) modelAdd(c *cli.Context) error {
	name := c.Args().First()
	s.target = name
	t, err := workspace.ParseModel(name)
	if err != nil {
		return err
	}
	d, err := s.disk(c)
	if err != nil {
		return err
	}
	defer d.Close()
	src, err := generate.New(d.Tree())
	if err != nil {
		return err
	}
	warning, err := s.mayAddModel(d.Tree(), src, t, c.String("runtime"))
	if err != nil {
		return err
	}
	envs := workspace.Environments(src.Platform())
	data, err := scaffold.Model{
		Team: t.Team, Name: t.Model, Runtime: c.String("runtime"), Image: c.String("image"), Artifact: c.String("artifact"),
		GPUs: c.Int("gpus"), Last: envs[len(envs)-1],
	}.File()
	if err != nil {
		return err
	}
	w, err := write(d, map[string][]byte{t.ModelFile(): data}, c.Bool("dry-run"))
	if err != nil {
		return err
	}
	w.Warnings = warning
	w.Next = []string{
		"edit " + t.ModelFile(),
		fmt.Sprintf("git add --all && git commit -m \"add %s\", and push", name),
		fmt.Sprintf("modelops promote %s --env %s --version VERSION", name, envs[0]),
	}
	return s.out.Print(w)
}

// mayAddModel checks the names together, the team and the runtime, and returns what is to know of the runtime.
func (s *session) mayAddModel(tree workspace.Tree, src *generate.Source, t spec.Target, runtime string) ([]string, error) {
	if _, err := tree.Team(t.Team); err != nil {
		return nil, err
	}
	if err := tree.Free(t.ModelFile()); err != nil {
		return nil, err
	}
	for _, env := range workspace.Environments(src.Platform()) {
		t.Env = env
		if err := t.Check(); err != nil {
			return nil, &usageError{Message: err.Error(), Next: []string{"choose a shorter name"}}
		}
	}
	std, err := src.Standard("")
	if err != nil {
		return nil, err
	}
	if runtime == "" {
		return nil, &usageError{Message: "model add: --runtime is missing", Next: []string{"it is one of: " + joined(std.Runtimes())}}
	}
	r, err := std.Runtime(runtime)
	if err != nil || r.Warning == "" {
		return nil, err
	}
	return []string{r.Warning}, nil
}

func (s *session) modelRemoveCommand() *cli.Command {
	return s.command(entry{
		name: "remove", args: "TEAM/MODEL", least: 1, most: 1, usage: "retire a model, in one environment or for good",
		about: `With --env, takes the model out of that environment in two commits: first a retired release without replicas, which
Argo CD applies and proves, then the removal of the folder. The record stays, with its holds. Without --env, deletes
the model's files in the work tree; refused while it still has an overlay in any environment.`,
		examples: []string{
			"modelops model remove vision/resnet --env staging --reason \"replaced by efficientnet\" --wait",
			"modelops model remove vision/resnet",
		},
		exits: []int{exitRefused, exitConflict, exitSync, exitTimeout, exitTransport},
		flags: append([]cli.Flag{envFlag(), reasonFlag(),
			&cli.BoolFlag{Name: "unproven", Usage: "remove the folder without asking Argo CD whether the workload is gone"}}, changeFlags()...),
		run: func(c *cli.Context) error {
			if c.String("env") != "" {
				return s.retire(c)
			}
			return s.modelRemove(c)
		},
	})
}

// modelRemove deletes the files of a model that runs nowhere.
func (s *session) modelRemove(c *cli.Context) error {
	name := c.Args().First()
	s.target = name
	d, err := s.disk(c)
	if err != nil {
		return err
	}
	defer d.Close()
	t, err := workspace.ParseModel(name)
	if err != nil {
		return err
	}
	var missing *workspace.SelectorError
	if _, err := d.Tree().Model(name); errors.As(err, &missing) {
		return err
	}
	overlays, err := d.Tree().Overlays(name)
	if err != nil {
		return err
	}
	if len(overlays) > 0 {
		e := &refusedError{Message: "remove model " + name + ": it still has a release in " + overlays[0].Env}
		for _, o := range overlays {
			e.Next = append(e.Next, fmt.Sprintf("modelops model remove %s --env %s --reason \"...\"", name, o.Env))
		}
		return e
	}
	files, err := d.Tree().Folder(t.ModelDir())
	if err != nil {
		return err
	}
	gone, err := generate.Changes([]generate.Folder{{Dir: t.ModelDir(), Have: files}})
	if err != nil {
		return err
	}
	w, err := write(d, gone, c.Bool("dry-run"))
	if err != nil {
		return err
	}
	w.Next = []string{"git add --all && git commit -m \"remove " + name + "\""}
	return s.out.Print(w)
}
