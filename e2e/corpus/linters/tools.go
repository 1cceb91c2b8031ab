package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/modelops/modelops/internal/parallel"
)

// complaints are what a tool has against each file, by the file's name without its folder. A file that it takes has none.
type complaints map[string][]string

func (c complaints) add(file, what string) {
	file = filepath.Base(file)
	if !slices.Contains(c[file], what) {
		c[file] = append(c[file], what)
	}
}

// tool is one program that judges manifests.
type tool struct {
	// name and version of it, and the flags that say how it judges.
	name, version, flags string
	judge                func(ctx context.Context, files []string) (complaints, error)
}

// run runs a program, which may end with an error as linters do that find something, and reads what it prints as JSON.
func run(ctx context.Context, into any, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+os.DevNull)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		return err
	}
	if err := json.NewDecoder(bytes.NewReader(out)).Decode(into); err != nil {
		return fmt.Errorf("%s says nothing that can be read: %w\n%s", filepath.Base(program), err, stderr.Bytes())
	}
	return nil
}

// kubeconform judges all files in one process by the schemas in a folder.
func kubeconform(program, schemas string) func(context.Context, []string) (complaints, error) {
	return func(ctx context.Context, files []string) (complaints, error) {
		var out struct {
			Resources []struct{ Filename, Status, Msg string }
		}
		err := run(ctx, &out, program, append([]string{"-strict", "-output", "json", "-schema-location", filepath.Join(schemas, schemaLocation)}, files...)...)
		c := complaints{}
		for _, r := range out.Resources {
			c.add(r.Filename, r.Msg)
		}
		return c, err
	}
}

// kubectlValidate judges all files in one process by OpenAPI documents and definitions in folders.
func kubectlValidate(program, schemas, definitions string) func(context.Context, []string) (complaints, error) {
	return func(ctx context.Context, files []string) (complaints, error) {
		var out map[string][]struct{ Status, Message string }
		err := run(ctx, &out, program, append([]string{"-o", "json", "--local-schemas", schemas, "--local-crds", definitions}, files...)...)
		c := complaints{}
		for file, all := range out {
			for _, s := range all {
				if s.Status == "Failure" {
					c.add(file, s.Message)
				}
			}
		}
		return c, err
	}
}

// kubeScore judges each file in a process of its own: it looks at how objects go together, and the files have nothing to
// do with each other. Complaints are named by their object where that stays what it is.
func kubeScore(program string, named bool) func(context.Context, []string) (complaints, error) {
	return func(ctx context.Context, files []string) (complaints, error) {
		found := make([]complaints, len(files))
		parallel.For(len(files), func(i int) { found[i] = kubeScoreOf(ctx, program, files[i], named) })
		all := complaints{}
		for i, c := range found {
			all[filepath.Base(files[i])] = c[filepath.Base(files[i])]
		}
		return all, ctx.Err()
	}
}

// Grades of kube-score: it exits with 1 at what it calls critical.
const (
	critical = 1
	warning  = 5
)

// score is what kube-score says of an object.
type score struct {
	Object string `json:"object_name"`
	Checks []struct {
		Check    struct{ ID string }
		Grade    int
		Skipped  bool
		Comments []struct{ Path, Summary string }
	}
}

func kubeScoreOf(ctx context.Context, program, file string, named bool) complaints {
	c := complaints{}
	scores, err := scoresOf(ctx, program, file)
	if err != nil {
		// What it cannot read it does not judge, and says so with its exit status.
		c.add(file, err.Error())
	}
	for _, object := range scores {
		if !named {
			object.Object = ""
		}
		for _, check := range object.Checks {
			if check.Grade != critical || check.Skipped {
				continue
			}
			for _, comment := range check.Comments {
				c.add(file, strings.Join([]string{object.Object, check.Check.ID, comment.Path, comment.Summary}, " "))
			}
		}
	}
	return c
}

func scoresOf(ctx context.Context, program, file string) (scores []score, err error) {
	err = run(ctx, &scores, program, "score", "-o", "json", "--kubernetes-version", "v1.35", file)
	return scores, err
}

// ofServer are the checks of modelops that say what an API server would.
var ofServer = []string{"MO001", "MO002", "MO003", "MO004", "MO005", "MO101"}

// modelops judges all files in one process, by the checks that copy the API server or by all.
func modelops(program string, only ...string) func(context.Context, []string) (complaints, error) {
	return func(ctx context.Context, files []string) (complaints, error) {
		var out struct {
			Findings []struct{ Check, Severity, File, Field, Message string }
		}
		args := append([]string{"validate", "-o", "json"}, files...)
		if len(only) > 0 {
			args = append(args, "--only", strings.Join(only, ","))
		}
		err := run(ctx, &out, program, args...)
		c := complaints{}
		for _, f := range out.Findings {
			if f.Severity == "error" {
				c.add(f.File, strings.Join([]string{f.Check, f.Field, f.Message}, " "))
			}
		}
		return c, err
	}
}
