package gitops_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/gitops/gittest"
)

const release = "models/vision/resnet/prod/release.yaml"

// TestPushEverywhere drives the same change through every way to a remote, with and without git.
func TestPushEverywhere(t *testing.T) {
	for _, over := range []string{"http", "file", "path", "none"} {
		for _, git := range []bool{true, false} {
			for _, bare := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s/git=%v/bare=%v", over, git, bare), func(t *testing.T) { pushOnce(t, over, git, bare) })
			}
		}
	}
}

func pushOnce(t *testing.T, over string, git, bare bool) {
	w := newWorld(t)
	from := map[string]string{"file": "file://" + w.server.Dir, "path": w.server.Dir, "none": w.server.Dir}[over]
	if over == "http" {
		from = w.serve(gittest.Options{})
	}
	var options []string
	if bare {
		options = append(options, "--bare")
	}
	c := w.clone("clone", from, options...)
	if over == "none" {
		w.git(c, "remote", "remove", "origin")
	}
	// Somebody else is faster than this clone's last fetch.
	if over != "none" {
		_, err := w.server.Commit(w.ctx, "main", "other", map[string]string{"models/text/bert/prod/release.yaml": "b2\n"})
		w.ok(err)
	}
	var opts []func(*gitops.Options)
	if !git {
		opts = append(opts, withoutGit)
	}
	r := w.open(c, opts...)
	base := w.tip(r)
	next := w.commit(r, base, write(release, "v2\n"))
	err := r.Push(w.ctx, base, next)
	if over == "none" && !bare && !git {
		var rejected *gitops.RejectedError
		if !errors.As(err, &rejected) {
			t.Fatalf("a checked-out branch must not be moved without git: %v", err)
		}
		equal(t, "status", w.git(c, "status", "--porcelain"), "")
		return
	}
	w.ok(err)
	res, err := r.Follow(w.ctx, base, next)
	w.ok(err)
	t.Logf("follow: %+v", res)
	truth := w.server
	if over == "none" {
		truth = c
	}
	equal(t, "branch", w.git(truth, "rev-parse", "main"), next.Commit().String())
	equal(t, "file", w.git(truth, "show", "main:"+release), "v2")
	w.fsck(w.server, c)
	if !bare {
		equal(t, "status", w.git(c, "status", "--porcelain"), "")
	}
	if git && !bare {
		equal(t, "moved", res.Moved, true)
		equal(t, "HEAD", w.git(c, "rev-parse", "HEAD"), next.Commit().String())
	}
	equal(t, "tip again", w.tip(r).Commit(), next.Commit())
}

func TestPushIsCompareAndSwap(t *testing.T) {
	w := newWorld(t)
	url := w.serve(gittest.Options{})
	for _, from := range []string{url, w.server.Dir} {
		c := w.clone("c"+fmt.Sprint(len(from)), from)
		r := w.open(c)
		base := w.tip(r)
		next := w.commit(r, base, write(release, from))
		other, err := w.server.Commit(w.ctx, "main", "between", map[string]string{"f": from})
		w.ok(err)
		err = r.Push(w.ctx, base, next)
		var stale *gitops.StaleError
		if !errors.As(err, &stale) {
			t.Fatalf("want *StaleError, got %v", err)
		}
		equal(t, "tip", stale.Tip.String(), other)
		equal(t, "branch", w.git(w.server, "rev-parse", "main"), other)
	}
}

