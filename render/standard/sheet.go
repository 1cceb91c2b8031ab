package standard

import (
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// sheet binds values to the manifests of a folder.
type sheet struct {
	section
	manifests  map[string]*yaml.RNode
	components []section
}

// section is what a sheet and a component have in common.
type section struct {
	file   string
	when   *expression
	values []named
	// parts fill manifests from everything but the release.
	parts []part
	// release fills what a version changes; it becomes a patch, so that the manifests stay as they are.
	release []part
}

// named is a value with a name, for the expressions after it.
type named struct {
	place
	name  string
	value *expression
}

// part fills one manifest.
type part struct {
	place
	file     string
	when     *expression
	merge    *yaml.Node
	bindings []binding
}

// binding puts the value of an expression at a path.
type binding struct {
	place
	path []string
	// each repeats the binding for every element of a list or map, as the variable item.
	each *expression
	// value replaces what is at the path; null or an empty list or map removes it.
	value *expression
	// add puts the keys of a map, or the elements of a list, to those at the path.
	add *expression
}

func (s *Standard) readSheet(name string) (*sheet, error) {
	file := name + ".yaml"
	data, ok := s.files[file]
	if !ok {
		return nil, fmt.Errorf("standard %s has no %s", s.name, file)
	}
	sec, err := s.readSection(file, data, "Sheet")
	if err != nil {
		return nil, err
	}
	sh := &sheet{section: sec, manifests: map[string]*yaml.RNode{}}
	for i := range sec.parts {
		p := &sec.parts[i]
		if sh.manifests[p.file] != nil {
			return nil, p.problem("", "the manifest %s is given twice", p.file)
		}
		if sh.manifests[p.file], err = s.readManifest(name+"/"+p.file, p); err != nil {
			return nil, err
		}
	}
	if name == SheetOverlay {
		for _, c := range s.names("components/") {
			file := "components/" + c + ".yaml"
			sec, err := s.readSection(file, s.files[file], "Component")
			if err != nil {
				return nil, err
			}
			sh.components = append(sh.components, sec)
		}
	}
	return sh, sh.check()
}

// check refuses parts that name a manifest which the sheet does not have.
func (sh *sheet) check() error {
	for _, sec := range append([]section{sh.section}, sh.components...) {
		for _, list := range [][]part{sec.parts, sec.release} {
			for _, p := range list {
				if sh.manifests[p.file] == nil {
					return p.problem("", "no manifest %q: the sheet does not list it", p.file)
				}
			}
		}
	}
	return nil
}

func (s *Standard) readManifest(file string, p *part) (*yaml.RNode, error) {
	data, ok := s.files[file]
	if !ok {
		return nil, p.problem("", "there is no file %s", s.name+"/"+file)
	}
	r := &reader{file: s.name + "/" + file}
	n := r.document(data)
	if len(r.problems) > 0 {
		return nil, r.problems
	}
	bare(n)
	rn := yaml.NewRNode(n)
	if rn.GetKind() == "" || rn.GetApiVersion() == "" || rn.GetName() == "" {
		r.bad(n, "this is no Kubernetes manifest: it lacks apiVersion, kind or metadata.name")
		return nil, r.problems
	}
	return rn, nil
}

// bare takes the comments away: they explain the standard to its writers, and would be noise in every overlay.
func bare(n *yaml.Node) {
	n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	for _, c := range n.Content {
		bare(c)
	}
}

func (s *Standard) readSection(file string, data []byte, kind string) (section, error) {
	r := &reader{file: s.name + "/" + file}
	root := r.document(data)
	if len(r.problems) > 0 {
		return section{}, r.problems
	}
	f := r.fields(r.header(root, kind), "description", "when", "values", "manifests", "release")
	sec := section{file: r.file, when: r.expression(f["when"])}
	for _, n := range r.list(f["values"]) {
		sec.values = append(sec.values, r.named(n))
	}
	for _, n := range r.list(f["manifests"]) {
		sec.parts = append(sec.parts, r.part(n))
	}
	for _, n := range r.list(f["release"]) {
		sec.release = append(sec.release, r.part(n))
	}
	if len(r.problems) > 0 {
		return section{}, r.problems
	}
	return sec, nil
}

func (r *reader) named(n *yaml.Node) named {
	f := r.fields(n, "name", "value")
	v := named{place: place{r.file, n.Line, n.Column}, name: r.text(f["name"]), value: r.expression(f["value"])}
	switch {
	case v.name == "" || v.value == nil:
		r.bad(n, "a value needs a name and a value")
	case !plainName(v.name) || variables[v.name]:
		r.bad(f["name"], "%q cannot be a value's name: it is letters and digits, and none of the variables that are given", v.name)
	}
	return v
}

// variables are the names that modelops gives to expressions.
var variables = map[string]bool{
	"target": true, "model": true, "runtime": true, "platform": true, "retired": true, "release": true,
	"team": true, "tenancy": true, "env": true, "tenants": true, "item": true,
}

func plainName(s string) bool { return plainPath.MatchString(s) && !reserved[s] }

func (r *reader) part(n *yaml.Node) part {
	f := r.fields(n, "file", "when", "merge", "set")
	p := part{place: place{r.file, n.Line, n.Column}, file: r.text(f["file"]), when: r.expression(f["when"]), merge: f["merge"]}
	if p.file == "" {
		r.bad(n, `the field "file" is missing`)
	}
	if p.merge != nil && p.merge.Kind != yaml.MappingNode {
		r.bad(p.merge, "merge is a piece of the manifest: fields are expected")
	} else if p.merge != nil {
		bare(p.merge)
	}
	for _, b := range r.list(f["set"]) {
		p.bindings = append(p.bindings, r.binding(b))
	}
	return p
}

func (r *reader) binding(n *yaml.Node) binding {
	f := r.fields(n, "path", "each", "value", "add")
	b := binding{place: place{r.file, n.Line, n.Column}, path: r.path(f["path"], n),
		each: r.expression(f["each"]), value: r.expression(f["value"]), add: r.expression(f["add"])}
	if (b.value == nil) == (b.add == nil) {
		r.bad(n, "exactly one of value and add is needed")
	}
	return b
}
