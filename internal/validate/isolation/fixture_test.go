package isolation

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/modelops/modelops/internal/generate"
	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/validate/source"
	"github.com/modelops/modelops/internal/workspace"
	"github.com/modelops/modelops/render/spec"
)

// specs of a repository of five teams: what they share, what two of them agreed on, and what one of them keeps to itself.
var specs = map[string]string{
	"modelops.yaml": `apiVersion: modelops.dev/v1alpha1
kind: Platform
metadata: {name: five}
spec:
  git: {url: "https://git.example.com/ml/five.git", branch: main}
  environments: [{name: staging}, {name: prod}]
  argocd: {version: 3}
  standard: v1
  podSecurityVersion: v1.33
  network:
    nodeLocalDNS: 169.254.20.10/32
    monitoring: {namespace: monitoring, podLabels: {app.kubernetes.io/name: prometheus}}
    gateways: [{namespace: gateways, podLabels: {app: gateway}}]
    modelStores: [{cidr: 192.0.2.0/24}]
`,
	"tenants/vision/team.yaml": team("vision", "", `
  quota: {cpu: 40, memory: 128Gi, ephemeralStorage: 200Gi, pods: 20, gpus: {nvidia.com/gpu: 8}}
  limits: {maxMemory: 64Gi}`),
	"tenants/nlp/team.yaml": team("nlp", "", `
  quota: {cpu: 60, memory: 256Gi, pods: 20, gpus: {nvidia.com/gpu: 16}}
  network: {modelStores: [{peer: {namespace: minio, podLabels: {app: minio}}, port: 9000}]}`),
	"tenants/fraud/team.yaml": team("fraud", "", `
  quota: {cpu: 10, memory: 20Gi, pods: 10, claims: 2, storage: 100Gi}`),
	"tenants/search/team.yaml": team("search", "", `
  quota: {cpu: 20, memory: 40Gi, pods: 20}`),
	"tenants/ads/team.yaml": team("ads", "[prod]", `
  quota: {cpu: 8, memory: 16Gi, pods: 8}
  limits: {defaultMemory: 1Gi}`),
	"models/vision/resnet/model.yaml": model("vision", "resnet", `triton
  resources: {cpu: 4, memory: 16Gi, gpu: {count: 1}}
  scaling: {min: 2, max: 3, cpuUtilization: 70}`),
	"models/vision/detect/model.yaml": model("vision", "detect", `custom
  ports: {http: 8080, metrics: 9090}
  metricsPath: /metrics
  health: {ready: /ready, live: /live}
  resources: {cpu: 1, memory: 2Gi}`),
	"models/nlp/llama/model.yaml": model("nlp", "llama", `vllm
  resources: {cpu: 8, memory: 64Gi, gpu: {count: 4}}
  scaling: {min: 1, max: 2, cpuUtilization: 70}`),
	"models/fraud/score/model.yaml": model("fraud", "score", `custom
  health: {ready: /ready, live: /live}
  resources: {cpu: 2, memory: 4Gi}
  scaling: {min: 3, max: 3}
  clients: [{namespace: search-prod, podLabels: {app.kubernetes.io/name: rank}}]
  egress: [{cidr: 198.51.100.7/32, port: 5432}]`),
	"models/search/rank/model.yaml": model("search", "rank", `mlserver
  resources: {cpu: 2, memory: 4Gi}
  egress: [{peer: {namespace: fraud-prod, podLabels: {app.kubernetes.io/name: score}}, port: 8080}]`),
	"models/ads/bid/model.yaml": model("ads", "bid", `custom
  ports: {http: 8080, grpc: 9000}
  health: {ready: /ready, live: /live}
  resources: {cpu: 1, memory: 2Gi}
  scaling: {min: 2, max: 2}`),
}

func team(name, environments, rest string) string {
	if environments != "" {
		environments = "\n  environments: " + environments
	}
	return fmt.Sprintf("apiVersion: modelops.dev/v1alpha1\nkind: Team\nmetadata: {name: %s}\nspec:\n  owners: [%[1]s-owners]%s%s\n", name, environments, rest)
}

func model(team, name, spec string) string {
	return fmt.Sprintf("apiVersion: modelops.dev/v1alpha1\nkind: Model\nmetadata: {name: %s, team: %s}\nspec:\n  image: registry.example.com/%[2]s/%[1]s\n  runtime: %[3]s\n", name, team, spec)
}

