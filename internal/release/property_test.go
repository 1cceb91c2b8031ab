package release_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/internal/release"
	"github.com/modelops/modelops/render/spec"
)

// The model that judges random sequences. It shares no code with the product: it reads the repository with git alone,
// and keeps its own idea of what every overlay must hold.

// past is one release that an overlay had, as the model remembers it.
type past struct {
	key    string // what the release is: its id is not looked at, the version and a counter of spec changes are
	tree   string
	failed bool
}

type overlayModel struct {
	current  past
	reverted bool // the last change was a revert
	past     []past
	held     map[string]bool // keys that must not come back by themselves
	edited   bool
}

// world is a repository with its judge.
type world struct {
	t        *testing.T
	bare     string
	clone    string
	overlays map[string]*overlayModel
	version  int
	clock    time.Time
	rewrote  bool
	rand     *rand.Rand
	log      []string
}

func (w *world) git(dir string, args ...string) string {
	w.t.Helper()
	out, err := w.tryGit(dir, args...)
	if err != nil {
		w.t.Fatalf("git %s: %v\n%s\n%s", strings.Join(args, " "), err, out, strings.Join(w.log, "\n"))
	}
	return out
}

func (w *world) tryGit(dir string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	stamp := w.clock.Format(time.RFC3339)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=Hand", "GIT_AUTHOR_EMAIL=hand@example.com", "GIT_COMMITTER_NAME=Hand", "GIT_COMMITTER_EMAIL=hand@example.com",
		"GIT_AUTHOR_DATE="+stamp, "GIT_COMMITTER_DATE="+stamp)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (w *world) say(format string, args ...any) { w.log = append(w.log, fmt.Sprintf(format, args...)) }

func (w *world) fatal(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("%s\nsteps:\n%s", fmt.Sprintf(format, args...), strings.Join(w.log, "\n"))
}

func dirOf(name string) string { return "models/" + name + "/staging" }

func (w *world) tree(name string) string {
	out, err := w.tryGit(w.bare, "rev-parse", "--verify", "-q", "main:"+dirOf(name))
	if err != nil {
		return ""
	}
	return out
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, rand: rand.New(rand.NewPCG(seed, 1)), bare: filepath.Join(t.TempDir(), "deploy.git"), clone: filepath.Join(t.TempDir(), "clone"),
		overlays: map[string]*overlayModel{}, clock: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}
	w.git(".", "init", "-q", "--bare", "-b", "main", w.bare)
	w.git(".", "clone", "-q", w.bare, w.clone)
	w.write("modelops.yaml", platformYAML)
	for _, team := range []string{"vision", "nlp"} {
		w.write("tenants/"+team+"/team.yaml", fmt.Sprintf(teamYAML, team))
	}
	for _, name := range []string{"vision/resnet", "vision/detr", "nlp/bert"} {
		w.write("models/"+name+"/model.yaml", modelYAML(name, 2))
		w.overlays[name] = &overlayModel{held: map[string]bool{}}
	}
	w.commit("specs")
	return w
}

