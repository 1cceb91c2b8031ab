package catalogue

import (
	"fmt"
	"slices"
	"strings"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO402", Name: "application-project", Severity: finding.Error, Object: applicationProject,
		What: "The project of an Application is written out, in an ApplicationSet too, and is not `default`. An ApplicationSet with goTemplate says goTemplateOptions: [missingkey=error] (a warning).",
		Why: "A project that comes from a folder's name or a file is chosen by whoever can push: they make themselves an Application in a project that may do anything. " +
			"The project default may deploy anything anywhere. And a value that is missing otherwise becomes the text <no value> in a path or a namespace.",
		Fix:     "Write the AppProject's name into spec.template.spec.project: one ApplicationSet for each team and environment.",
		Sources: []string{"https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Security/", "https://argo-cd.readthedocs.io/en/stable/user-guide/projects/"},
		Guard: &Guard{Kinds: []string{"argoproj.io/ApplicationSet"}, Message: "the project of an ApplicationSet is not written out",
			Expression: `has(object.spec.template.spec.project) && !object.spec.template.spec.project.contains("{{") && !(object.spec.template.spec.project in ["", "default"])`}})
}

func applicationProject(p *Pass, o *manifest.Object) {
	a, ok := applicationOf(o)
	if !ok {
		return
	}
	switch project := text(a.get("project")); {
	case strings.Contains(project, "{{"):
		p.Report(o, fmt.Sprintf("the project %s is taken from what people push", project), "write the AppProject's name", a.in("project")...)
	case project == "" || project == "default":
		p.Report(o, "the project is default, which may deploy anything anywhere", "name an AppProject of the team and environment", a.in("project")...)
	}
	if o.Kind == "ApplicationSet" && o.At("spec", "goTemplate") == true && !slices.Contains(list(o.At("spec", "goTemplateOptions")), any("missingkey=error")) {
		p.Warn(o, "a value that is missing becomes the text <no value>", "set goTemplateOptions: [missingkey=error]", "spec", "goTemplateOptions")
	}
}
