package gitops_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/google/go-cmp/cmp"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/gitops/gittest"
)

// watchedPaths of the random history: files and folders, one with letters outside of ASCII, one that is never there.
var watchedPaths = [][]string{
	{"models/a/x/prod"}, {"models/a/x/prod/release.yaml"}, {"models/b"}, {"models/ä/größe.yaml"}, {"README.md"}, {"models/a/x/prod", "models/b/y/state.yaml"}, {"nowhere/at/all"},
}

// randomHistory is a repository of many commits: edits, deletes, renames, changes of mode, merges from either side.
func randomHistory(t *testing.T, w *world, commits int) *gittest.Repo {
	t.Helper()
	rng := rand.New(rand.NewPCG(7, 11))
	files := []string{"README.md", "models/a/x/prod/release.yaml", "models/a/x/prod/base/d.yaml", "models/a/z/f.yaml", "models/b/y/state.yaml", "models/b/y/prod/release.yaml", "models/ä/größe.yaml", "other/f"}
	var s strings.Builder
	for n := 1; n <= commits; n++ {
		fmt.Fprintf(&s, "commit refs/heads/main\nmark :%d\ncommitter A <a@example.com> %d +0000\ndata 1\nx\n", n, 1700000000+60*n)
		if n > 1 {
			fmt.Fprintf(&s, "from :%d\n", n-1)
		}
		if n > 20 && rng.IntN(6) == 0 {
			fmt.Fprintf(&s, "merge :%d\n", n-2-rng.IntN(15))
		}
		if n > 40 && rng.IntN(20) == 0 { // three parents
			fmt.Fprintf(&s, "merge :%d\nmerge :%d\n", n-18-rng.IntN(5), n-25-rng.IntN(5))
		}
		for range rng.IntN(3) {
			f := files[rng.IntN(len(files))]
			switch rng.IntN(8) {
			case 0:
				fmt.Fprintf(&s, "D %s\n", f)
			case 1:
				fmt.Fprintf(&s, "M 100755 inline %s\ndata 1\n%d\n", f, rng.IntN(5))
			default:
				fmt.Fprintf(&s, "M 100644 inline %s\ndata 1\n%d\n", f, rng.IntN(5))
			}
		}
	}
	r, err := gittest.Init(w.ctx, filepath.Join(w.dir, "random.git"), w.home, true)
	w.ok(err)
	_, err = r.Feed(w.ctx, s.String(), "fast-import", "--quiet")
	w.ok(err)
	return r
}

func (w *world) history(r *gittest.Repo, paths []string) []string {
	w.t.Helper()
	got := []string{}
	repo := w.open(r)
	for st, err := range gitops.History(w.ctx, w.tip(repo), paths...) {
		var edge *gitops.ShallowError
		if errors.As(err, &edge) {
			break
		}
		w.ok(err)
		got = append(got, st.Commit.Hash.String())
	}
	return got
}

// oracle asks git, which is told to read no commit-graph: of a damaged one it dies.
func (w *world) oracle(r *gittest.Repo, args ...string) []string {
	w.t.Helper()
	out := w.git(r, append([]string{"--no-replace-objects", "-c", "core.commitGraph=false"}, args...)...)
	return append([]string{}, strings.Fields(out)...)
}

func (w *world) gitLog(r *gittest.Repo, paths []string) []string {
	w.t.Helper()
	return w.oracle(r, append([]string{"log", "--first-parent", "--full-history", "-m", "--format=%H", "main", "--"}, paths...)...)
}

