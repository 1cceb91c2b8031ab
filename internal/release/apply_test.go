package release_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/internal/release"
)

func promoting(name string, version string, number int) func(*release.Desk) release.Planner {
	return func(d *release.Desk) release.Planner {
		return func(ctx context.Context, s *gitops.Snapshot) (*release.Plan, error) {
			return d.PlanPromote(ctx, s, release.Promote{Models: []string{name}, Env: "staging", Version: version, Image: digest(name, number)})
		}
	}
}

func unavailable(status, after int) error {
	return &gitops.TransportError{Op: "push to", URL: "https://git.example.com/x", Status: status, After: after, Err: errors.New("HTTP trouble; the branch has not moved")}
}

// TestApplyTriesAgain: what passes is tried again and lands once; what stays is given up, in words that name the tries
// and the last reason; what would be refused again is not tried again.
func TestApplyTriesAgain(t *testing.T) {
	stale := &gitops.StaleError{Branch: "main"}
	locked := &gitops.RejectedError{Branch: "main", Class: gitops.RejectLocked, Reason: "failed to update ref",
		Server: "error: Unable to create '/srv/refs/heads/main.lock': File exists.\n"}
	limited := &gitops.TransportError{Op: "push to", URL: "https://git.example.com/x", Status: 403, Err: errors.New("HTTP 403: rate limit exceeded")}
	for _, c := range []struct {
		name   string
		errs   []error // what the pushes meet, the last one for good; nil lets it through
		pushes int
		want   string // in the error; "" where it lands
	}{
		{"lost race", []error{stale, stale, nil}, 3, ""},
		{"lock that goes", []error{locked, locked, nil}, 3, ""},
		{"lock that stays", []error{locked}, 5, "given up after 5 attempts: push to main: refused: failed to update ref\n  error: Unable to create '/srv/refs/heads/main.lock': File exists.\nnothing was pushed"},
		{"overloaded", []error{unavailable(503, 0), unavailable(429, 1), limited, nil}, 4, ""},
		{"down", []error{unavailable(502, 0)}, 5, "given up after 5 attempts: push to https://git.example.com/x: HTTP trouble; the branch has not moved"},
		{"a wait that is too long", []error{unavailable(503, 3600)}, 1, "given up after one attempt"},
		{"hook", []error{&gitops.RejectedError{Class: gitops.RejectHook, Reason: "pre-receive hook declined"}}, 1, "hook declined"},
		{"rules", []error{&gitops.RejectedError{Class: gitops.RejectProtected, Reason: "GH013"}}, 1, "GH013"},
		{"sign-in", []error{&gitops.AuthError{Status: 401}}, 1, "authentication"},
		{"web page", []error{&gitops.TransportError{Status: 200, Err: errors.New("a web page")}}, 1, "a web page"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			pushes := 0
			res, err := w.doThrough(ctx, promoting("vision/resnet", "1.0.1", 1), func(push release.Push) release.Push {
				return func(ctx context.Context, base, next *gitops.Snapshot) error {
					met := c.errs[min(pushes, len(c.errs)-1)]
					if pushes++; met != nil {
						return met
					}
					return push(ctx, base, next)
				}
			})
			if pushes != c.pushes {
				t.Errorf("%d pushes, want %d", pushes, c.pushes)
			}
			commits := "1"
			switch {
			case c.want == "" && err != nil:
				t.Fatal(err)
			case c.want == "":
				commits = "2"
				if res.Attempts != c.pushes {
					t.Errorf("%d attempts are reported, %d were made", res.Attempts, c.pushes)
				}
			case err == nil || !strings.Contains(err.Error(), c.want):
				t.Errorf("want %q, got %v", c.want, err)
			}
			if n := w.git(w.bare, "rev-list", "--count", "main"); n != commits {
				t.Errorf("%s commits, want %s", n, commits)
			}
		})
	}
}

