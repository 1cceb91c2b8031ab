package view

// Built is the result of `modelops build -o json`: the manifests that kustomize builds. As text it is their YAML, which
// the command prints as it stands.
type Built struct {
	Path    string           `json:"path"`
	Objects []map[string]any `json:"objects"`
}

// Text names the manifests.
func (b Built) Text(t *Text) {
	for _, o := range b.Objects {
		t.Line("%s", o["kind"])
	}
}
