package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/render"
	"github.com/modelops/modelops/render/spec"
	"github.com/modelops/modelops/render/standard"
)

// layout is a deployment repository to generate: overlays that only take up room, and one real model beside them.
type layout struct {
	// teams of models in two environments with four files each.
	teams, models int
	// commits on the branch; every one after the first changes one overlay.
	commits int
	// every so many commits, the subject's release in staging changes; 0 is never.
	every int
}

// large is 100 teams of 100 models in two environments with four files each: 80,000 files.
var large = layout{teams: 100, models: 100, commits: 1}

// subject is the one real model.
var subject = spec.Target{Team: "bench", Model: "subject", Env: "staging"}

var (
	environments = []string{"staging", "prod"}
	fillers      = []string{"release.yaml", "kustomization.yaml", "base/deployment.yaml", "base/kustomization.yaml"}
)

const platformYAML = `apiVersion: modelops.dev/v1alpha1
kind: Platform
metadata:
  name: bench
spec:
  git:
    url: https://git.example.com/ml/deploy.git
    branch: main
  environments:
  - name: staging
  - name: prod
`

const teamYAML = `apiVersion: modelops.dev/v1alpha1
kind: Team
metadata:
  name: bench
spec:
  owners: [ml-bench]
  quota: {cpu: "1000", memory: 4Ti, pods: 1000}
`

const modelYAML = `apiVersion: modelops.dev/v1alpha1
kind: Model
metadata:
  name: subject
  team: bench
spec:
  runtime: custom
  image: registry.example.com/bench/subject
  ports: {http: 8080}
  health: {ready: /healthz, live: /healthz}
  resources: {cpu: "1", memory: 2Gi}
  scaling: {min: 2, max: 4}
`

// generate writes a repository of a layout by one fast-import.
func generate(ctx context.Context, bare string, s layout) error {
	i, err := startImport(ctx, bare)
	if err != nil {
		return err
	}
	i.commit("start")
	i.file("modelops.yaml", platformYAML)
	i.file("tenants/bench/team.yaml", teamYAML)
	i.file(subject.ModelFile(), modelYAML)
	for team := range s.teams {
		for model := range s.models {
			i.overlays(fmt.Sprintf("models/team%03d/model%03d", team, model))
		}
	}
	if err := i.history(s); err != nil {
		return err
	}
	return i.close()
}

// overlays writes the files of one model that only take up room.
func (i *importer) overlays(dir string) {
	for _, env := range environments {
		for _, name := range fillers {
			path := dir + "/" + env + "/" + name
			i.file(path, "# "+path+"\n")
		}
	}
}

// history adds the commits after the first: promotes of one overlay after another, and some of the subject.
func (i *importer) history(s layout) error {
	var r record
	for n := 1; n < s.commits; n++ {
		i.commit(fmt.Sprintf("promote %d", n))
		if s.every > 0 && n%s.every == s.every-1 {
			if err := r.promote(n, i.when); err != nil {
				return err
			}
			i.file(subject.StateFile(), string(r.state))
			i.file(subject.ReleaseFile(), fmt.Sprintf("version: 1.0.%d\n", n))
			continue
		}
		// Steps by a number without a common factor go round all overlays.
		at := n * 37 % (s.teams * s.models)
		dir := fmt.Sprintf("models/team%03d/model%03d", at/s.models, at%s.models)
		i.file(dir+"/staging/release.yaml", fmt.Sprintf("version: 1.0.%d\n", n))
		i.file(dir+"/state/staging.yaml", fmt.Sprintf("change: %016x\n", n))
	}
	return nil
}

// record is the subject's state as promotes leave it.
type record struct {
	spec  spec.StateSpec
	state []byte
}

func (r *record) promote(n int, when time.Time) error {
	if c := r.spec.Current; c != nil {
		c.Commit = fmt.Sprintf("%040x", n)
		c.Left = &spec.Leave{Action: spec.ActionPromote, By: "Bench <bench@example.com>", At: when}
		r.spec.Past = append([]spec.Entry{*c}, r.spec.Past[:min(len(r.spec.Past), spec.MaxPast-1)]...)
	}
	e := entry(n, when)
	r.spec.Change, r.spec.Current = fmt.Sprintf("%016x", n), &e
	var err error
	r.state, err = spec.Encode(spec.State{APIVersion: spec.APIVersion, Kind: spec.KindState, Metadata: subject.Names(), Spec: r.spec})
	return err
}

func entry(n int, when time.Time) spec.Entry {
	return spec.Entry{ID: fmt.Sprintf("%012x", n), Version: fmt.Sprintf("1.0.%d", n), Image: fmt.Sprintf("sha256:%064x", n),
		Tree: fmt.Sprintf("%040x", n), Action: spec.ActionPromote, By: "Bench <bench@example.com>", At: when}
}