// TestServerMovesInHook moves the branch after the advertisement, where only the server's own check can see it.
func TestServerMovesInHook(t *testing.T) {
	w := newWorld(t)
	url := w.serve(gittest.Options{})
	r := w.open(w.clone("c", url))
	base := w.tip(r)
	other, err := w.server.Commit(w.ctx, "side", "x", map[string]string{"f": "x"})
	w.ok(err)
	// The hook runs in git's quarantine, in which refs must not be changed: a plain write is what another machine does.
	script := "#!/bin/sh\necho checking $HOME\nprintf '" + other + "\\n' > " + filepath.Join(w.server.Dir, "refs/heads/main") + "\n"
	w.ok(os.WriteFile(filepath.Join(w.server.Dir, "hooks", "pre-receive"), []byte(script), 0o755))
	err = r.Push(w.ctx, base, w.commit(r, base, write(release, "v2\n")))
	var stale *gitops.StaleError
	if !errors.As(err, &stale) {
		t.Fatalf("want *StaleError, got %v", err)
	}
	equal(t, "tip", stale.Tip.String(), other)
	ok, _ := gitops.Retryable(err)
	equal(t, "retryable", ok, true)
}

func TestHookDeclines(t *testing.T) {
	w := newWorld(t)
	url := w.serve(gittest.Options{})
	script := "#!/bin/sh\nprintf 'no \\033[31mred\\033[0m at https://bot:s3cret@host/x\\n' >&2\nexit 1\n"
	w.ok(os.WriteFile(filepath.Join(w.server.Dir, "hooks", "pre-receive"), []byte(script), 0o755))
	before := w.git(w.server, "rev-parse", "main")
	for _, from := range []string{url, w.server.Dir} {
		var progress strings.Builder
		r := w.open(w.clone("c"+fmt.Sprint(len(from)), from), func(o *gitops.Options) { o.Progress = &progress })
		base := w.tip(r)
		err := r.Push(w.ctx, base, w.commit(r, base, write(release, "v2\n")))
		var rejected *gitops.RejectedError
		if !errors.As(err, &rejected) {
			t.Fatalf("want *RejectedError, got %v", err)
		}
		equal(t, "class", rejected.Class, gitops.RejectHook)
		equal(t, "reason", rejected.Reason, "pre-receive hook declined")
		equal(t, "server", rejected.Server, "no \\u001b[31mred\\u001b[0m at https://host/x\n")
		equal(t, "progress", progress.String(), "remote: "+rejected.Server)
		equal(t, "branch", w.git(w.server, "rev-parse", "main"), before)
	}
}

// TestLostAnswer breaks the connection after git has done its work, and before it.
func TestLostAnswer(t *testing.T) {
	post := func(f gittest.Fault) func(*http.Request) *gittest.Fault {
		return func(q *http.Request) *gittest.Fault {
			if isPush(q) {
				return &f
			}
			return nil
		}
	}
	rep := func(lines ...string) []byte {
		var b strings.Builder
		for _, l := range lines {
			fmt.Fprintf(&b, "%04x%s", len(l)+4, l)
		}
		return []byte(band(b.String()+"0000") + "0000")
	}
	cases := []struct {
		name    string
		fault   gittest.Fault
		arrived bool
	}{
		{"cut at once after the work", gittest.Fault{Cut: true}, true},
		{"cut in mid-report", gittest.Fault{Cut: true, CutAt: 20}, true},
		{"gateway error", gittest.Fault{Status: 502}, false},
		{"empty answer", gittest.Fault{Answer: []byte{}}, false},
		{"report without our ref", gittest.Fault{Answer: rep("unpack ok\n")}, false},
		{"ok for another ref", gittest.Fault{Answer: rep("unpack ok\n", "ok refs/heads/other\n")}, false},
		{"garbage", gittest.Fault{Answer: []byte("<html>")}, false},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			r := w.open(w.clone("c", w.serve(gittest.Options{})))
			base := w.tip(r)
			next := w.commit(r, base, write(release, "v2\n"))
			w.http.SetFault(post(tc.fault))
			err := r.Push(w.ctx, base, next)
			t.Log(err)
			equal(t, "no error", err == nil, tc.arrived)
			equal(t, "arrived", w.git(w.server, "rev-parse", "main") == next.Commit().String(), tc.arrived)
		})
	}
}

func band(s string) string { return fmt.Sprintf("%04x\x01%s", len(s)+5, s) }

