package argocd_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/modelops/modelops/argocd"
	"github.com/modelops/modelops/argocd/argotest"
)

const (
	folder  = "models/vision/resnet/prod"
	project = "vision-prod"
	appName = "vision.resnet.prod"
	// speed is how much faster the simulated world runs than the test.
	speed = 40
)

// world is an Argo CD with one Application, a repository, and a client.
type world struct {
	t      *testing.T
	server *argotest.Server
	repo   *argotest.Repo
	client *argocd.Client
	app    argocd.AppRef
	events []argocd.Event
}

// image gives a reference whose digest spells what its pods do.
func image(kind string) string {
	return "registry.example.com/resnet@sha256:" + kind + strings.Repeat("0", 64-len(kind))
}

func behave(image string, _ map[string]string) argotest.Behaviour {
	for kind, b := range map[string]argotest.Behaviour{
		"crash":   {CrashAfter: 500 * time.Millisecond, ExitCode: 137, Reason: "OOMKilled", Logs: []string{"loading", "out of memory"}},
		"nopull":  {PullError: "manifest unknown"},
		"unready": {NeverReady: true},
		"nonode":  {Unschedulable: "0/1 nodes are available: 1 Insufficient nvidia.com/gpu."},
		"psa":     {Refused: `violates PodSecurity "restricted:v1.37": allowPrivilegeEscalation != false`},
		"limits":  {Refused: "maximum nvidia.com/gpu usage per Pod is 4.  No limit is specified"},
		"mount":   {MountError: `MountVolume.SetUp failed: secret "weights" not found`},
		"slow":    {ReadyAfter: 10 * time.Second},
		"hang":    {Hang: true},
		"badhook": {Fail: true},
	} {
		if strings.Contains(image, ":"+kind) {
			return b
		}
	}
	return argotest.Behaviour{}
}

func newWorld(t *testing.T, app argotest.App, change ...func(*argotest.Options)) *world {
	t.Helper()
	w := &world{t: t, repo: &argotest.Repo{}}
	opts := argotest.Options{Build: w.repo.Build, Now: time.Now, Speed: speed, Behaviour: behave}
	for _, c := range change {
		c(&opts)
	}
	var err error
	if w.server, err = argotest.Start(opts); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.server.Close)
	app.Name, app.Project, app.Namespace = appName, project, "vision-prod"
	app.RepoURL, app.Path, app.Branch = "https://git.example.com/ml/deploy.git", folder, "main"
	w.server.Add(app)
	token := ""
	if opts.Accounts != nil {
		token = "admin"
	}
	w.client = w.dial(token)
	return w
}

func (w *world) dial(token string) *argocd.Client {
	w.t.Helper()
	client, err := argocd.Dial(w.t.Context(), argocd.Options{
		Server: w.server.Addr(), AuthToken: token, PlainText: true, Now: time.Now, UserAgent: "test",
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = client.Close() })
	return client
}

func query() argocd.Query {
	return argocd.Query{RepoURLs: []string{"git@git.example.com:ml/deploy"}, Path: folder, Name: appName, Project: project, Branch: "main"}
}

func (w *world) find() {
	w.t.Helper()
	app, err := w.client.Find(w.t.Context(), query())
	if err != nil {
		w.t.Fatal(err)
	}
	w.app = app
}

// push commits a release and gives what has to be proven.
func (w *world) push(d argotest.Deployment) argocd.Want {
	if d.Name == "" {
		d.Name = "resnet"
	}
	if d.Replicas == 0 {
		d.Replicas = 2
	}
	d.Release = fmt.Sprintf("r-%s", d.Image[strings.Index(d.Image, ":")+1:][:12])
	commit := w.repo.Commit(folder, d.Objects()...)
	return argocd.Want{
		Commit: commit, Contains: w.repo.Contains(commit, folder), ReleaseID: d.Release, Image: d.Image,
		Workload: argocd.Object{Kind: "Deployment", Namespace: "vision-prod", Name: d.Name},
	}
}

// elsewhere commits to another folder.
func (w *world) elsewhere() string {
	return w.repo.Commit("models/other/m/prod", argotest.Deployment{Name: "m", Image: image(w.repo.Head()[:8])}.Objects()...)
}

// patience is short enough for tests, in the time of the test.
func patience() argocd.Patience {
	p := argocd.DefaultPatience()
	p.Timeout, p.Poll, p.Outage = 8*time.Second, 5*time.Millisecond, 2*time.Second
	p.CrashLoop, p.ImagePull, p.ContainerConfig = time.Second, 50*time.Millisecond, 50*time.Millisecond
	p.Admission, p.Quota, p.Unschedulable, p.Degraded = 50*time.Millisecond, 50*time.Millisecond, 50*time.Millisecond, 50*time.Millisecond
	p.Comparison, p.Stalled, p.AppMissing = 50*time.Millisecond, 100*time.Millisecond, 2*time.Second
	return p
}

func (w *world) deploy(want argocd.Want) (argocd.Outcome, error) {
	return w.client.Deploy(w.t.Context(), w.app, want, patience(), w.record)
}

func (w *world) wait(want argocd.Want) (argocd.Outcome, error) {
	return w.client.Wait(w.t.Context(), w.app, want, patience(), w.record)
}

func (w *world) record(e argocd.Event) { w.events = append(w.events, e) }

// start brings a first good release up.
func (w *world) start() argocd.Want {
	w.t.Helper()
	want := w.push(argotest.Deployment{Image: image("a1")})
	w.find()
	w.mustRun(want)
	return want
}

func (w *world) mustRun(want argocd.Want) argocd.Outcome {
	w.t.Helper()
	out, err := w.deploy(want)
	if err != nil {
		w.t.Fatalf("deploy: %v\n%s", err, w.trace())
	}
	w.mustBeTrue(want)
	return out
}

// mustBeTrue asks the cluster itself, past the client, whether the release runs.
func (w *world) mustBeTrue(want argocd.Want) {
	w.t.Helper()
	live, ready := w.server.Serving(want.Workload.Namespace, want.Workload.Name)
	if live != want.Image || !ready {
		w.t.Fatalf("the cluster runs %s (all ready: %v), not %s, although the client said so\n%s", live, ready, want.Image, w.trace())
	}
}

func (w *world) trace() string {
	var b strings.Builder
	last := ""
	for _, e := range w.events {
		if line := fmt.Sprintf("%s %s", e.Kind, e.Message); line != last {
			fmt.Fprintf(&b, "%8s %s\n", e.Elapsed.Round(time.Millisecond), line)
			last = line
		}
	}
	fmt.Fprintf(&b, "calls: %s\n", strings.Join(w.server.Calls(), " "))
	return b.String()
}

func (w *world) saw(kind argocd.EventKind) bool {
	for _, e := range w.events {
		if e.Kind == kind {
			return true
		}
	}
	return false
}

// sleep waits for a duration of the simulated world.
func (w *world) sleep(d time.Duration) {
	if err := w.server.Sleep(context.Background(), d); err != nil {
		w.t.Fatal(err)
	}
}
