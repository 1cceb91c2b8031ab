package spec_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/modelops/modelops/render/spec"
)

const model = `apiVersion: modelops.dev/v1alpha1
kind: Model
metadata:
  name: resnet
  team: vision
spec:
  runtime: triton
  image: registry.example.com/vision/resnet
  resources: {cpu: 4, memory: 8Gi}
`

// TestRefusals is what people get wrong, with the sentence that they read.
func TestRefusals(t *testing.T) {
	for _, c := range []struct{ name, doc, want, hint string }{
		{"unknown field", model + "  scaling: {minReplica: 2}\n", `m.yaml:10:13: spec.scaling: unknown field "minReplica"`, "possible here: min, max, cpuUtilization, metric"},
		{"misspelt field", model + "  scalling: {min: 2}\n", `m.yaml:10:3: spec: unknown field "scalling"`, `did you mean "scaling"?`},
		{"duplicate field", model + "  image: other.example.com/x\n", "m.yaml:10:3: spec.image: the field is given twice", "keep one of them"},
		{"number for text", strings.Replace(model, "team: vision", "team: 12", 1), "m.yaml:5:9: metadata.team: expected text, found the number 12", `quote it: "12"`},
		{"YAML 1.1 boolean", model + "  env:\n  - {name: X, value: no}\n", "m.yaml:11:22: spec.env[0].value: expected text, found the word no, which YAML 1.1 reads as a boolean", `quote it: "no"`},
		{"text for number", model + "  scaling: {min: two}\n", `m.yaml:10:18: spec.scaling.min: expected a whole number, found the text "two"`, ""},
		{"octal", model + "  scaling: {min: 0o12}\n", "m.yaml:10:18: spec.scaling.min: 0o12 is not a plain whole number", "write it in decimal digits"},
		{"too small", model + "  scaling: {min: 0}\n", "m.yaml:10:18: spec.scaling.min: 0 is less than 1", ""},
		{"max below min", model + "  scaling: {min: 5, max: 2}\n", "m.yaml:10:21: spec.scaling.max: max 2 is less than min 5", ""},
		{"bad quantity", model + "  scratch: 5 GB\n", `m.yaml:10:12: spec.scratch: "5 GB" is not a quantity, such as 500m or 24Gi`, ""},
		{"bad duration", model + "  startupTimeout: 30 minutes\n", `m.yaml:10:19: spec.startupTimeout: "30 minutes" is not a duration, such as 90s or 30m`, ""},
		{"bad image", model + "  artifact: {uri: nowhere}\n", `m.yaml:10:14: spec.artifact.uri: "nowhere" is not SCHEME://PLACE`, "such as oci://REPOSITORY:{version}, pvc://CLAIM/PATH or s3://BUCKET/{version}"},
		{"list for text", strings.Replace(model, "runtime: triton", "runtime: [triton]", 1), "m.yaml:7:12: spec.runtime: expected text, found a list", ""},
		{"missing field", strings.Replace(model, "  runtime: triton\n", "", 1), `m.yaml:7:3: spec: the field "runtime" is missing`, ""},
		{"anchor", model + "  nodeSelector: &a {x: y}\n", "m.yaml:10:17: anchors and aliases are not accepted here", "write the value out in each place"},
		{"merge key", model + "  nodeSelector: {<<: {x: y}}\n", "m.yaml:10:18: the merge key << is not accepted here", "write the fields out in each place"},
		{"wrong kind", strings.Replace(model, "kind: Model", "kind: Team", 1), `m.yaml:2:7: kind: expected Model, found "Team"`, "it begins with apiVersion: modelops.dev/v1alpha1 and kind: Model"},
		{"other version", strings.Replace(model, "v1alpha1", "v2", 1), `m.yaml:1:13: apiVersion: expected modelops.dev/v1alpha1, found "modelops.dev/v2"`, ""},
		{"empty", "", "m.yaml: the file is empty", ""},
		{"comments only", "# nothing\n", "m.yaml: the file holds no document", ""},
		{"scalar", "hello\n", "m.yaml:1:1: expected a Model document, found the text \"hello\"", "it begins with apiVersion: modelops.dev/v1alpha1"},
		{"binary", "\x00\x01", "m.yaml: the file is not UTF-8 text", ""},
		{"two documents", model + "---\na: b\n", "m.yaml:10:1: one document is expected, here another begins", "remove the line --- and what follows"},
		{"truncated", model[:len(model)-6] + "\n", "m.yaml:9:1: did not find expected node content", ""},
		{"tab", "apiVersion: x\n\tkind: y\n", "", "YAML is indented with spaces, never with tabs"},
		{"huge", strings.Repeat("#", spec.MaxSize+1), "m.yaml: the file has 1048577 bytes, at most 1048576 are read", ""},
		{"not a label", strings.Replace(model, "name: resnet", "name: Res_Net", 1), `m.yaml:4:9: metadata.name: "Res_Net" is not a DNS label`, ""},
		{"dots", strings.Replace(model, "name: resnet", "name: ..", 1), `m.yaml:4:9: metadata.name: ".." is not a DNS label`, ""},
		{"reserved", strings.Replace(model, "name: resnet", "name: patches", 1), `m.yaml:4:3: metadata.name: the name "patches" is reserved`, "choose another name"},
		{"reserved suffix", strings.Replace(model, "name: resnet", "name: resnet-canary", 1), "m.yaml:4:3: metadata.name: a model's name cannot end in -canary, which names objects of its own", "choose another name"},
		{"environment with dash", model + "  environments: {pre-prod: {}}\n", `"pre-prod" is not an environment's name`, ""},
		{"image per environment", model + "  environments: {prod: {image: r.example.com/x}}\n", "m.yaml:10:25: spec.environments.prod.image: image and artifact are the same in every environment", ""},
		{"deep", "a: " + strings.Repeat("[", 60) + strings.Repeat("]", 60), "m.yaml:1:44: nested too deeply", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := spec.DecodeModel("m.yaml", []byte(c.doc))
			problems, ok := errors.AsType[spec.Problems](err)
			if !ok {
				t.Fatalf("got %v, want problems", err)
			}
			if !strings.Contains(problems.Error(), c.want) {
				t.Errorf("problems:\n%s\nwant:\n%s", problems, c.want)
			}
			if c.hint != "" && !strings.Contains(strings.Join(problems.Hints(), "\n"), c.hint) {
				t.Errorf("hints: %q, want %q", problems.Hints(), c.hint)
			}
		})
	}
}