// TestLostAnswerBelowTip: our commit arrived, and somebody built on it before we could look.
func TestLostAnswerBelowTip(t *testing.T) {
	w := newWorld(t)
	r := w.open(w.clone("c", w.serve(gittest.Options{})))
	base := w.tip(r)
	next := w.commit(r, base, write(release, "v2\n"))
	cut := false
	w.http.SetFault(func(q *http.Request) *gittest.Fault {
		if isPush(q) && !cut {
			cut = true
			return &gittest.Fault{Cut: true}
		}
		if cut {
			_, err := w.server.Commit(w.ctx, "main", "above", map[string]string{"f": "x"})
			w.ok(err)
		}
		return nil
	})
	w.ok(r.Push(w.ctx, base, next))
}

func TestDeadlineWhileServerHolds(t *testing.T) {
	w := newWorld(t)
	r := w.open(w.clone("c", w.serve(gittest.Options{})))
	base := w.tip(r)
	next := w.commit(r, base, write(release, "v2\n"))
	hold := make(chan struct{})
	defer close(hold)
	w.http.SetFault(func(q *http.Request) *gittest.Fault {
		if isPush(q) {
			return &gittest.Fault{Hold: hold, Status: http.StatusServiceUnavailable} // git must not run when the test is over
		}
		return nil
	})
	ctx, cancel := context.WithTimeout(w.ctx, 200*time.Millisecond)
	defer cancel()
	within(t, 3*time.Second, func() {
		err := r.Push(ctx, base, next)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "has not moved") {
			t.Errorf("want the deadline and the state, got %v", err)
		}
	})
}

func TestAuthentication(t *testing.T) {
	w := newWorld(t)
	url := w.serve(gittest.Options{})
	c := w.clone("c", url)
	w.http.Close()
	url = w.serve(gittest.Options{User: "bot", Password: "s3cret"})
	host := strings.TrimPrefix(url, "http://")
	helper := filepath.Join(w.dir, "helper")
	asked := filepath.Join(w.dir, "asked")
	w.ok(os.WriteFile(helper, []byte("#!/bin/sh\necho $1 >> "+asked+"\n[ $1 = get ] && echo username=bot && echo password=$PW\nexit 0\n"), 0o755))
	tipWith := func(set string, env ...string) error {
		w.git(c, "remote", "set-url", "origin", set)
		r := w.open(c, func(o *gitops.Options) { o.Branch = "main"; o.Env.Environ = append(o.Env.Environ, env...) })
		_, err := r.Tip(w.ctx)
		return err
	}
	var auth *gitops.AuthError
	if err := tipWith(url); !errors.As(err, &auth) || auth.Status != 401 || auth.User != "" {
		t.Errorf("without a credential: %v", err)
	}
	if err := tipWith("http://bot:wrong-pw@" + host); !errors.As(err, &auth) || auth.User != "bot" || strings.Contains(err.Error(), "wrong-pw") {
		t.Errorf("wrong password: %v", err)
	}
	w.ok(tipWith("http://bot:s3cret@" + host))
	w.git(c, "config", "http.extraHeader", "Authorization: Basic Ym90OnMzY3JldA==")
	w.ok(tipWith(url))
	w.git(c, "config", "--unset", "http.extraHeader")
	w.git(c, "config", "credential.helper", helper)
	w.ok(tipWith(url, "PW=s3cret"))
	if err := tipWith(url, "PW=bad"); !errors.As(err, &auth) || auth.User != "bot" {
		t.Errorf("refused helper: %v", err)
	}
	got, err := os.ReadFile(asked)
	w.ok(err)
	equal(t, "helper", string(got), "get\nstore\nget\nerase\n")
}

