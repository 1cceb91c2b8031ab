// Package scaffold writes the first version of the files that people own: the platform's, a team's and a model's spec,
// each with comments that say what else can stand there. What it returns is checked by the same decoder that reads the
// files later, so that a bad value is refused before anything is written.
package scaffold

import (
	"bytes"
	"embed"
	"fmt"
	"strings"
	"text/template"

	"github.com/modelops/modelops/render/spec"
)

//go:embed files
var files embed.FS

// PlaceholderURL stands where the repository's URL is not known yet.
const PlaceholderURL = "https://git.example.com/ORGANISATION/REPOSITORY.git"

// Platform is what a new deployment repository is made from.
type Platform struct {
	// Name of the platform.
	Name string
	// GitURL as Argo CD reaches the repository; empty writes PlaceholderURL.
	GitURL string
	// Branch that is promoted on.
	Branch string
	// Environments in promotion order.
	Environments []string
	// ArgoCD is the major version.
	ArgoCD int
	// Owners of what the platform owns, as CODEOWNERS names them; empty leaves its lines commented out.
	Owners []string
}

// Files of a new repository, by path, without what is generated from them.
func (p Platform) Files() (map[string][]byte, error) {
	if p.GitURL == "" {
		p.GitURL = PlaceholderURL
	}
	out := map[string][]byte{}
	for path, name := range map[string]string{"modelops.yaml": "modelops.yaml", "README.md": "README.md", "CODEOWNERS": "CODEOWNERS", ".gitattributes": "gitattributes"} {
		data, err := fill(name, p)
		if err != nil {
			return nil, err
		}
		out[path] = data
	}
	_, err := spec.DecodePlatform("modelops.yaml", out["modelops.yaml"])
	return out, err
}

// Team is what a new tenant is made from.
type Team struct {
	Name string
	// Owners are groups of the identity provider; empty leaves the line commented out.
	Owners []string
	// Environments of the platform.
	Environments []string
}

// File is the team.yaml.
func (t Team) File() ([]byte, error) {
	data, err := fill("team.yaml", t)
	if err != nil {
		return nil, err
	}
	_, err = spec.DecodeTeam("tenants/"+t.Name+"/team.yaml", data)
	return data, err
}

// Model is what a new model is made from.
type Model struct {
	Team, Name string
	Runtime    string
	// Image repository, with a tag or {version} where it is not REPOSITORY:{version}; empty leaves the line commented out.
	Image string
	// Artifact URI; empty leaves the lines commented out.
	Artifact string
	// GPUs of one replica.
	GPUs int
	// Last is the platform's last environment, for the example of a change in one.
	Last string
}

// Custom says whether the runtime knows nothing of the container, so that the spec must say its port and health.
func (m Model) Custom() bool { return m.Runtime == "custom" }

// File is the model.yaml.
func (m Model) File() ([]byte, error) {
	data, err := fill("model.yaml", m)
	if err != nil {
		return nil, err
	}
	_, err = spec.DecodeModel(spec.Target{Team: m.Team, Model: m.Name}.ModelFile(), data)
	return data, err
}

// fill fills one of the files. Values go in as YAML scalars, so that none can become structure.
func fill(name string, data any) ([]byte, error) {
	t, err := template.New(name).Funcs(template.FuncMap{"scalar": scalar, "join": strings.Join}).ParseFS(files, "files/"+name)
	if err != nil {
		return nil, fmt.Errorf("scaffold %s: %w", name, err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return nil, fmt.Errorf("scaffold %s: %w", name, err)
	}
	return b.Bytes(), nil
}

// scalar writes a text as YAML on one line: plain where every reader takes it for the same text, else quoted.
func scalar(s string) (string, error) {
	data, err := spec.Encode([]string{s})
	if err != nil {
		return "", err
	}
	text := strings.TrimSpace(strings.TrimPrefix(string(data), "- "))
	if strings.ContainsAny(text, "\n{}[],") || strings.HasPrefix(text, "|") || strings.HasPrefix(text, ">") {
		return fmt.Sprintf("%q", s), nil
	}
	return text, nil
}