func TestEveryProblemIsListed(t *testing.T) {
	_, err := spec.DecodeModel("m.yaml", []byte(model+"  scalling: {}\n  scaling: {min: two}\n"))
	if problems, _ := errors.AsType[spec.Problems](err); len(problems) != 2 {
		t.Errorf("problems: %v", err)
	}
}

func TestEnvironmentChanges(t *testing.T) {
	m, err := spec.DecodeModel("m.yaml", []byte(model+`  scaling: {min: 1, max: 2}
  nodeSelector: {zone: a}
  args: [one, two]
  environments:
    prod:
      scaling: {max: 8}
      nodeSelector: {disk: ssd}
      args: [three]
`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Spec.For("prod")
	if err != nil {
		t.Fatal(err)
	}
	want := m.Spec.Serving
	want.Scaling = spec.Scaling{Min: 1, Max: 8}
	want.NodeSelector = map[string]string{"zone": "a", "disk": "ssd"}
	want.Args = []string{"three"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if staging, _ := m.Spec.For("staging"); !cmp.Equal(staging, m.Spec.Serving) {
		t.Error("an environment without changes is changed")
	}
}

func TestReleaseKnowsItsOwnContent(t *testing.T) {
	m, err := spec.DecodeModel("m.yaml", []byte(model))
	if err != nil {
		t.Fatal(err)
	}
	r := spec.Release{APIVersion: spec.APIVersion, Kind: spec.KindRelease,
		Metadata: spec.TargetNames{Team: "vision", Model: "resnet", Environment: "prod"},
		Spec: spec.ReleaseSpec{Version: "1.0", Image: spec.Image{Name: "r.example.com/x", Digest: spec.Digest(nil)},
			Standard: spec.StandardRef{Name: "v1", Digest: spec.Digest(nil)}, Model: m.Spec}}
	r.Spec.ID = spec.ReleaseID(r.Spec)
	data, err := spec.Encode(r)
	if err != nil {
		t.Fatal(err)
	}
	back, err := spec.DecodeRelease("release.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(&r, back); d != "" {
		t.Error(d)
	}
	_, err = spec.DecodeRelease("release.yaml", []byte(strings.Replace(string(data), `version: "1.0"`, `version: "1.1"`, 1)))
	if err == nil || !strings.Contains(err.Error(), "the file was edited by hand") {
		t.Errorf("an edited release is believed: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(model))
	f.Add([]byte("apiVersion: modelops.dev/v1alpha1\nkind: State\nmetadata: {team: a, model: b, environment: c}\nspec: {change: x}\n"))
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("{[}: ]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := spec.DecodeModel("m.yaml", data)
		if err == nil {
			again, err := spec.Encode(m)
			if err != nil {
				t.Fatalf("decoded, but not encoded: %v", err)
			}
			if _, err := spec.DecodeModel("m.yaml", again); err != nil {
				t.Fatalf("what was decoded and encoded is refused: %v\n%s", err, again)
			}
		}
		_, _ = spec.DecodeState("s.yaml", data)
		_, _ = spec.DecodeRelease("r.yaml", data)
		_, _ = spec.DecodePlatform("p.yaml", data)
		_, _ = spec.DecodeTeam("t.yaml", data)
	})
}
