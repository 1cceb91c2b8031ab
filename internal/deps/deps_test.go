package deps

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/modelops/modelops/"

// layer says what the packages of a folder may not reach, by however many steps, and why.
type layer struct {
	packages string // folder, with everything below it
	never    []string
	why      string
}

var layers = []layer{
	{"templates", []string{""}, "the standard is data"},
	{"render/spec", []string{"render", "templates", "gitops", "argocd", "internal", "cmd"}, "the documents stand alone"},
	{"render", []string{"gitops", "argocd", "internal", "cmd", "github.com/go-git/go-git/v5", "github.com/argoproj/argo-cd/v2"}, "rendering is pure: no Git, no cluster"},
	{"gitops", []string{"render", "templates", "argocd", "internal", "cmd", "gopkg.in/yaml.v3", "sigs.k8s.io/yaml"}, "gitops knows paths and trees, and no YAML"},
	{"gitops/internal/odb", []string{"std:net/http", "std:os/exec", "gitops/internal/git", "gitops/internal/clone", "gitops/internal/transport"}, "it reads and writes objects here: no network, no programs"},
	{"gitops/internal/transport", []string{"gitops/internal/odb", "gitops/internal/clone", "github.com/go-git/go-git/v5/storage"}, "it talks with servers, and has no objects and no repository here"},
	{"gitops/internal/clone", []string{"std:net/http", "gitops/internal/odb", "gitops/internal/transport"}, "it knows folders and refs: no objects, no network"},
	{"gitops/internal/git", []string{"std:net/http", "gitops/internal/odb", "gitops/internal/clone", "gitops/internal/transport"}, "it knows a program and its settings: no network, no objects"},
	{"argocd", []string{"render", "templates", "gitops", "internal", "cmd"}, "what it needs from Git comes in as functions"},
	{"internal/registry", []string{"render", "templates", "gitops", "argocd", "internal", "cmd"}, "it knows images and registries"},
	{"internal/workspace", []string{"render/standard", "render/build", "templates", "gitops", "argocd", "internal", "cmd"}, "it reads folders and specs alone"},
	{"internal/scaffold", []string{"render/standard", "render/build", "templates", "gitops", "argocd", "internal", "cmd"}, "it writes specs alone"},
	{"internal/release", []string{"argocd", "internal/view", "cmd"}, "what is in Git and what runs are two facts"},
	{"internal/generate", []string{"argocd", "internal/view", "cmd"}, "it decides what folders hold, and shows nothing"},
	{"internal/view", []string{"argocd", "internal/workspace", "internal/generate", "cmd"}, "a view shows results, and fetches none"},
	{"internal/validate", []string{"argocd", "gitops", "internal/release", "internal/generate", "internal/view", "cmd"}, "it judges what it is given, and shows nothing"},
	{"internal/parallel", []string{"render", "templates", "gitops", "argocd", "internal", "cmd"}, "it knows nothing of what it runs"},
	{"internal/escape", []string{"render", "templates", "gitops", "argocd", "internal", "cmd"}, "it knows characters, and whoever shows text may use it"},
	{"internal/validate/report", []string{"render", "gitops", "argocd", "internal/view", "cmd", "k8s.io", "sigs.k8s.io"}, "a report shows findings, and makes none"},
	{"internal/validate/catalogue", []string{"gitops", "argocd", "render/build", "render/standard", "internal/workspace", "internal/release", "internal/view", "cmd", "sigs.k8s.io/kustomize"}, "a check looks at objects, and reads nothing"},
	{"internal/validate/policy", []string{"argocd", "gitops", "internal/view", "internal/release", "cmd"}, "a judge looks at a set, and fetches nothing"},
	{"internal/validate/guardrail", []string{"gitops", "argocd", "render/build", "internal/workspace", "internal/view", "cmd"}, "policies are written from the checks alone"},
	{"internal/validate/isolation", []string{"internal/validate/source", "internal/workspace", "render/build", "render/standard", "templates", "k8s.io/kubernetes", "k8s.io/client-go"}, "it looks at manifests, and at nothing of a cluster"},
	{"internal/soak/judge", []string{"render", "templates", "gitops", "argocd", "internal", "cmd"}, "a judge shares no code with what it judges"},
	{"cmd/modelops", []string{"argocd/argotest", "gitops/gittest", "internal/sandbox", "e2e", "github.com/rogpeppe/go-internal"}, "the program carries no test servers"},
}