// generateReleased writes a repository in which every overlay is a real one: what a promote renders, with its record
// and five releases before it, and so is every tenant. It renders one model and puts the others' names into it, which makes the same bytes.
func generateReleased(ctx context.Context, bare string, teams, models int) error {
	std, err := render.Standard(os.DirFS(os.TempDir()), "v1")
	if err != nil {
		return err
	}
	i, err := startImport(ctx, bare)
	if err != nil {
		return err
	}
	i.commit("start")
	i.file("modelops.yaml", platformYAML)
	for team := range teams {
		name := fmt.Sprintf("team%03d", team)
		i.file("tenants/"+name+"/team.yaml", strings.ReplaceAll(teamYAML, "bench", name))
		for _, env := range environments {
			if err := i.tenant(std, name, env); err != nil {
				return err
			}
			files, state, err := released(std, name, env, i.when)
			if err != nil {
				return err
			}
			for model := range models {
				if err := i.model(spec.Target{Team: name, Model: fmt.Sprintf("model%03d", model), Env: env}, files, state); err != nil {
					return err
				}
			}
		}
	}
	return i.close()
}

func (i *importer) tenant(std *standard.Standard, name, env string) error {
	platform, err := spec.DecodePlatform("modelops.yaml", []byte(platformYAML))
	if err != nil {
		return err
	}
	team, err := spec.DecodeTeam("team.yaml", []byte(strings.ReplaceAll(teamYAML, "bench", name)))
	if err != nil {
		return err
	}
	files, err := render.Tenant(platform, team, env, std)
	for path, data := range files {
		i.file("tenants/"+name+"/"+env+"/"+path, string(data))
	}
	return err
}

// released renders a team's placeholder model in one environment, and its record with a placeholder for the tree.
func released(std *standard.Standard, team, env string, when time.Time) (render.Files, []byte, error) {
	t := spec.Target{Team: team, Model: placeholder, Env: env}
	model, err := spec.DecodeModel("model.yaml", []byte(modelOf(t)))
	if err != nil {
		return nil, nil, err
	}
	rel := newRelease(std, model, t, 6)
	files, err := render.Overlay(render.OverlayInput{Target: t, Release: rel, Standard: std})
	if err != nil {
		return nil, nil, err
	}
	s := spec.State{APIVersion: spec.APIVersion, Kind: spec.KindState, Metadata: t.Names(), Spec: spec.StateSpec{Change: "0123456789abcdef"}}
	for n := 6; n > 0; n-- {
		e := entry(n, when)
		if n == 6 {
			e.ID, e.Version, e.Image, e.Tree = rel.Spec.ID, rel.Spec.Version, rel.Spec.Image.Digest, placeholderTree
			s.Spec.Current = &e
			continue
		}
		e.Commit, e.Left = e.Tree, &spec.Leave{Action: spec.ActionPromote, By: e.By, At: e.At}
		s.Spec.Past = append(s.Spec.Past, e)
	}
	state, err := spec.Encode(s)
	return files, state, err
}

const (
	placeholder     = "zzmodelzz"
	placeholderTree = "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
)

func modelOf(t spec.Target) string {
	// The image is one for all, so that the release's id is the same whatever the model's name.
	own := strings.Replace(strings.Replace(modelYAML, "name: subject", "name: "+t.Model, 1), "team: bench", "team: "+t.Team, 1)
	return own
}

func newRelease(std *standard.Standard, model *spec.Model, t spec.Target, n int) *spec.Release {
	rel := &spec.Release{APIVersion: spec.APIVersion, Kind: spec.KindRelease, Metadata: t.Names(), Spec: spec.ReleaseSpec{
		Version: fmt.Sprintf("1.0.%d", n), Image: spec.Image{Name: "registry.example.com/bench/subject", Digest: fmt.Sprintf("sha256:%064x", n)},
		Standard: spec.StandardRef{Name: "v1", Digest: std.Digest()}, Model: model.Spec}}
	rel.Spec.ID = spec.ReleaseID(rel.Spec)
	return rel
}

// model writes one model's overlay and record.
func (i *importer) model(t spec.Target, files render.Files, state []byte) error {
	own := render.Files{}
	for name, data := range files {
		own[name] = []byte(strings.ReplaceAll(string(data), placeholder, t.Model))
		i.file(t.Dir()+"/"+name, string(own[name]))
	}
	tree, err := gitops.HashTree(own)
	if err != nil {
		return err
	}
	i.file(t.ModelFile(), modelOf(t))
	i.file(t.StateFile(), strings.NewReplacer(placeholder, t.Model, placeholderTree, tree.String()).Replace(string(state)))
	return nil
}

// importer feeds one git fast-import.
type importer struct {
	cmd  *exec.Cmd
	in   io.Closer
	w    *bufio.Writer
	when time.Time
}

func startImport(ctx context.Context, bare string) (*importer, error) {
	if err := git(ctx, "", "init", "-q", "--bare", "-b", "main", bare); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "git", "-C", bare, "fast-import", "--quiet")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	return &importer{cmd: cmd, in: in, w: bufio.NewWriterSize(in, 1<<16), when: time.Unix(1750000000, 0).UTC()}, cmd.Start()
}

// commit begins the next commit of main, a minute after the one before.
func (i *importer) commit(message string) {
	i.when = i.when.Add(time.Minute)
	fmt.Fprintf(i.w, "commit refs/heads/main\ncommitter Bench <bench@example.com> %d +0000\ndata %d\n%s\n", i.when.Unix(), len(message), message)
}

func (i *importer) file(path, content string) {
	fmt.Fprintf(i.w, "M 100644 inline %s\ndata %d\n%s\n", path, len(content), content)
}

func (i *importer) close() error {
	if err := i.w.Flush(); err != nil {
		return err
	}
	if err := i.in.Close(); err != nil {
		return err
	}
	return i.cmd.Wait()
}

func git(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("git %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}
