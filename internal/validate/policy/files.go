package policy

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/validate/source"
)

// Bounds of a folder of policies.
const (
	maxFiles = 1000
	maxBytes = 1 << 20
)

// files are what a folder of policies holds.
type files struct {
	objects []*manifest.Object
	rego    map[string]string // file -> text
}

// read reads the manifests and the Rego below a folder; links and what is too large are not followed, and said.
func (p *Policies) read(fsys fs.FS, dir string) (files, error) {
	all := files{rego: map[string]string{}}
	n := 0
	err := fs.WalkDir(fsys, path.Clean(dir), func(name string, d fs.DirEntry, err error) error {
		ext := path.Ext(name)
		switch {
		case err != nil || d.IsDir():
			return err
		case ext != ".yaml" && ext != ".yml" && ext != ".rego", strings.HasSuffix(name, "_test.rego"):
			return nil
		case !d.Type().IsRegular():
			p.gap(name, "it is no plain file")
			return nil
		}
		if n++; n > maxFiles {
			return fmt.Errorf("%s holds more than %d files", dir, maxFiles)
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Size() > maxBytes {
			p.gap(name, fmt.Sprintf("it is larger than %d bytes", maxBytes))
			return nil
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		if ext == ".rego" {
			all.rego[name] = string(data)
			return nil
		}
		objects, err := source.Manifests(name, data)
		if err != nil {
			p.unusable(name, finding.Position{File: name}, err)
		}
		all.objects = append(all.objects, objects...)
		return nil
	})
	return all, err
}

// unread keeps what policies may be parametrized by, and says which policies are of a kind that nobody reads.
func (p *Policies) unread(objects []*manifest.Object) {
	for _, o := range objects {
		group, _, _ := strings.Cut(o.APIVersion, "/")
		switch {
		case group == "admissionregistration.k8s.io" && strings.HasPrefix(o.Kind, "ValidatingAdmissionPolicy"),
			group == "constraints.gatekeeper.sh", group == "templates.gatekeeper.sh" && o.Kind == "ConstraintTemplate",
			group == "expansion.gatekeeper.sh" && expandsPods(o):
		case strings.HasSuffix(group, "gatekeeper.sh"), group == "admissionregistration.k8s.io", strings.HasSuffix(group, "kyverno.io"):
			p.gap(o.Object.String(), "policies of this kind are not evaluated ("+o.Source.Position().String()+")")
		default:
			p.params = append(p.params, o)
		}
	}
}

// expandsPods says whether an ExpansionTemplate makes what is judged anyway: the pods of workloads.
func expandsPods(o *manifest.Object) bool {
	spec := fields(asJSON(o.Content), "spec")
	for _, to := range list(spec, "applyTo") {
		for _, kind := range list(to, "kinds") {
			name, _ := kind.(string)
			if templates[name] == nil {
				return false
			}
		}
	}
	generated := fields(spec, "generatedGVK")
	return text(generated, "group") == "" && text(generated, "kind") == "Pod"
}

// oneLine is an error's text without its line ends, which compilers use for pictures of the place.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