// TestLateArrival: a gateway gives up on a push that the server carries out all the same, after the branch was looked
// at. It must be found, below what others built on it, and not be made a second time or taken for somebody else's.
func TestLateArrival(t *testing.T) {
	for name, above := range map[string]bool{"at the tip": false, "below it": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1)
			pushes := 0
			res, err := w.doThrough(t.Context(), promoting("vision/resnet", "1.0.1", 1), func(push release.Push) release.Push {
				return func(ctx context.Context, base, next *gitops.Snapshot) error {
					pushes++
					if err := push(ctx, base, next); err != nil {
						t.Fatal(err)
					}
					if above {
						w.promote("nlp/bert")
					}
					return unavailable(504, 0)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if pushes != 1 || !res.Changed {
				t.Errorf("%d pushes, changed %v", pushes, res.Changed)
			}
			if n := w.git(w.bare, "log", "--format=%H", "--grep=promote vision/resnet", "main"); n != res.Tip.Commit().String() {
				t.Errorf("the history has %q, told was %s", n, res.Tip.Commit())
			}
		})
	}
}

// TestChangedWhileRetrying: a hold, or another release, that came between two attempts ends the command.
func TestChangedWhileRetrying(t *testing.T) {
	for name, meanwhile := range map[string]func(*world){
		"another release": func(w *world) { w.promote("vision/resnet") },
		"a hold": func(w *world) {
			if _, err := w.do(func(d *release.Desk) release.Planner {
				return func(ctx context.Context, s *gitops.Snapshot) (*release.Plan, error) {
					return d.PlanHold(ctx, s, release.HoldRequest{Who: "vision/resnet", Env: "staging", Reason: "freeze"})
				}
			}); err != nil {
				w.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1)
			tip := ""
			_, err := w.doThrough(t.Context(), promoting("vision/resnet", "7.0.0", 7), func(push release.Push) release.Push {
				return func(ctx context.Context, base, next *gitops.Snapshot) error {
					if tip == "" {
						meanwhile(w)
						tip = w.git(w.bare, "rev-parse", "main")
					}
					return push(ctx, base, next)
				}
			})
			var contended *release.ContendedError
			if !errors.As(err, &contended) {
				t.Errorf("want *ContendedError, got %v", err)
			}
			if now := w.git(w.bare, "rev-parse", "main"); now != tip {
				t.Errorf("the branch moved from %s to %s", tip, now)
			}
		})
	}
}

// TestPlanIsMadeAgain: a push that lost to a change of what the plan was made of has its plan made again; one that lost
// to anything else needs no second rendering, and is built on the new tip all the same.
func TestPlanIsMadeAgain(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile func(*world)
		plans     int
	}{
		"elsewhere":     {(*world).elsewhere, 1},
		"another model": {func(w *world) { w.promote("nlp/bert") }, 1},
		"its spec": {func(w *world) {
			w.pull()
			w.write("models/vision/resnet/model.yaml", modelYAML("vision/resnet", 3))
			w.commit("more replicas")
		}, 2},
		"its team": {func(w *world) {
			w.pull()
			w.write("tenants/vision/team.yaml", "# moved\n"+fmt.Sprintf(teamYAML, "vision"))
			w.commit("team")
		}, 2},
		"the platform": {func(w *world) {
			w.pull()
			w.write("modelops.yaml", platformYAML+"  - name: canada\n")
			w.commit("an environment more")
		}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1)
			w.promote("vision/resnet")
			plans, pushes := 0, 0
			_, err := w.doThrough(t.Context(), func(d *release.Desk) release.Planner {
				plan := promoting("vision/resnet", "7.0.0", 7)(d)
				return func(ctx context.Context, s *gitops.Snapshot) (*release.Plan, error) { plans++; return plan(ctx, s) }
			}, func(push release.Push) release.Push {
				return func(ctx context.Context, base, next *gitops.Snapshot) error {
					if pushes++; pushes == 1 {
						c.meanwhile(w)
					}
					return push(ctx, base, next)
				}
			})
			var contended *release.ContendedError
			if err != nil && !errors.As(err, &contended) {
				t.Fatal(err)
			}
			if plans != c.plans {
				t.Errorf("the plan was made %d times, want %d (%v)", plans, c.plans, err)
			}
			if err == nil && w.git(w.bare, "log", "-1", "--format=%s", "main") != "promote vision/resnet 7.0.0 to staging" {
				t.Errorf("the tip is %s", w.git(w.bare, "log", "-1", "--format=%s", "main"))
			}
		})
	}
}
