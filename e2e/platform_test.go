//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/modelops/modelops/e2e/stack"
)

// platform is one deployment repository with one team, set up on a stack the way docs/argocd.md tells a platform
// engineer to. A stack carries two: one that Argo CD syncs by itself and one that it does not.
type platform struct {
	stack    *stack.Stack
	team     string // also the name of platform and repository
	autoSync bool
	token    string // of a project role that may get and sync, and read logs where that is a right of its own
	home     string
}

// env is the environment that the scenarios work in.
const env = "staging"

// settings of the platform. Argo CD 2.14 cannot compare Deployments of this Kubernetes with server-side apply.
func (p *platform) settings() string {
	return fmt.Sprintf(`apiVersion: modelops.dev/v1alpha1
kind: Platform
metadata: {name: %s}
spec:
  git: {url: %s, branch: main}
  environments:
  - {name: %s}
  - {name: prod}
  argocd: {version: %s, autoSync: %v, server: %s}
  registries: [registry.example/]
  priorityClass: model-serving
  podSecurityVersion: v1.35
  policy: {allowArgoCDAnnotations: true}
`, p.team, p.stack.Git.URL(p.team), env, p.stack.Version, p.autoSync, p.stack.ArgoServer)
}

// tenant is the team's spec: its quota has room for the scenarios' models and one that asks for too much.
func (p *platform) tenant() string {
	return fmt.Sprintf(`apiVersion: modelops.dev/v1alpha1
kind: Team
metadata: {name: %s}
spec:
  owners: [%[1]s-owners]
  quota: {cpu: 40, memory: 80Gi, pods: 60}
  limits: {maxMemory: 64Gi}
`, p.team)
}

// served is a model's spec. Its startup budget is short, so that a Deployment that never becomes ready misses its
// deadline within a test's patience.
func (p *platform) served(model, memory string) string {
	return fmt.Sprintf(`apiVersion: modelops.dev/v1alpha1
kind: Model
metadata: {name: %s, team: %s}
spec:
  runtime: custom
  image: registry.example/models/%[1]s
  ports: {http: 8080}
  health: {ready: /ready, live: /live}
  resources: {cpu: 500m, memory: %[3]s}
  scaling: {min: 2, max: 2}
  startupTimeout: 20s
  drainTimeout: 5s
`, model, p.team, memory)
}

// image is a model's image whose digest decides how its pods behave.
func image(model, behaviour string) string {
	return "registry.example/models/" + model + "@" + digest(behaviour)
}

// person returns somebody with a fresh clone of the platform's repository.
func (p *platform) person(t *testing.T, limit time.Duration) person {
	t.Helper()
	w := person{t: t, p: p, dir: t.TempDir(), quit: within(t, limit)}
	w.git("clone", "-q", p.stack.Git.URL(p.team), ".")
	return w
}

// setUp makes the repository with its team and models, installs what the platform's administrators apply to the
// cluster by hand, and waits until Argo CD has made the tenant.
func setUp(t *testing.T, s *stack.Stack, team string, autoSync bool, models []string) *platform {
	t.Helper()
	p := &platform{stack: s, team: team, autoSync: autoSync, home: t.TempDir()}
	ctx := within(t, 3*time.Minute)
	if err := s.Git.Create(ctx, team); err != nil {
		t.Fatal(err)
	}
	w := p.person(t, 3*time.Minute)
	p.describe(w, models)
	w.ok("render")
	w.push("set up the platform")
	p.bootstrap(ctx, w)
	p.token = p.signIn(ctx, t)
	return p
}

// describe starts the repository and writes its specs over what the tool scaffolds.
func (p *platform) describe(w person, models []string) {
	w.ok("init", ".")
	write(w.t, w.dir, map[string]string{"modelops.yaml": p.settings()})
	w.ok("team", "add", p.team)
	write(w.t, w.dir, map[string]string{"tenants/" + p.team + "/team.yaml": p.tenant()})
	for _, model := range models {
		w.ok("model", "add", p.team+"/"+model, "--runtime", "custom")
		write(w.t, w.dir, map[string]string{"models/" + p.team + "/" + model + "/model.yaml": p.served(model, "1Gi")})
	}
}

// bootstrap applies what an administrator applies once, and waits for the tenant's namespace and quota.
func (p *platform) bootstrap(ctx context.Context, w person) {
	w.t.Helper()
	var all []string
	err := filepath.WalkDir(filepath.Join(w.dir, "argocd"), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Base(path) == "kustomization.yaml" {
			return err
		}
		raw, err := os.ReadFile(path)
		all = append(all, string(raw))
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := p.stack.Cluster.Apply(ctx, strings.Join(all, "\n---\n")); err != nil {
		w.t.Fatal(err)
	}
	if err := p.stack.Cluster.RefreshAppSets(ctx); err != nil {
		w.t.Fatal(err)
	}
	err = stack.Poll(ctx, 500*time.Millisecond, func(ctx context.Context) (bool, error) {
		quotas, err := p.stack.Cluster.Client.CoreV1().ResourceQuotas(p.namespace()).List(ctx, metav1.ListOptions{})
		return err == nil && len(quotas.Items) == 1, nil
	})
	if err != nil {
		w.t.Fatalf("no quota in %s: %v", p.namespace(), err)
	}
}

// signIn gives the project of the team's environment a role with the least rights that a promote needs and returns a
// token of it. The right to read logs exists on its own only since Argo CD 3.
func (p *platform) signIn(ctx context.Context, t *testing.T) string {
	t.Helper()
	rights := []string{"applications, get", "applications, sync"}
	if p.stack.Version == stack.Argo3 {
		rights = append(rights, "logs, get")
	}
	token, err := p.stack.RoleToken(ctx, p.project(), "e2e", rights)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (p *platform) namespace() string          { return p.team + "-" + env }
func (p *platform) project() string            { return p.team + "-" + env }
func (p *platform) app(model string) string    { return p.team + "." + model + "." + env }
func (p *platform) folder(model string) string { return "models/" + p.team + "/" + model + "/" + env }

// expectServed checks in the cluster itself that the model's Deployment runs the image, on all of its replicas.
func (p *platform) expectServed(ctx context.Context, t *testing.T, model, image string) {
	t.Helper()
	list, err := p.stack.Cluster.Client.AppsV1().Deployments(p.namespace()).List(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range list.Items {
		if d.Name == model || strings.HasPrefix(d.Name, model+"-") {
			if problem := served(d, image); problem != "" {
				t.Errorf("Deployment %s: %s", d.Name, problem)
			}
			return
		}
	}
	t.Errorf("there is no Deployment of %s among %d in %s", model, len(list.Items), p.namespace())
}

// served says what lacks for the Deployment to run the image on all replicas.
func served(d appsv1.Deployment, image string) string {
	switch wanted, got := *d.Spec.Replicas, d.Spec.Template.Spec.Containers[0].Image; {
	case got != image:
		return fmt.Sprintf("runs %s, want %s", got, image)
	case d.Status.ObservedGeneration != d.Generation:
		return "its controller has not seen it yet"
	case wanted == 0 || d.Status.UpdatedReplicas != wanted || d.Status.AvailableReplicas != wanted || d.Status.Replicas != wanted:
		return fmt.Sprintf("%d wanted, %d updated, %d available, %d in all", wanted, d.Status.UpdatedReplicas, d.Status.AvailableReplicas, d.Status.Replicas)
	}
	return ""
}