// TestHistoryWithEveryCommitGraph compares with git log, whatever commit-graph is there.
func TestHistoryWithEveryCommitGraph(t *testing.T) {
	w := newWorld(t)
	plain := randomHistory(t, w, 300)
	want := map[string][]string{}
	for _, p := range watchedPaths {
		want[strings.Join(p, " ")] = w.gitLog(plain, p)
	}
	graphFile := func(r *gittest.Repo) string { return filepath.Join(r.Dir, "objects", "info", "commit-graph") }
	damage := func(how func([]byte) []byte) func(*world, *gittest.Repo) {
		return func(w *world, r *gittest.Repo) {
			w.git(r, "commit-graph", "write", "--reachable", "--changed-paths")
			data, err := os.ReadFile(graphFile(r))
			w.ok(err)
			w.ok(os.Remove(graphFile(r)))
			w.ok(os.WriteFile(graphFile(r), how(data), 0o644))
		}
	}
	stale := func(options ...string) func(*world, *gittest.Repo) {
		return func(w *world, r *gittest.Repo) {
			tip := w.git(r, "rev-parse", "main")
			w.git(r, "update-ref", "refs/heads/main", "main~100")
			w.git(r, append([]string{"commit-graph", "write", "--reachable"}, options...)...)
			w.git(r, "update-ref", "refs/heads/main", tip)
		}
	}
	for name, prepare := range map[string]func(*world, *gittest.Repo){
		"none":    func(*world, *gittest.Repo) {},
		"graph":   func(w *world, r *gittest.Repo) { w.git(r, "commit-graph", "write", "--reachable") },
		"filters": func(w *world, r *gittest.Repo) { w.git(r, "commit-graph", "write", "--reachable", "--changed-paths") },
		"stale":   stale("--changed-paths"),
		"chain": func(w *world, r *gittest.Repo) {
			stale("--split", "--changed-paths")(w, r)
			w.git(r, "commit-graph", "write", "--reachable", "--split=no-merge")
		},
		"filters for some": func(w *world, r *gittest.Repo) {
			w.git(r, "commit-graph", "write", "--reachable", "--changed-paths", "--max-new-filters=50")
		},
		"flipped bit": damage(func(b []byte) []byte { b[len(b)/2] ^= 4; return b }),
		"cut off":     damage(func(b []byte) []byte { return b[:len(b)*2/3] }),
		"empty":       damage(func([]byte) []byte { return nil }),
		"replaced": func(w *world, r *gittest.Repo) {
			w.git(r, "commit-graph", "write", "--reachable", "--changed-paths")
			w.git(r, "replace", "main~80", "main~200")
		},
		"switched off": func(w *world, r *gittest.Repo) {
			damage(func(b []byte) []byte { return b })(w, r)
			w.git(r, "config", "core.commitGraph", "false")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{t: t, ctx: t.Context(), dir: t.TempDir(), home: w.home, server: w.server}
			r := &gittest.Repo{Dir: filepath.Join(w.dir, "r.git"), Git: plain.Git, Env: plain.Env}
			w.ok(os.CopyFS(r.Dir, os.DirFS(plain.Dir)))
			prepare(w, r)
			for _, p := range watchedPaths {
				if diff := cmp.Diff(want[strings.Join(p, " ")], w.history(r, p)); diff != "" {
					t.Errorf("%v (-git +ours)\n%s", p, diff)
				}
			}
			w.ancestors(r)
		})
	}
}

// ancestors compares IsAncestor with git merge-base for some pairs of commits that lie far apart.
func (w *world) ancestors(r *gittest.Repo) {
	w.t.Helper()
	repo := w.open(r)
	all := w.oracle(r, "rev-list", "main")
	lonely, err := r.Feed(w.ctx, "", "commit-tree", "-m", "lonely", all[150]+"^{tree}")
	w.ok(err)
	reach := map[string]map[string]bool{}
	for _, of := range []string{all[0], all[120], all[299]} {
		reach[of] = map[string]bool{}
		for _, h := range w.oracle(r, "rev-list", of) {
			reach[of][h] = true
		}
		for _, a := range []string{all[0], all[5], all[121], all[130], all[200], all[298], all[299], lonely} {
			got, err := repo.IsAncestor(w.ctx, plumbing.NewHash(a), plumbing.NewHash(of))
			w.ok(err)
			equal(w.t, fmt.Sprintf("%.10s of %.10s", a, of), got, reach[of][a])
		}
	}
}

func TestHistoryOfShallowClones(t *testing.T) {
	w := newWorld(t)
	plain := randomHistory(t, w, 200)
	w.git(plain, "commit-graph", "write", "--reachable", "--changed-paths")
	for _, depth := range []string{"1", "5", "90"} {
		c := w.clone("depth"+depth, "file://"+plain.Dir, "--bare", "--depth="+depth)
		for _, p := range watchedPaths {
			want := w.gitLog(c, p)
			// git shows the oldest commit as if it had added everything; to us history ends there.
			edge := w.git(c, "rev-list", "--first-parent", "--max-parents=0", "main")
			want = slices.DeleteFunc(want, func(h string) bool { return h == edge })
			if diff := cmp.Diff(want, w.history(c, p)); diff != "" {
				t.Errorf("depth %s, %v (-git +ours)\n%s", depth, p, diff)
			}
		}
	}
}