// only says which folders may import a library themselves.
var only = map[string][]string{
	"github.com/argoproj/argo-cd/v2":         {"argocd"},
	"github.com/urfave/cli/v2":               {"cmd"},
	"github.com/google/go-containerregistry": {"internal/registry", "internal/sandbox"},
	"sigs.k8s.io/kustomize":                  {"render"},
	"github.com/go-git/go-git/v5/storage":    {"gitops"},
	"k8s.io/kubectl":                         {"argocd/fastinit"},
	"k8s.io/kubernetes":                      {"internal/validate/server"},
	"k8s.io/pod-security-admission":          {"internal/validate/server"},
	"github.com/prometheus/prometheus":       {"internal/validate/catalogue"},
	"github.com/open-policy-agent/opa":       {"internal/validate/policy"},
}

// imports of every package of the module and of everything that it links.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Imports", "./...")
	cmd.Dir, cmd.Stderr = "../..", os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	graph := map[string][]string{}
	for d := json.NewDecoder(out); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		graph[p.ImportPath] = p.Imports
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return graph
}

// within says whether a package is a folder, or below it. The folder "" is all of the module; a name with a dot in its
// first part is not of the module, and neither is one of the standard library, which is written "std:net/http".
func within(pkg, folder string) bool {
	if name, std := strings.CutPrefix(folder, "std:"); std {
		return pkg == name || strings.HasPrefix(pkg, name+"/")
	}
	first, _, _ := strings.Cut(folder, "/")
	if !strings.Contains(first, ".") {
		folder = strings.TrimSuffix(module+folder, "/")
	}
	return pkg == folder || strings.HasPrefix(pkg, folder+"/")
}

// chain is the shortest way by which a package reaches one of the folder, itself left out.
func chain(graph map[string][]string, from, folder string, own string) []string {
	came := map[string]string{from: ""}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		for _, next := range graph[queue[0]] {
			if _, seen := came[next]; seen {
				continue
			}
			came[next] = queue[0]
			if within(next, folder) && !within(next, own) {
				var path []string
				for at := next; at != ""; at = came[at] {
					path = append(path, strings.TrimPrefix(at, module))
				}
				slices.Reverse(path)
				return path
			}
			queue = append(queue, next)
		}
	}
	return nil
}

func TestLayers(t *testing.T) {
	graph := imports(t)
	for _, l := range layers {
		found := false
		for _, pkg := range slices.Sorted(maps.Keys(graph)) {
			if !within(pkg, l.packages) {
				continue
			}
			found = true
			for _, never := range l.never {
				if path := chain(graph, pkg, never, l.packages); path != nil {
					t.Errorf("%s must not reach %s (%s):\n  %s", l.packages, never, l.why, strings.Join(path, "\n  imports "))
				}
			}
		}
		if !found {
			t.Errorf("no package is within %s: the rule guards nothing", l.packages)
		}
	}
}

func TestLibrariesStayInTheirPlace(t *testing.T) {
	graph := imports(t)
	for library, places := range only {
		used := false
		for pkg, list := range graph {
			if !within(pkg, "") || within(pkg, "e2e") {
				continue
			}
			for _, imported := range list {
				if !within(imported, library) {
					continue
				}
				used = true
				if !slices.ContainsFunc(places, func(p string) bool { return within(pkg, p) }) {
					t.Errorf("%s imports %s, which only %s may", strings.TrimPrefix(pkg, module), imported, strings.Join(places, ", "))
				}
			}
		}
		if !used {
			t.Errorf("nothing imports %s any more: the rule guards nothing", library)
		}
	}
}