// rendered is the repository of the specs, with every model released to every environment of its team.
var rendered = sync.OnceValue(func() map[string]string {
	files := maps.Clone(specs)
	tree := func() workspace.Tree { return workspace.Tree{FS: filesystem(files), Name: "five"} }
	src, err := generate.New(tree())
	must(err)
	std, err := src.Standard("")
	must(err)
	models, err := tree().Models()
	must(err)
	for _, name := range models {
		m, err := spec.DecodeModel(name, []byte(files["models/"+name+"/model.yaml"]))
		must(err)
		t, err := tree().Team(m.Metadata.Team)
		must(err)
		envs, err := workspace.TeamEnvironments(src.Platform(), t)
		must(err)
		for _, env := range envs {
			release(files, spec.Target{Team: m.Metadata.Team, Model: m.Metadata.Name, Env: env}, m, std.Digest(), src.Platform())
		}
	}
	src, err = generate.New(tree())
	must(err)
	folders, err := src.All()
	must(err)
	changes, err := generate.Changes(folders)
	must(err)
	for path, data := range changes {
		files[path] = string(data)
	}
	return files
})

func release(files map[string]string, t spec.Target, m *spec.Model, digest string, p *spec.Platform) {
	r := spec.Release{APIVersion: spec.APIVersion, Kind: spec.KindRelease, Metadata: t.Names(), Spec: spec.ReleaseSpec{
		Version: "1.0.0", Image: spec.Image{Name: "registry.example.com/" + t.ModelName(), Digest: "sha256:" + strings.Repeat("a", 64)},
		Standard: spec.StandardRef{Name: "v1", Digest: digest}, Model: m.Spec, Platform: spec.PlatformSnapshot{Gateways: p.Spec.Network.Gateways}}}
	r.Spec.ID = spec.ReleaseID(r.Spec)
	data, err := spec.Encode(r)
	must(err)
	files[t.ReleaseFile()] = string(data)
}

// must ends the tests: nothing of the fixture may fail.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

func filesystem(files map[string]string) fs.FS {
	m := fstest.MapFS{}
	for path, data := range files {
		m[path] = &fstest.MapFile{Data: []byte(data), Mode: 0o644}
	}
	return m
}

// repository is a copy of the rendered one to break.
type repository struct {
	t     *testing.T
	files map[string]string
}

func five(t *testing.T) *repository { return &repository{t, maps.Clone(rendered())} }

// replace changes a file in one place.
func (r *repository) replace(file, old, new string) {
	r.t.Helper()
	if strings.Count(r.files[file], old) < 1 {
		r.t.Fatalf("%s does not hold %q:\n%s", file, old, r.files[file])
	}
	r.files[file] = strings.Replace(r.files[file], old, new, 1)
}

// add puts another manifest into a folder.
func (r *repository) add(dir, manifest string) {
	r.t.Helper()
	r.files[dir+"/added.yaml"] = manifest
	r.replace(dir+"/kustomization.yaml", "resources:\n", "resources:\n- added.yaml\n")
}

// remove takes a manifest out of a folder.
func (r *repository) remove(dir, file string) {
	r.t.Helper()
	r.replace(dir+"/kustomization.yaml", "- "+file+"\n", "")
	delete(r.files, dir+"/"+file)
}

// unbroken is the set of the repository that nobody broke.
var unbroken = sync.OnceValue(func() *manifest.Set {
	got, err := source.Read(context.Background(), source.Input{Tree: filesystem(rendered())})
	must(err)
	for _, f := range got.Findings {
		must(fmt.Errorf("%s: %s", f.At, f.Message))
	}
	return got.Set
})

// read gives the set of the repository. Only what was changed is built anew.
func (r *repository) read() *manifest.Set {
	r.t.Helper()
	set := *unbroken()
	set.Units, set.Teams = slices.Clone(set.Units), maps.Clone(set.Teams)
	got, err := source.Read(r.t.Context(), source.Input{Tree: filesystem(r.files), Paths: r.changed()})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range got.Findings {
		if f.Check == "MO804" {
			continue // what is broken here is not what is rendered
		}
		r.t.Errorf("reading: %s: %s", f.At, f.Message)
	}
	maps.Copy(set.Teams, got.Set.Teams)
	for _, u := range got.Set.Units {
		i := slices.IndexFunc(set.Units, func(o *manifest.Unit) bool { return o.Path == u.Path })
		if i < 0 {
			r.t.Fatalf("%s is no unit of the repository", u.Path)
		}
		set.Units[i] = u
	}
	return &set
}

// changed are the folders of what is not as it was rendered, and the specs.
func (r *repository) changed() []string {
	var out []string
	for name, data := range r.files {
		if data == rendered()[name] {
			continue
		}
		for _, u := range unbroken().Units {
			if strings.HasPrefix(name, u.Path+"/") {
				name = u.Path
			}
		}
		out = append(out, name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// lines are findings in a form to compare: what was found, where, and in which words.
func lines(found []finding.Finding) []string {
	var out []string
	for _, f := range found {
		out = append(out, fmt.Sprintf("%s %s %s %s: %s", f.Check, f.Severity, f.Object, f.Field, f.Message))
	}
	slices.Sort(out)
	return out
}