func TestServerTrouble(t *testing.T) {
	w := newWorld(t)
	c := w.clone("c", w.serve(gittest.Options{}))
	r := w.open(c)
	cases := []struct {
		fault gittest.Fault
		want  string
	}{
		{gittest.Fault{Status: 200, Body: "<html>", Header: http.Header{"Content-Type": {"text/html"}}}, "web page"},
		{gittest.Fault{Status: 404}, "no such repository"},
		{gittest.Fault{Status: 429, Header: http.Header{"Retry-After": {"7"}}}, "HTTP 429"},
		{gittest.Fault{Cut: true, CutAt: 90}, "list of refs"},
		{gittest.Fault{Status: 403, Body: "archived\n", Header: http.Header{"Content-Type": {"text/plain"}}}, "not allowed (HTTP 403): archived"},
	}
	for _, tc := range cases {
		w.http.SetFault(func(*http.Request) *gittest.Fault { return &tc.fault })
		_, err := r.Tip(w.ctx)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("want %q, got %v", tc.want, err)
		}
		if tc.fault.Status == 429 {
			yes, after := gitops.Retryable(err)
			equal(t, "retryable", yes, true)
			equal(t, "after", after, 7*time.Second)
		}
	}
	w.http.Close()
	var tr *gitops.TransportError
	if _, err := r.Tip(w.ctx); !errors.As(err, &tr) {
		t.Errorf("server down: %v", err)
	}
}

