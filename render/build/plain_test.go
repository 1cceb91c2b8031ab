package build_test

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/modelops/modelops/render/build"
)

// rendered are the overlays of the golden files and of the example, by their folders.
func rendered(t testing.TB) map[string]map[string][]byte {
	t.Helper()
	out := map[string]map[string][]byte{}
	for _, root := range []string{"../testdata/overlay", "../../examples"} {
		err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.Name() != "release.yaml" {
				return err
			}
			files := map[string][]byte{}
			err = fs.WalkDir(os.DirFS(filepath.Dir(p)), ".", func(name string, d fs.DirEntry, err error) error {
				if err == nil && !d.IsDir() {
					files[name], err = os.ReadFile(filepath.Join(filepath.Dir(p), name))
				}
				return err
			})
			out[filepath.Dir(p)] = files
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// samePlain holds Plain to Build wherever it gives an answer, and says whether it does.
func samePlain(t *testing.T, files map[string][]byte) bool {
	t.Helper()
	got, ok := build.Plain(files)
	if !ok {
		return false
	}
	want, err := build.Build(files)
	if err != nil {
		t.Fatalf("Plain gives %v of what is not built: %v", got, err)
	}
	if d := cmp.Diff(want, got, cmpopts.IgnoreUnexported(build.Object{}), cmpopts.SortSlices(func(a, b build.Object) bool { return a.String() < b.String() })); d != "" {
		t.Fatalf("Plain is not Build:\n%s", d)
	}
	return true
}

func TestPlainIsBuild(t *testing.T) {
	t.Parallel()
	for dir, files := range rendered(t) {
		patched := bytes.Contains(files["kustomization.yaml"], []byte("- path: patches/"))
		if samePlain(t, files) == patched {
			t.Errorf("%s: patches %v, and Plain says %v", dir, patched, !patched)
		}
	}
}

func FuzzPlain(f *testing.F) {
	for _, files := range rendered(f) {
		for name, data := range files {
			if strings.HasPrefix(name, "base/") || name == "kustomization.yaml" {
				f.Add(name, data)
			}
		}
	}
	var plain map[string][]byte
	for dir, files := range rendered(f) {
		if strings.HasSuffix(dir, "overlay/vllm/want") {
			plain = files
		}
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		if plain[name] == nil {
			return // what else lies there is nobody's business
		}
		files := maps.Clone(plain)
		files[name] = data
		samePlain(t, files)
	})
}

func BenchmarkPlain(b *testing.B) {
	for dir, files := range rendered(b) {
		if !strings.HasSuffix(dir, "overlay/vllm/want") {
			continue
		}
		b.Run("Plain", func(b *testing.B) {
			for b.Loop() {
				build.Plain(files)
			}
		})
		b.Run("Build", func(b *testing.B) {
			for b.Loop() {
				_, _ = build.Build(files)
			}
		})
	}
}

// odd are values that readers of YAML differ about, that kustomize takes for something, or that are not what stands there
// otherwise.
var odd = []string{
	"yes", "Off", "n", "True", "NULL", "~", "", "0x10", "010", "0o7", "1_000", "1e3", "1.0", ".5", "+1", "-1", "00", "12345678901234567890",
	"1:30", "190:20:30", "2001-02-03", "2001-02-03T04:05:06Z", ".inf", "-.Inf", ".NaN", "=", "<<", "{}", "[]", "{a: b}", "[a, b]", "[{name: a}]",
	"'quoted'", `"two\nlines"`, "\"\\u0000\"", "&anchor x", "*alias", "!!str 1", "!!binary aGk=", "| \n", "word # comment", "a: b", "- a",
	"modelops.dev/server", "modelops.dev/server:1", "modelops.dev/serverless", "$patch", "null", "1Gi", "50%", "--flag=1", "a:b", "/path", "é",
}

// places are where they are put: the file, the text that stands there, and what is written for it.
var places = []struct{ file, at, with string }{
	{"base/deployment.yaml", "priorityClassName: serving", "priorityClassName: ODD"},
	{"base/deployment.yaml", "  replicas: 3", "  replicas: ODD"},
	{"base/deployment.yaml", "  name: llama\nspec:", "  name: ODD\nspec:"},
	{"base/deployment.yaml", "  name: llama\nspec:", "  name: llama\n  labels: ODD\nspec:"},
	{"base/deployment.yaml", "  name: llama\nspec:", "  name: llama\n  annotations: {config.kubernetes.io/x: ODD}\nspec:"},
	{"base/deployment.yaml", "  name: llama\nspec:", "  name: llama\n  annotations: {image: ODD}\nspec:"},
	{"base/deployment.yaml", "  name: llama\nspec:", "  name: llama\n  namespace: ODD\nspec:"},
	{"base/deployment.yaml", "      volumes:\n", "      volumes:\n      - name: other\n        image: {reference: ODD}\n"},
	{"base/deployment.yaml", "      volumes:\n", "      initContainers:\n      - name: other\n        image: ODD\n      volumes:\n"},
	{"base/service.yaml", "kind: Service", "kind: ODD"},
	{"base/service.yaml", "apiVersion: v1", "apiVersion: ODD"},
	{"base/kustomization.yaml", "- pdb.yaml", "- ODD"},
	{"kustomization.yaml", "namespace: vision-prod", "namespace: ODD"},
	{"kustomization.yaml", "modelops.dev/model: llama", "modelops.dev/model: ODD"},
	{"kustomization.yaml", "newName: registry.example.com/vllm", "newName: ODD"},
	{"kustomization.yaml", "modelops.dev/version: \"1.4.2\"", "modelops.dev/version: ODD"},
	{"kustomization.yaml", "      name: llama\n", "      name: ODD\n"},
	{"kustomization.yaml", "          - name: server\n", "          - name: server\n            args: [ODD]\n"},
	{"kustomization.yaml", "          - name: server\n", "          - name: server\n            image: ODD\n"},
	{"kustomization.yaml", "          - name: server\n", "          - name: server\n            env: ODD\n"},
	{"kustomization.yaml", "          - name: server\n", "          - name: server\n            resources: ODD\n"},
	{"kustomization.yaml", "          - name: server\n", "          - name: ODD\n"},
	{"kustomization.yaml", "subPath: llama/1.4.2", "$patch: ODD"},
}

// TestPlainWithOddValues puts each odd value into each place.
func TestPlainWithOddValues(t *testing.T) {
	t.Parallel()
	golden := rendered(t)["../testdata/overlay/vllm/want"]
	plain := 0
	for _, p := range places {
		if !bytes.Contains(golden[p.file], []byte(p.at)) {
			t.Fatalf("%s holds no %q", p.file, p.at)
		}
		for _, value := range odd {
			files := maps.Clone(golden)
			files[p.file] = bytes.Replace(golden[p.file], []byte(p.at), []byte(strings.ReplaceAll(p.with, "ODD", value)), 1)
			t.Run(p.with+" "+value, func(t *testing.T) {
				if samePlain(t, files) {
					plain++
				}
			})
		}
	}
	if plain < len(places)*3 {
		t.Errorf("%d folders were built: the test looks at next to nothing", plain)
	}
}

// merged are patches that a schema decides about: by which key the elements of a list are merged, if at all.
var merged = []string{
	"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: llama}\nspec: {template: {spec: {containers: [{name: server, ports: [{containerPort: 8000, name: web}, {containerPort: 9, name: nine}], env: [{name: A, value: b}], volumeMounts: [{mountPath: /tmp, name: other}]}, {name: more, image: x}]}}}\n",
	"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: llama}\nspec: {template: {spec: {tolerations: [{key: a, operator: Exists}], volumes: [{name: tmp, $patch: delete}], topologySpreadConstraints: [{topologyKey: kubernetes.io/hostname, maxSkew: 3, whenUnsatisfiable: ScheduleAnyway}], imagePullSecrets: [{name: a}], hostAliases: [{ip: 1.2.3.4, hostnames: [a]}]}}}\n",
	"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: llama, finalizers: [a], ownerReferences: [{uid: u, name: n}]}\nspec: {strategy: {$patch: replace, type: Recreate}}\n",
	"apiVersion: v1\nkind: Service\nmetadata: {name: llama}\nspec: {ports: [{port: 80, name: other}, {port: 81}]}\n",
	"apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: llama}\nsecrets: [{name: a}]\nimagePullSecrets: [{name: b}]\n",
	"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: llama}\nspec: {policyTypes: [Egress], ingress: [{from: [{podSelector: {}}]}]}\n",
	"apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: llama}\nspec: {maxUnavailable: 2, minAvailable: null}\n",
}

// TestPartMergesAsTheWhole builds with the part of the schema and with kustomize's own. The schema is the process's, so
// that this test runs before those that run beside others.
func TestPartMergesAsTheWhole(t *testing.T) {
	cases := rendered(t)
	for i, patch := range merged {
		files := maps.Clone(cases["../testdata/overlay/vllm/want"])
		files["patches/p.yaml"] = []byte(patch)
		files["kustomization.yaml"] = append(bytes.Clone(files["kustomization.yaml"]), "- path: patches/p.yaml\n"...)
		cases[strconv.Itoa(i)] = files
	}
	builds := func(whole bool) map[string]string {
		build.LoadSchema(whole)
		out := map[string]string{}
		for dir, files := range cases {
			objects, err := build.Build(files)
			if err != nil {
				t.Errorf("%s: %v", dir, err)
			}
			out[dir] = string(objects.YAML())
		}
		return out
	}
	if d := cmp.Diff(builds(true), builds(false)); d != "" {
		t.Errorf("the whole schema -, the part +:\n%s", d)
	}
}

// TestOtherKindsTakeTheWhole: a kind that the part does not define is merged as kustomize merges it.
func TestOtherKindsTakeTheWhole(t *testing.T) {
	build.LoadSchema(false)
	files := folder("resources:\n- base\npatches:\n- path: p.yaml\n", map[string]string{
		"base/d.yaml": strings.Replace(deployment, "Deployment", "StatefulSet", 1),
		"p.yaml":      "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: m}\nspec: {template: {spec: {containers: [{name: side, image: new}]}}}\n",
	})
	objects, err := build.Build(files)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(objects[0].Images(), " "); got != "new placeholder" {
		t.Errorf("the containers are %q", got)
	}
}

// BenchmarkSchema loads kustomize's whole schema, and the part of it.
func BenchmarkSchema(b *testing.B) {
	for name, whole := range map[string]bool{"Whole": true, "Part": false} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				build.LoadSchema(whole)
				if whole {
					build.UseSchema()
				}
			}
		})
	}
}
