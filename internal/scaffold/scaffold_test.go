package scaffold

import (
	"regexp"
	"strings"
	"testing"

	"github.com/modelops/modelops/render/spec"
)

// uncomment turns every commented field into a real one, so that the comments cannot drift from the schema.
func uncomment(data []byte) []byte {
	text := string(data)
	text = strings.ReplaceAll(text, "registries: []", "registries:")
	text = strings.ReplaceAll(text, "owners: []", "owners:")
	var out []string
	for _, line := range strings.Split(text, "\n") {
		body, isComment := strings.CutPrefix(strings.TrimLeft(line, " "), "# ")
		if isComment && field.MatchString(body) {
			line = line[:strings.Index(line, "#")] + body
		}
		out = append(out, line)
	}
	return []byte(strings.Join(out, "\n"))
}

var field = regexp.MustCompile(`^ *(- )?[A-Za-z.]+(/[a-z]+)?:( [^ ]+)?(  +#.*)?$|^ *- \S+$`)

func TestModelFiles(t *testing.T) {
	for name, m := range map[string]Model{
		"plain":  {Team: "vision", Name: "resnet", Runtime: "triton", Last: "prod"},
		"full":   {Team: "vision", Name: "resnet", Runtime: "vllm", Image: "registry.example.com/a/b:v{version}", Artifact: "s3://b/{version}", GPUs: 2, Last: "prod"},
		"custom": {Team: "vision", Name: "resnet", Runtime: "custom", Image: "r.example.com/a", Last: "prod"},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := m.File()
			if err != nil {
				t.Fatalf("%v\n%s", err, data)
			}
			got, err := spec.DecodeModel("model.yaml", data)
			if err != nil {
				t.Fatal(err)
			}
			if got.Spec.Image != m.Image || got.Spec.Runtime != m.Runtime {
				t.Errorf("image %q, runtime %q", got.Spec.Image, got.Spec.Runtime)
			}
			full, err := spec.DecodeModel("model.yaml", uncomment(data))
			if err != nil {
				t.Fatalf("with the comments taken as fields: %v\n%s", err, uncomment(data))
			}
			if full.Spec.Environments["prod"].Scaling.Max != 10 || full.Spec.Artifact == nil || len(full.Spec.Env) != 2 {
				t.Errorf("the commented fields were not taken: %+v", full.Spec)
			}
		})
	}
}

func TestTeamFile(t *testing.T) {
	data, err := Team{Name: "vision", Environments: []string{"staging", "prod"}}.File()
	if err != nil {
		t.Fatal(err)
	}
	full, err := spec.DecodeTeam("team.yaml", uncomment(data))
	if err != nil {
		t.Fatalf("%v\n%s", err, uncomment(data))
	}
	if full.Spec.PerEnvironment["prod"].Quota.CPU != "8" || len(full.Spec.Owners) != 1 || len(full.Spec.Network.ModelStores) != 1 {
		t.Errorf("the commented fields were not taken: %+v", full.Spec)
	}
}

func TestPlatformFiles(t *testing.T) {
	p := Platform{Name: "ml", Branch: "main", Environments: []string{"staging", "prod"}, ArgoCD: 3, Owners: []string{"@o/a", "@o/b"}}
	files, err := p.Files()
	if err != nil {
		t.Fatal(err)
	}
	full, err := spec.DecodePlatform("modelops.yaml", uncomment(files["modelops.yaml"]))
	if err != nil {
		t.Fatalf("%v\n%s", err, uncomment(files["modelops.yaml"]))
	}
	if full.Spec.ArgoCD.Server == "" || full.Spec.Environments[1].Cluster.Name != "prod-cluster" || full.Spec.Network.Monitoring == nil {
		t.Errorf("the commented fields were not taken: %+v", full.Spec)
	}
	if want := "/modelops.yaml    @o/a @o/b\n"; !strings.Contains(string(files["CODEOWNERS"]), want) {
		t.Errorf("CODEOWNERS lacks %q:\n%s", want, files["CODEOWNERS"])
	}
}

func TestValuesStayValues(t *testing.T) {
	for _, bad := range []string{"x\n  runtime: vllm", "a: b", "{{.Name}}", "'", "\"", "[x", "# y"} {
		if data, err := (Model{Team: "vision", Name: "resnet", Runtime: "triton", Image: bad, Last: "prod"}).File(); err == nil {
			t.Errorf("image %q was taken:\n%s", bad, data)
		}
		data, err := (Team{Name: "vision", Owners: []string{bad}, Environments: []string{"prod"}}).File()
		if err != nil {
			t.Errorf("owner %q: %v\n%s", bad, err, data)
			continue
		}
		got, err := spec.DecodeTeam("team.yaml", data)
		if err != nil || len(got.Spec.Owners) != 1 || got.Spec.Owners[0] != bad {
			t.Errorf("owner %q became %v (%v)", bad, got, err)
		}
	}
}
