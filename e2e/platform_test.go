//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/modelops/modelops/e2e/stack"
)

// The environments of the platform, in order. Argo CD syncs the first by itself and the second not.
const (
	staging = "staging"
	prod    = "prod"
)

// team is the platform's one tenant.
const team = "vision"

// platform is one deployment repository with one team, set up on a stack as docs/argocd.md tells a platform engineer to.
type platform struct {
	stack  *stack.Stack
	url    string
	tokens map[string]string // of the project role ci, by environment
	home   string
}

// overlay is one model of the team in one environment.
type overlay struct{ model, env string }

func (o overlay) name() string      { return team + "/" + o.model }
func (o overlay) namespace() string { return team + "-" + o.env }
func (o overlay) project() string   { return team + "-" + o.env }
func (o overlay) app() string       { return team + "." + o.model + "." + o.env }
func (o overlay) folder() string    { return "models/" + o.name() + "/" + o.env }

// settings of the platform. Argo CD 2.14 cannot compare Deployments of this Kubernetes with server-side apply, so the
// version is told.
func (p *platform) settings() string {
	return fmt.Sprintf(`apiVersion: modelops.dev/v1alpha1
kind: Platform
metadata: {name: deployments}
spec:
  git: {url: %s, branch: main}
  environments:
  - {name: %s, autoSync: true}
  - {name: %s, autoSync: false}
  argocd: {version: %s, server: %s}
  registries: [registry.example/]
  priorityClass: model-serving
  podSecurityVersion: v1.35
  policy: {allowArgoCDAnnotations: true}
`, p.url, staging, prod, p.stack.Version, p.stack.ArgoServer)
}

// tenant is the team's spec: its quota has room for the scenarios' models, and none for one that asks for too much.
const tenant = `apiVersion: modelops.dev/v1alpha1
kind: Team
metadata: {name: ` + team + `}
spec:
  owners: [vision-owners]
  quota: {cpu: 40, memory: 80Gi, pods: 60}
  limits: {maxMemory: 64Gi}
`

// served is a model's spec: two replicas that ask for the memory.
func served(model, memory string) string {
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
`, model, team, memory)
}

// image is a model's image whose digest decides how its pods behave.
func image(model, behaviour string) string {
	return "registry.example/models/" + model + "@" + digest(behaviour)
}

// person returns somebody with a fresh clone of the platform's repository.
func (p *platform) person(t *testing.T, limit time.Duration) person {
	t.Helper()
	w := person{t: t, p: p, dir: t.TempDir(), quit: within(t, limit)}
	w.git("clone", "-q", p.url, ".")
	return w
}

// setUp makes the repository with its team and models, applies what an administrator applies to the cluster once, and
// waits until Argo CD has made the tenant's namespaces.
func setUp(t *testing.T, s *stack.Stack, models []string) *platform {
	t.Helper()
	const repository = "deployments"
	p := &platform{stack: s, url: s.Git.URL(repository), tokens: map[string]string{}, home: t.TempDir()}
	ctx := within(t, 4*time.Minute)
	if err := s.Git.Create(ctx, repository); err != nil {
		t.Fatal(err)
	}
	w := p.person(t, 4*time.Minute)
	describe(w, models)
	w.ok(staging, "render")
	w.push("set up the platform")
	p.bootstrap(ctx, w)
	p.syncTenant(ctx, t, prod)
	for _, env := range []string{staging, prod} {
		token, err := s.RoleToken(ctx, overlay{env: env}.project(), "ci")
		if err != nil {
			t.Fatal(err)
		}
		p.tokens[env] = token
		p.expectTenant(ctx, t, env)
	}
	return p
}

// describe starts the repository and writes its specs over what the tool scaffolds.
func describe(w person, models []string) {
	w.t.Helper()
	w.ok(staging, "init", ".")
	write(w.t, w.dir, map[string]string{"modelops.yaml": w.p.settings()})
	w.ok(staging, "team", "add", team)
	write(w.t, w.dir, map[string]string{"tenants/" + team + "/team.yaml": tenant})
	for _, model := range models {
		w.ok(staging, "model", "add", team+"/"+model, "--runtime", "custom")
		write(w.t, w.dir, map[string]string{"models/" + team + "/" + model + "/model.yaml": served(model, "1Gi")})
	}
}

// bootstrap does what `kubectl apply -k argocd/` does, and has the ApplicationSets look at the repository.
func (p *platform) bootstrap(ctx context.Context, w person) {
	w.t.Helper()
	cmd := exec.CommandContext(ctx, p.stack.Kustomize(), "build", "argocd")
	cmd.Dir = w.dir
	manifests, err := cmd.Output()
	if err != nil {
		w.t.Fatalf("kustomize build argocd: %v", err)
	}
	if err := p.stack.Cluster.Apply(ctx, string(manifests)); err != nil {
		w.t.Fatal(err)
	}
	if err := p.stack.Cluster.RefreshAppSets(ctx); err != nil {
		w.t.Fatal(err)
	}
}

// syncTenant applies the tenant's objects where Argo CD does not by itself, as an administrator does.
func (p *platform) syncTenant(ctx context.Context, t *testing.T, env string) {
	t.Helper()
	err := stack.Poll(ctx, 500*time.Millisecond, func(ctx context.Context) (bool, error) {
		return p.stack.Argo.Sync(ctx, "modelops-platform", team+"."+env) == nil, nil
	})
	if err != nil {
		t.Fatalf("sync of the tenant in %s: %v", env, err)
	}
}

// expectTenant waits for the namespace of the environment, with its quota and limits, and checks that the API server
// holds its pods to the restricted standard.
func (p *platform) expectTenant(ctx context.Context, t *testing.T, env string) {
	t.Helper()
	core := p.stack.Cluster.Client.CoreV1()
	name := overlay{env: env}.namespace()
	err := stack.Poll(ctx, 500*time.Millisecond, func(ctx context.Context) (bool, error) {
		quotas, err := core.ResourceQuotas(name).List(ctx, metav1.ListOptions{})
		if err != nil || len(quotas.Items) == 0 {
			return false, nil
		}
		limits, err := core.LimitRanges(name).List(ctx, metav1.ListOptions{})
		return err == nil && len(limits.Items) > 0, nil
	})
	if err != nil {
		t.Fatalf("no quota and limits in %s: %v", name, err)
	}
	err = p.stack.Cluster.Admit(ctx, `{apiVersion: v1, kind: Pod, metadata: {name: rooted, namespace: `+name+`}, spec: {containers: [
  {name: a, image: registry.example/a, securityContext: {runAsUser: 0}, resources: {limits: {memory: 64Mi, cpu: 100m}}}]}}`)
	if err == nil || !strings.Contains(err.Error(), `violates PodSecurity "restricted`) {
		t.Errorf("a pod that runs as root in %s: %v, want a refusal by Pod Security", name, err)
	}
}

// expectServed checks in the cluster itself that the model's Deployment runs the image, on all of its replicas.
func (p *platform) expectServed(ctx context.Context, t *testing.T, o overlay, image string) {
	t.Helper()
	d, err := p.stack.Cluster.Client.AppsV1().Deployments(o.namespace()).Get(ctx, o.model, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if problem := lacks(d, image); problem != "" {
		t.Errorf("Deployment %s in %s: %s", o.model, o.namespace(), problem)
	}
}

// lacks says what is missing for the Deployment to run the image on all replicas.
func lacks(d *appsv1.Deployment, image string) string {
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