func (w *world) write(path, content string) {
	full := filepath.Join(w.clone, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) commit(subject string) {
	w.git(w.clone, "add", "-A")
	w.git(w.clone, "commit", "-q", "--allow-empty", "-m", subject)
	w.git(w.clone, "push", "-q", "--force", "origin", "HEAD:main")
}

func (w *world) pull() {
	w.git(w.clone, "fetch", "-q")
	w.git(w.clone, "reset", "-q", "--hard", "origin/main")
}

const platformYAML = `apiVersion: modelops.dev/v1alpha1
kind: Platform
metadata:
  name: test
spec:
  git: {url: "https://git.example.com/deploy.git", branch: main}
  environments:
  - name: staging
  - name: prod
`

const teamYAML = `apiVersion: modelops.dev/v1alpha1
kind: Team
metadata:
  name: %s
spec:
  owners: [ml]
`

func modelYAML(name string, replicas int) string {
	team, model, _ := strings.Cut(name, "/")
	return fmt.Sprintf(`apiVersion: modelops.dev/v1alpha1
kind: Model
metadata:
  name: %s
  team: %s
spec:
  runtime: custom
  image: registry.example.com/%s
  ports: {http: 8080}
  health: {ready: /ready, live: /live}
  resources: {cpu: "1", memory: 1Gi}
  scaling: {min: %d, max: %d}
`, model, team, name, replicas, replicas+2)
}

// do runs one plan through the product.
func (w *world) do(plan func(*release.Desk) release.Planner) (*release.Result, error) {
	return w.doThrough(context.Background(), plan, func(push release.Push) release.Push { return push })
}

// doThrough does so with a push that something stands in the way of.
func (w *world) doThrough(ctx context.Context, plan func(*release.Desk) release.Planner, through func(release.Push) release.Push) (*release.Result, error) {
	program, err := exec.LookPath("git")
	if err != nil {
		w.t.Fatal(err)
	}
	repo, err := gitops.Open(ctx, gitops.Options{Path: w.bare, Env: gitops.Env{Git: program, Environ: append(os.Environ(),
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=Tool", "GIT_AUTHOR_EMAIL=tool@example.com", "GIT_COMMITTER_NAME=Tool", "GIT_COMMITTER_EMAIL=tool@example.com")}})
	if err != nil {
		w.t.Fatal(err)
	}
	tip, err := repo.Tip(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	id, err := repo.Identity(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	d := &release.Desk{Repo: repo, Now: w.clock, By: "Tool <tool@example.com>", Resolve: byDigest}
	planner := plan(d)
	p, err := planner(ctx, tip)
	if err != nil {
		return nil, err
	}
	return d.Apply(ctx, p, planner, id, through(repo.Push))
}

// byDigest takes references by digest alone: no registry is asked.
func byDigest(_ context.Context, ref string) (spec.Image, error) {
	name, digest, ok := strings.Cut(ref, "@")
	if !ok {
		return spec.Image{}, errors.New("no digest in " + ref)
	}
	return spec.Image{Name: name, Digest: digest}, nil
}

func digest(name string, version int) string {
	return fmt.Sprintf("registry.example.com/%s@sha256:%064x", name, version)
}

// enter notes that a release came in, by a promote or a revert.
func (m *overlayModel) enter(key, tree, before string, byRevert bool) {
	if m.current.key != "" {
		left := m.current
		left.tree, left.failed = before, byRevert
		m.past = append([]past{left}, m.past...)
		if len(m.past) > 20 {
			m.past = m.past[:20]
		}
		if byRevert {
			m.held[left.key] = true
		}
	}
	m.current, m.reverted, m.edited = past{key: key, tree: tree}, byRevert, false
}

// target is where a plain revert must go, by the rule in words: the nearest earlier release that neither failed the
// last time it was there nor is held.
func (m *overlayModel) target() (past, bool) {
	seen := map[string]bool{m.current.key: true}
	for _, p := range m.past {
		if seen[p.key] {
			continue
		}
		seen[p.key] = true
		if !p.failed && !m.held[p.key] {
			return p, true
		}
	}
	return past{}, false
}

func (w *world) promote(name string) {
	m := w.overlays[name]
	w.version++
	key := fmt.Sprintf("1.0.%d", w.version)
	before := w.tree(name)
	w.say("promote %s %s", name, key)
	_, err := w.do(func(d *release.Desk) release.Planner {
		return func(ctx context.Context, s *gitops.Snapshot) (*release.Plan, error) {
			return d.PlanPromote(ctx, s, release.Promote{Models: []string{name}, Env: "staging", Version: key, Image: digest(name, w.version)})
		}
	})
	if m.edited {
		if _, refused := errors.AsType[*release.RefusedError](err); !refused || w.tree(name) != before {
			w.fatal("a promote over a hand edit was not refused: %v", err)
		}
		return
	}
	if err != nil {
		w.fatal("promote: %v", err)
	}
	m.enter(key, w.tree(name), before, false)
}

func (w *world) revert(name string, again bool) {
	m := w.overlays[name]
	before := w.tree(name)
	want, possible := m.target()
	w.say("revert %s again=%v from %s want %s %v", name, again, m.current.key, want.key, possible)
	r, err := w.do(func(d *release.Desk) release.Planner {
		return func(ctx context.Context, s *gitops.Snapshot) (*release.Plan, error) {
			return d.PlanRevert(ctx, s, release.Revert{Models: []string{name}, Env: "staging", Reason: "bad", Again: again})
		}
	})
	switch {
	case m.current.key == "", m.reverted && !again, !possible:
		if err == nil {
			w.fatal("revert of %s was not refused", name)
		}
		if w.tree(name) != before {
			w.fatal("a refused revert changed the tree")
		}
	case err != nil:
		if _, broken := errors.AsType[*release.LinkError](err); broken && w.rewrote {
			w.say("refused, since history was rewritten: %v", err)
			return
		}
		w.fatal("revert of %s: %v", name, err)
	default:
		if got := w.tree(name); got != want.tree {
			w.fatal("revert of %s to %s put back tree %s, want %s (changed %v)", name, want.key, got, want.tree, r.Changed)
		}
		m.enter(want.key, want.tree, before, true)
	}
}

func (w *world) hold(name string) {
	m := w.overlays[name]
	if len(m.past) == 0 {
		return
	}
	p := m.past[w.rand.IntN(len(m.past))]
	w.say("hold %s %s", name, p.key)
	if _, err := w.do(func(d *release.Desk) release.Planner {
		return func(ctx context.Context, s *gitops.Snapshot) (*release.Plan, error) {
			return d.PlanHold(ctx, s, release.HoldRequest{Who: name, Env: "staging", Version: p.key, Reason: "held"})
		}
	}); err != nil {
		w.fatal("hold: %v", err)
	}
	m.held[p.key] = true
}

func (w *world) handEdit(name string) {
	m := w.overlays[name]
	if m.current.key == "" {
		return
	}
	w.say("hand edit %s", name)
	w.pull()
	file := filepath.Join(w.clone, dirOf(name), "kustomization.yaml")
	data, err := os.ReadFile(file)
	if err != nil {
		w.t.Fatal(err)
	}
	w.write(dirOf(name)+"/kustomization.yaml", string(data)+fmt.Sprintf("# by hand %d\n", w.rand.IntN(1<<30)))
	w.commit("hand edit")
	m.edited = true
}

func (w *world) elsewhere() {
	w.say("commit elsewhere")
	w.pull()
	w.write("README.md", fmt.Sprint(w.rand.Int()))
	w.commit("elsewhere")
}

func (w *world) merge() {
	if w.depth() < 2 {
		return
	}
	w.say("merge")
	w.git(w.clone, "checkout", "-q", "-B", "side", "HEAD~1")
	w.write(fmt.Sprintf("notes/%d.md", w.rand.Int()), "side")
	w.git(w.clone, "add", "-A")
	w.git(w.clone, "commit", "-q", "-m", "side")
	w.git(w.clone, "checkout", "-q", "-B", "main", "origin/main")
	w.git(w.clone, "merge", "-q", "--no-ff", "-m", "merge side", "side")
	w.git(w.clone, "push", "-q", "origin", "HEAD:main")
}

func (w *world) depth() int {
	w.pull()
	var n int
	fmt.Sscan(w.git(w.clone, "rev-list", "--first-parent", "--count", "HEAD"), &n)
	return n
}

// squash makes the last commits one; what lay between is out of the history.
func (w *world) squash() {
	n := min(w.depth()-2, 1+w.rand.IntN(3))
	if n < 1 {
		return
	}
	w.say("squash %d", n)
	w.git(w.clone, "reset", "-q", "--soft", fmt.Sprintf("HEAD~%d", n))
	w.commit("squashed")
	w.rewrote = true
}

// rebase writes the last commits again under other ids.
func (w *world) rebase() {
	n := min(w.depth()-2, 1+w.rand.IntN(3))
	if n < 1 {
		return
	}
	w.say("rebase %d", n)
	w.clock = w.clock.Add(time.Minute)
	if _, err := w.tryGit(w.clone, "rebase", "-q", "--force-rebase", fmt.Sprintf("HEAD~%d", n)); err != nil {
		w.git(w.clone, "rebase", "--abort")
		return
	}
	w.git(w.clone, "push", "-q", "--force", "origin", "HEAD:main")
	w.rewrote = true
}

// judge checks what must hold after every step, with git alone.
func (w *world) judge() {
	w.t.Helper()
	for name, m := range w.overlays {
		tree := w.tree(name)
		if !m.edited && tree != m.current.tree {
			w.fatal("%s holds tree %s, the judge says %s (%s)", name, tree, m.current.tree, m.current.key)
		}
		if m.current.key == "" {
			continue
		}
		var state struct {
			Spec struct {
				Current struct{ Version, Tree string }
				Past    []struct{ Version, Tree, Commit string }
			}
		}
		if err := yaml.Unmarshal([]byte(w.git(w.bare, "show", "main:models/"+name+"/state/staging.yaml")), &state); err != nil {
			w.fatal("state of %s: %v", name, err)
		}
		if c := state.Spec.Current; c.Version != m.current.key || !m.edited && c.Tree != tree {
			w.fatal("the state of %s names %s with tree %s, it is %s with %s", name, c.Version, c.Tree, m.current.key, tree)
		}
		got := make([]string, 0, len(state.Spec.Past))
		for _, p := range state.Spec.Past {
			got = append(got, p.Version+" "+p.Tree)
		}
		want := make([]string, 0, len(m.past))
		for _, p := range m.past {
			want = append(want, p.key+" "+p.tree)
		}
		if !slices.Equal(got, want) {
			w.fatal("the past of %s is\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// TestRandomSequences walks random sequences of everything that people and tools do to a repository. The seeds are
// fixed; MODELOPS_SEEDS=N walks N more, and MODELOPS_STEPS makes them longer.
func TestRandomSequences(t *testing.T) {
	for seed := range number(t, "MODELOPS_SEEDS", 3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, uint64(seed))
			for range number(t, "MODELOPS_STEPS", 25) {
				w.step()
				w.judge()
			}
			if out := w.git(w.bare, "fsck", "--strict"); strings.Contains(out, "error") {
				t.Fatal(out)
			}
		})
	}
}

func number(t *testing.T, name string, usual int) int {
	value := os.Getenv(name)
	if value == "" {
		return usual
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

func (w *world) step() {
	w.clock = w.clock.Add(time.Minute)
	name := []string{"vision/resnet", "vision/detr", "nlp/bert"}[w.rand.IntN(3)]
	switch w.rand.IntN(16) {
	case 0, 1, 2, 3, 4, 5:
		w.promote(name)
	case 6, 7:
		w.revert(name, false)
	case 8, 9:
		w.revert(name, true)
	case 10:
		w.hold(name)
	case 11:
		w.handEdit(name)
	case 12:
		w.elsewhere()
	case 13:
		w.merge()
	case 14:
		w.squash()
	case 15:
		w.rebase()
	}
}
