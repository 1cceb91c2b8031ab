package isolation

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/modelops/modelops/internal/validate/catalogue"
	"github.com/modelops/modelops/internal/validate/manifest"
)

// application is an Application, or the template of an ApplicationSet.
type application struct {
	*manifest.Object
	at   []any // path of the Application's spec
	spec applicationSpec
	// folders of Git that an ApplicationSet makes an Application for each of; nil for an Application.
	folders []folder
	// unknown says that other generators fill the template in.
	unknown bool
}

type applicationSpec struct {
	Project     string      `json:"project"`
	Source      *appSource  `json:"source"`
	Sources     []appSource `json:"sources"`
	Destination destination `json:"destination"`
}

type appSource struct {
	RepoURL string `json:"repoURL"`
	Path    string `json:"path"`
	Chart   string `json:"chart"`
}

type folder struct {
	Path    string `json:"path"`
	Exclude bool   `json:"exclude"`
}

func applicationSetOf(o *manifest.Object) (*application, error) {
	s, err := decode[struct {
		Spec struct {
			Generators []map[string]any `json:"generators"`
			Template   struct {
				Spec applicationSpec `json:"spec"`
			} `json:"template"`
			TemplatePatch string `json:"templatePatch"`
		} `json:"spec"`
	}](o)
	if err != nil {
		return nil, err
	}
	a := &application{Object: o, at: []any{"spec", "template", "spec"}, spec: s.Spec.Template.Spec, unknown: s.Spec.TemplatePatch != ""}
	for i := range s.Spec.Generators {
		folders := list(o.At("spec", "generators", i, "git", "directories"))
		a.unknown = a.unknown || len(folders) == 0 || len(s.Spec.Generators[i]) != 1
		for _, f := range folders {
			exclude, _ := fields(f)["exclude"].(bool)
			a.folders = append(a.folders, folder{text(fields(f)["path"]), exclude})
		}
	}
	return a, nil
}

// of is the application that deploys a folder, where this one does.
func (a *application) of(dir string) (applicationSpec, bool) {
	if a.Kind == "ApplicationSet" {
		if !a.takes(dir) {
			return applicationSpec{}, false
		}
		return a.spec.filled(dir), true
	}
	return a.spec, slices.ContainsFunc(a.spec.all(), func(s appSource) bool { return s.Path != "" && path.Clean(s.Path) == dir })
}

func (a *application) takes(dir string) bool {
	taken := false
	for _, f := range a.folders {
		if ok, err := path.Match(f.Path, dir); err == nil && ok {
			if f.Exclude {
				return false
			}
			taken = true
		}
	}
	return taken
}

func (s applicationSpec) all() []appSource {
	if s.Source == nil {
		return s.Sources
	}
	return append([]appSource{*s.Source}, s.Sources...)
}

// placeholder is what templates of ApplicationSets write for the folder, in either of their two languages.
var placeholder = regexp.MustCompile(`\{\{\s*(?:index \.path\.segments (\d+)|path\[(\d+)\]|\.?path(?:\.path)?()|\.?path\.basename())\s*\}\}`)

// filled puts a folder's names into a template. What cannot be known stays as it is.
func (s applicationSpec) filled(dir string) applicationSpec {
	segments := strings.Split(dir, "/")
	fill := func(text string) string {
		return placeholder.ReplaceAllStringFunc(text, func(match string) string {
			m := placeholder.FindStringSubmatch(match)
			for _, number := range m[1:3] {
				if i, err := strconv.Atoi(number); err == nil && i < len(segments) {
					return segments[i]
				}
			}
			switch {
			case strings.Contains(match, "basename"):
				return segments[len(segments)-1]
			case m[1] == "" && m[2] == "":
				return dir
			}
			return match
		})
	}
	out := applicationSpec{Project: fill(s.Project), Destination: destination{fill(s.Destination.Server), fill(s.Destination.Name), fill(s.Destination.Namespace)}}
	for _, src := range s.all() {
		out.Sources = append(out.Sources, appSource{fill(src.RepoURL), fill(src.Path), src.Chart})
	}
	return out
}

func templated(s string) bool { return strings.Contains(s, "{{") }

