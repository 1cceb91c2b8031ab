package server_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/validate/server"
	"github.com/modelops/modelops/internal/validate/source"
)

// unit reads manifests into one unit.
func unit(t testing.TB, file, text string) *manifest.Unit {
	t.Helper()
	objects, err := source.Manifests(file, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	u := &manifest.Unit{Kind: manifest.File, Path: file}
	u.Objects = u.Own(objects)
	return u
}

func set(units ...*manifest.Unit) *manifest.Set { return &manifest.Set{Units: units} }

// TestExamples judges every file of testdata. A comment with an id marks each line on which something is found.
func TestExamples(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no examples", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			found, _ := server.Judge(set(unit(t, file, string(text))), server.Options{})
			var want, got []string
			for i, line := range strings.Split(string(text), "\n") {
				for _, mark := range strings.Split(line, "# ")[1:] {
					want = append(want, fmt.Sprintf("%d %s", i+1, strings.TrimSpace(mark)))
				}
			}
			for _, f := range found {
				t.Logf("%s %s %s: %s (%s)", f.At, f.Check, f.Field, f.Message, f.Fix)
				got = append(got, fmt.Sprintf("%d %s", f.At.Line, f.Check))
				if f.Message == "" || f.Fix == "" || f.Why == "" || f.Judge == "" {
					t.Errorf("a finding without words: %+v", f)
				}
			}
			slices.Sort(want)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestChanges judges what was before and what is now: what may not change is an error at its place, once.
func TestChanges(t *testing.T) {
	const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: m}
spec:
  selector:
    matchLabels: {app: m}
  template:
    metadata: {labels: {app: m, version: one}}
    spec: {containers: [{name: m, image: "registry.example/m:1"}]}
`
	const service = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec:\n  clusterIP: None\n  ports: [{port: 80}]\n"
	const claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: c}\nspec:\n  accessModes: [ReadOnlyMany]\n  resources: {requests: {storage: 10Gi}}\n"
	const job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers: [{name: j, image: \"registry.example/j:1\"}]\n"
	for _, c := range []struct {
		name, before, old, new string
		want                   []string
	}{
		{"nothing", deployment, "", "", nil},
		{"the image", deployment, "m:1", "m:2", nil},
		{"the selector", deployment, "matchLabels: {app: m}", "matchLabels: {app: m, version: one}", []string{"spec.selector"}},
		{"a headless service that does not say so any more", service, "  clusterIP: None\n", "", nil},
		{"a service that becomes headless", strings.Replace(service, "None", "10.96.0.10", 1), "10.96.0.10", "None", []string{"spec.clusterIPs[0]"}},
		{"a larger claim", claim, "10Gi", "20Gi", nil},
		{"a smaller claim", claim, "10Gi", "5Gi", []string{"spec.resources.requests.storage"}},
		{"the mode of a claim", claim, "ReadOnlyMany", "ReadWriteOnce", []string{"spec"}},
		{"the same job", job, "", "", nil},
		{"another job of the same name", job, "j:1", "j:2", []string{"spec.template"}},
		{"an error that was there before", strings.Replace(deployment, "name: m, image", "name: M, image", 1), "m:1", "m:2", []string{"spec.template.spec.containers[0].name"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := unit(t, "now.yaml", strings.Replace(c.before, c.old, c.new, 1))
			now.Before = unit(t, "before.yaml", c.before).Objects
			found, skipped := server.Judge(set(now), server.Options{})
			var got []string
			for _, f := range found {
				got = append(got, f.Field)
				if f.At.File != "now.yaml" {
					t.Errorf("it is shown at %s", f.At)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" || len(skipped) > 0 {
				t.Errorf("-want +got:\n%s\n%v %v", diff, found, skipped)
			}
		})
	}
}

// TestNotJudged holds that what nobody here knows is said to be skipped, and what is unknown to the target is refused.
func TestNotJudged(t *testing.T) {
	for _, c := range []struct {
		name, text     string
		target         server.Version
		found, skipped []string
	}{
		{"a kind without rules here", "apiVersion: v1\nkind: Node\nmetadata: {name: n}\n", 0, nil, []string{""}},
		{"a group that is not linked", "apiVersion: resource.k8s.io/v1\nkind: ResourceClaim\nmetadata: {name: n}\n", 0, nil, []string{""}},
		{"a later kind", "apiVersion: storage.k8s.io/v1\nkind: VolumeAttributesClass\nmetadata: {name: n}\n", 0, nil, []string{""}},
		{"a later kind on an old cluster", "apiVersion: storage.k8s.io/v1\nkind: VolumeAttributesClass\nmetadata: {name: n}\n", 33, []string{"apiVersion"}, nil},
		{"a later field", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {hostnameOverride: h, containers: [{name: c, image: i}]}\n", 0, nil, []string{"spec.hostnameOverride"}},
		{"a later field on an old cluster", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {hostnameOverride: h, containers: [{name: c, image: i}]}\n", 33, []string{"spec.hostnameOverride"}, nil},
		{"a custom resource", "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}\n", 0, nil, nil},
		{"a volume of an image", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {volumes: [{name: w, image: {reference: r}}], containers: [{name: c, image: i, volumeMounts: [{name: w, mountPath: /w}]}]}\n", 0, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			found, skipped := server.Judge(set(unit(t, "f.yaml", c.text)), server.Options{Target: c.target})
			var fields, left []string
			for _, f := range found {
				fields = append(fields, f.Field)
			}
			for _, s := range skipped {
				left = append(left, s.Field)
				if s.Reason == "" || s.At.Line == 0 {
					t.Errorf("without reason or place: %+v", s)
				}
			}
			if diff := cmp.Diff([][]string{c.found, c.skipped}, [][]string{fields, left}); diff != "" {
				t.Errorf("-want +got:\n%s\n%v %v", diff, found, skipped)
			}
		})
	}
}

// TestNoSecretIsShown holds that a value of a Secret that cannot be read is not repeated.
func TestNoSecretIsShown(t *testing.T) {
	found, _ := server.Judge(set(unit(t, "s.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {token: hunter2!}\n")), server.Options{})
	if len(found) != 1 || strings.Contains(fmt.Sprint(found), "hunter2") {
		t.Errorf("%v", found)
	}
}

func TestParseVersion(t *testing.T) {
	for text, want := range map[string]server.Version{"1.35": 35, "v1.33.13": 33, "1.29.0-eks-1": 29, "2.0": 0, "": 0, "1": 0, "1.x": 0, "1.99": 0} {
		got, err := server.ParseVersion(text)
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

// BenchmarkJudge judges a thousand units of what a model ships.
func BenchmarkJudge(b *testing.B) {
	text, err := os.ReadFile("testdata/fits.yaml")
	if err != nil {
		b.Fatal(err)
	}
	var units []*manifest.Unit
	for range 1000 {
		units = append(units, unit(b, "fits.yaml", string(text)))
	}
	for b.Loop() {
		if found, _ := server.Judge(set(units...), server.Options{}); len(found) > 0 {
			b.Fatal(found)
		}
	}
}
