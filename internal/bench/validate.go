package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/modelops/modelops/e2e/stack"
	"github.com/modelops/modelops/render/spec"
)

// validate measures whole runs: of a hook that has nothing to do and of one that has one overlay to look at, in a
// repository of 20,000, and of a thousand overlays beside kustomize build and kubeconform of each. That kubeconform has no
// schemas and so judges next to nothing, which only makes it quicker.
func (b *bench) validate(ctx context.Context) error {
	if err := b.validateStaged(ctx); err != nil {
		return err
	}
	return b.validateMany(ctx)
}

// validating runs validate; findings are none of the bench's business.
func (b *bench) validating(dir string, args ...string) command {
	line := append([]string{"sh", "-c", `"$@" || test $? -eq 3`, "sh", b.modelops, "validate"}, args...)
	return command{dir: dir, args: line, env: identity}
}

func (b *bench) validateStaged(ctx context.Context) error {
	bare, clone := filepath.Join(b.dir, "staged.git"), filepath.Join(b.dir, "staged")
	// A hundred models a team: the other models of the team are looked at as well, for the sake of its quota.
	if err := generateReleased(ctx, bare, 100, 100); err != nil {
		return err
	}
	// The index is all that counts: 20,000 overlays need not lie on the disk.
	if err := git(ctx, "", "clone", "-q", "--no-checkout", bare, clone); err != nil {
		return err
	}
	if err := git(ctx, clone, "read-tree", "HEAD"); err != nil {
		return err
	}
	nothing, err := sideBySide(ctx, b.runs, always(b.validating(clone, "--staged")))
	if err != nil {
		return err
	}
	b.bound("validate-nothing", inMS(nothing[0].median()), 100, "ms")
	if err := stageOne(ctx, clone, spec.Target{Team: "team050", Model: "model050", Env: "prod"}); err != nil {
		return err
	}
	one, err := sideBySide(ctx, b.runs, always(b.validating(clone, "--staged")))
	if err != nil {
		return err
	}
	b.bound("validate-one-of-20000", inMS(one[0].median()), 300, "ms")
	b.bound("validate-one-memory", float64(one[0].peak())/1e6, 250, "MB")
	return nil
}

// stageOne changes an overlay's number of replicas in the index.
func stageOne(ctx context.Context, clone string, t spec.Target) error {
	file := t.Dir() + "/base/hpa.yaml"
	was, err := exec.CommandContext(ctx, "git", "-C", clone, "show", "HEAD:"+file).Output()
	if err != nil {
		return err
	}
	changed := filepath.Join(clone, "..", "changed.yaml")
	if err := os.WriteFile(changed, []byte(strings.Replace(string(was), "maxReplicas: 4", "maxReplicas: 5", 1)), 0o644); err != nil {
		return err
	}
	id, err := exec.CommandContext(ctx, "git", "-C", clone, "hash-object", "-w", changed).Output()
	if err != nil {
		return err
	}
	return git(ctx, clone, "update-index", "--cacheinfo", "100644,"+strings.TrimSpace(string(id))+","+file)
}

func (b *bench) validateMany(ctx context.Context) error {
	const teams, models = 10, 50
	bare, clone := filepath.Join(b.dir, "many.git"), filepath.Join(b.dir, "many")
	if err := generateReleased(ctx, bare, teams, models); err != nil {
		return err
	}
	if err := git(ctx, "", "clone", "-q", bare, clone); err != nil {
		return err
	}
	// The tenants, which a platform's administrators render.
	if _, err := (command{dir: clone, args: []string{b.modelops, "render"}, env: identity}).run(ctx); err != nil {
		return err
	}
	ours, err := sideBySide(ctx, min(b.runs, 3), always(b.validating(clone)))
	if err != nil {
		return err
	}
	overlays, err := filepath.Glob(filepath.Join(clone, "models", "*", "*", "*", "release.yaml"))
	if err != nil || len(overlays) != 2*teams*models {
		return fmt.Errorf("%d overlays were made: %w", len(overlays), err)
	}
	kubeconform, err := b.kubeconform(ctx)
	if err != nil {
		return err
	}
	var theirs time.Duration
	for _, o := range overlays {
		s, err := command{args: []string{"sh", "-c", `"$1" build "$2" | "$3" -strict -ignore-missing-schemas -schema-location "$4/none.json"`,
			"sh", b.programs.Kustomize(), filepath.Dir(o), kubeconform, b.dir}}.run(ctx)
		if err != nil {
			return err
		}
		theirs += s.took
	}
	b.ratio("validate-1000", ours[0].median(), theirs, 0.1)
	b.bound("validate-1000-memory", float64(ours[0].peak())/1e6, 1024, "MB")
	if err := stageOne(ctx, clone, spec.Target{Team: "team005", Model: "model025", Env: "prod"}); err != nil {
		return err
	}
	one, err := sideBySide(ctx, b.runs, always(b.validating(clone, "--staged")))
	if err != nil {
		return err
	}
	b.reported("validate-one-of-a-team-of-50", ms(one[0].median()))
	return nil
}

func (b *bench) kubeconform(ctx context.Context) (string, error) {
	cache, err := stack.Cache(os.LookupEnv)
	if err != nil {
		return "", err
	}
	linters, err := stack.Linters(ctx, cache, progress, stack.Kubeconform)
	return linters[stack.Kubeconform].Path, err
}

func inMS(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