// applicationsWithin is MO403.
func (w *world) applicationsWithin(p *catalogue.Pass) {
	for _, a := range w.apps {
		if !w.inProject(p, a) {
			continue
		}
		var strays []string
		for _, u := range w.set.Units {
			s, ok := a.of(u.Path)
			switch {
			case !ok:
			case w.strays(u, s.Project):
				strays = append(strays, u.Path)
			default:
				w.deploys(p, a, u, s)
			}
		}
		if len(strays) > 0 {
			p.Report(a.Object, fmt.Sprintf("project %s deploys what is not its own: %s", a.spec.Project, some(strays)),
				"deploy models by the project of their team and environment, and tenants by the platform's", in(a.at, "project")...)
		}
	}
}

// strays says whether a folder is not one that a project may deploy: models belong to their team's, and what bounds a team
// belongs to none of a team.
func (w *world) strays(u *manifest.Unit, project string) bool {
	switch u.Kind {
	case manifest.Overlay:
		return project != u.Target.Project()
	case manifest.Tenant, manifest.ArgoCD:
		return w.tenantOf(project) != ""
	}
	return false
}

// inProject judges what the application says itself, and says whether its folders can be judged.
func (w *world) inProject(p *catalogue.Pass, a *application) bool {
	at := func(path ...any) []any { return in(a.at, path...) }
	pr := w.projectOf[a.spec.Project]
	switch {
	case pr != nil:
		if a.unknown {
			p.Warn(a.Object, "its Applications come from generators or a patch that cannot be known here", "make Applications from folders of Git alone", "spec", "generators")
		}
	case a.spec.Project == "" || a.spec.Project == "default" || templated(a.spec.Project):
		return true // how a project is named is another check's; folders are judged by what it comes to for each
	case w.set.Whole:
		p.Report(a.Object, fmt.Sprintf("there is no project %s", a.spec.Project), "render Argo CD's objects anew", at("project")...)
		return false
	default:
		w.gap("what "+a.Kind+" "+a.Name+" may deploy", "its project "+a.spec.Project+" is not part of what was validated")
		return false
	}
	for i, s := range a.spec.all() {
		if !templated(s.RepoURL) && !slices.ContainsFunc(pr.Spec.SourceRepos, func(r string) bool { return matches(r, s.RepoURL) }) {
			p.Report(a.Object, fmt.Sprintf("project %s takes no manifests from %s", pr.Name, s.RepoURL), "deploy from the repository of the project", a.sourcePath(i)...)
		}
	}
	if d := a.spec.Destination; !templated(d.Namespace+d.Server+d.Name) && !pr.allows(d) {
		p.Report(a.Object, fmt.Sprintf("project %s does not deploy to namespace %s of cluster %s%s", pr.Name, d.Namespace, d.Server, d.Name), "deploy to the destination of the project", at("destination")...)
	}
	return true
}

func (a *application) sourcePath(i int) []any {
	if a.spec.Source != nil && i == 0 {
		return in(a.at, "source", "repoURL")
	}
	if a.spec.Source != nil {
		i--
	}
	return in(a.at, "sources", i, "repoURL")
}

func (p *project) allows(d destination) bool {
	return slices.ContainsFunc(p.Spec.Destinations, func(o destination) bool { return o.allows(d) })
}

// deploys judges an application together with a folder that it deploys.
func (w *world) deploys(p *catalogue.Pass, a *application, u *manifest.Unit, s applicationSpec) {
	pr := w.projectOf[s.Project]
	if pr == nil {
		return // told of the application itself
	}
	if templated(a.spec.Destination.Namespace) && !pr.allows(s.Destination) {
		p.Report(a.Object, fmt.Sprintf("for %s, project %s does not deploy to namespace %s", u.Path, pr.Name, s.Destination.Namespace),
			"add the destination to the project: render Argo CD's objects anew", in(a.at, "destination", "namespace")...)
	}
	for _, o := range u.Objects {
		if whole := clusterScoped[o.Kind] || o.Namespace == ""; whole && u.Kind == manifest.Overlay {
			continue // beyond the team's boundary, whatever its project allows
		}
		if !pr.permits(o) {
			p.Report(o, fmt.Sprintf("project %s does not allow the kind %s, so that Argo CD refuses it", pr.Name, o.Kind), "leave it out, or let the platform allow the kind in its standard", "kind")
		}
	}
}

// some names the first few of many.
func some(names []string) string {
	const few = 5
	if len(names) > few {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
	}
	return strings.Join(names, ", ")
}