// TestEightPushers lets eight clones push to different paths at once; each makes its change again when it loses.
func TestEightPushers(t *testing.T) {
	w := newWorld(t)
	url := w.serve(gittest.Options{})
	const pushers, rounds = 8, 2
	repos := make([]*gitops.Repo, pushers)
	for i := range repos {
		repos[i] = w.open(w.clone(fmt.Sprintf("c%d", i), url))
	}
	var wg sync.WaitGroup
	for i, r := range repos {
		wg.Go(func() {
			for n := range rounds {
				if err := land(w.ctx, r, fmt.Sprintf("models/t%d/m/prod/release.yaml", i), fmt.Sprint(n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	equal(t, "commits", w.git(w.server, "rev-list", "--count", "main"), fmt.Sprint(1+pushers*rounds))
	equal(t, "merges", w.git(w.server, "rev-list", "--count", "--merges", "main"), "0")
	w.fsck(w.server)
}

func land(ctx context.Context, r *gitops.Repo, path, data string) error {
	for {
		base, err := r.Tip(ctx)
		if err != nil {
			return err
		}
		id, err := r.Identity(ctx)
		if err != nil {
			return err
		}
		c := write(path, data)
		c.Message.Subject = path
		next, err := r.Commit(ctx, base, c, id)
		if err != nil {
			return err
		}
		if err = r.Push(ctx, base, next); err == nil {
			return nil
		}
		if again, _ := gitops.Retryable(err); !again {
			return err
		}
	}
}

// TestLocalRaceWithGit runs our compare-and-swap beside git update-ref and git pack-refs on one branch: every update
// that was acknowledged must be in the reflog's chain.
func TestLocalRaceWithGit(t *testing.T) {
	w := newWorld(t)
	w.git(w.server, "config", "core.logAllRefUpdates", "always")
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		// Each file of packed refs gets another size: git tells a new one from the one that it has read by size, inode
		// and the second, and in a loop as tight as this the inode comes back within the second.
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
				exec.Command(w.server.Git, "-C", w.server.Dir, "tag", "-f", strings.Repeat("t", n%200+1), "main^{tree}").Run() //nolint:errcheck // may meet a lock
				exec.Command(w.server.Git, "-C", w.server.Dir, "pack-refs", "--all").Run()                                     //nolint:errcheck // may meet a lock
			}
		}
	})
	var mu sync.Mutex
	acked := map[string]bool{}
	ack := func(h string) { mu.Lock(); acked[h] = true; mu.Unlock() }
	var writers sync.WaitGroup
	for i := range 2 {
		r := w.open(w.server)
		writers.Go(func() {
			for n := range 40 {
				base, err := r.Tip(w.ctx)
				if err != nil {
					t.Errorf("read: %v", err)
					return
				}
				id, _ := r.Identity(w.ctx)
				next, err := r.Commit(w.ctx, base, write(fmt.Sprintf("own%d", i), fmt.Sprint(n)), id)
				if err == nil && r.Push(w.ctx, base, next) == nil {
					ack(next.Commit().String())
				}
			}
		})
		writers.Go(func() {
			for n := range 15 {
				old := w.git(w.server, "rev-parse", "main")
				next := w.git(w.server, "commit-tree", "-p", old, "-m", fmt.Sprintf("git %d %d", i, n), old+"^{tree}")
				if _, err := w.server.Run(w.ctx, "update-ref", "refs/heads/main", next, old); err == nil {
					ack(next)
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	wg.Wait()
	history := w.git(w.server, "rev-list", "main")
	for h := range acked {
		if !strings.Contains(history, h) {
			t.Errorf("acknowledged update %s is lost:\n%s", h, w.git(w.server, "log", "-g", "--format=%h %p %gs", "main"))
		}
	}
	t.Logf("%d updates acknowledged", len(acked))
	if len(acked) < 20 {
		t.Errorf("only %d updates got through", len(acked))
	}
	w.fsck(w.server)
}

func TestLockedRef(t *testing.T) {
	w := newWorld(t)
	r := w.open(w.server)
	base := w.tip(r)
	next := w.commit(r, base, write(release, "v2\n"))
	lock := filepath.Join(w.server.Dir, "refs/heads/main.lock")
	w.ok(os.WriteFile(lock, nil, 0o600))
	var locked *gitops.LockedError
	if err := r.Push(w.ctx, base, next); !errors.As(err, &locked) || locked.Lock != lock {
		t.Fatalf("want *LockedError, got %v", err)
	}
	w.ok(os.Remove(lock))
	w.ok(r.Push(w.ctx, base, next))
	w.fsck(w.server)
}

func TestStalePackedRef(t *testing.T) {
	w := newWorld(t)
	r := w.open(w.server)
	base := w.tip(r)
	next := w.commit(r, base, write(release, "v2\n"))
	other, err := w.server.Commit(w.ctx, "main", "x", map[string]string{"f": "x"})
	w.ok(err)
	w.git(w.server, "pack-refs", "--all")
	var stale *gitops.StaleError
	if err := r.Push(w.ctx, base, next); !errors.As(err, &stale) || stale.Tip.String() != other {
		t.Fatalf("want *StaleError, got %v", err)
	}
	w.fsck(w.server)
	equal(t, "branch", w.git(w.server, "rev-parse", "main"), other)
	w.ok(r.Push(w.ctx, w.tip(r), w.commit(r, w.tip(r), write(release, "v3\n"))))
	w.fsck(w.server)
}

// What git fetched into a bare clone has no ref there; it does not come again with what follows.
func TestLostRacesFetchOnlyWhatIsNew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	url := w.serve(gittest.Options{})
	r := w.open(w.clone("bare", url, "--bare"))
	tip := w.tip(r)
	noise := make([]byte, 1<<18)
	rand.NewChaCha8([32]byte{}).Read(noise) //nolint:errcheck // never fails
	large := 0
	for i, content := range []string{hex.EncodeToString(noise), "small\n"} {
		_, err := w.server.Commit(w.ctx, "main", "faster", map[string]string{"models/text/bert/prod/release.yaml": content})
		w.ok(err)
		var stale *gitops.StaleError
		if err := r.Push(w.ctx, tip, w.commit(r, tip, write(release, "late\n"))); !errors.As(err, &stale) {
			t.Fatalf("push on a moved branch: %v", err)
		}
		before := w.http.Sent()
		tip, err = r.TipToPush(w.ctx)
		w.ok(err)
		equal(t, "tip", tip.Commit().String(), w.git(w.server, "rev-parse", "main"))
		switch sent := int(w.http.Sent() - before); {
		case i == 0:
			large = sent
		case sent > large/10:
			t.Errorf("%d bytes came with a small commit, after %d with a large one", sent, large)
		}
	}
}
