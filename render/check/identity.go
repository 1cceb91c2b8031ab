package check

import (
	"fmt"
	"reflect"
	"sort"
	"strings"

	"github.com/modelops/modelops/render/build"
)

// report notes a finding: the object, the path in it, what is wrong, and what to do.
type report = func(o build.Object, path, message, fix string)

const byPatch = "take it out of the patch that sets it"

// kinds lets through only what the standard itself renders: a patch cannot bring a Role, and no file can bring an object
// that belongs to the whole cluster.
func kinds(in Input, found report) {
	known := map[string]bool{}
	for _, o := range in.Standard {
		known[o.APIVersion+" "+o.Kind] = true
	}
	for _, o := range in.After {
		if !known[o.APIVersion+" "+o.Kind] {
			found(o, "kind", fmt.Sprintf("the standard renders no %s of %s", o.Kind, o.APIVersion), "remove the object; what a model needs beside its standard's objects belongs into a standard")
		}
	}
}

// names keeps every object in the tenant's namespace and under the model's name, so that no two overlays meet.
func names(in Input, found report) {
	namespace, model := in.Target.Namespace(), in.Target.Model
	for _, o := range in.After {
		if o.Namespace != namespace {
			found(o, "metadata.namespace", fmt.Sprintf("the namespace is %q, not %q", o.Namespace, namespace), byPatch)
		}
		if o.Name != model && !strings.HasPrefix(o.Name, model+"-") {
			found(o, "metadata.name", fmt.Sprintf("the name does not begin with the model's, %q", model), byPatch)
		}
	}
}

// labels are ours on every object, and those of the pods are the standard's: policies, selectors and status go by them.
func labels(in Input, found report) {
	want := map[string]string{
		"app.kubernetes.io/name": in.Target.Model, "app.kubernetes.io/part-of": in.Target.Team, "app.kubernetes.io/managed-by": "modelops",
		"app.kubernetes.io/component": "server",
		"modelops.dev/team":           in.Target.Team, "modelops.dev/model": in.Target.Model, "modelops.dev/environment": in.Target.Env,
	}
	for _, o := range in.After {
		differ(o, "metadata.labels", want, texts(at(o.Content, "metadata", "labels")), found)
		if std, ok := same(in.Standard, o); ok {
			path := []string{"spec", "template", "metadata", "labels"}
			differ(o, strings.Join(path, "."), texts(at(std.Content, path...)), texts(at(o.Content, path...)), found)
		}
	}
}

func differ(o build.Object, path string, want, have map[string]string, found report) {
	for _, k := range keys(want) {
		if have[k] != want[k] {
			found(o, path+".["+k+"]", fmt.Sprintf("the label is %q, not %q", have[k], want[k]), byPatch)
		}
	}
}

// workload must be there: without it, nothing else that is said about the overlay means anything.
func workload(in Input, found report) {
	if _, ok := deployment(in, in.After); !ok {
		found(build.Object{Kind: "Deployment", Name: in.Target.Model}, "", "the overlay builds no such object", "a patch may have renamed or deleted it: take that out")
	}
}

// releaseID must be on the live object's metadata, by which a wait knows what runs.
func releaseID(in Input, found report) {
	o, ok := deployment(in, in.After)
	if !ok {
		return
	}
	have := texts(at(o.Content, "metadata", "annotations"))["modelops.dev/release"]
	if want := in.Release.Spec.ID; have != want {
		found(o, "metadata.annotations.[modelops.dev/release]", fmt.Sprintf("the release's id is %q, not %q", have, want), byPatch)
	}
	for _, part := range []string{"labels", "annotations"} {
		for k, v := range texts(at(o.Content, "spec", "template", "metadata", part)) {
			if v == in.Release.Spec.ID {
				found(o, "spec.template.metadata."+part+".["+k+"]", "the release's id stands in the pod's template, where a change of scaling would restart every pod", byPatch)
			}
		}
	}
}

// selectors are immutable in a Deployment, and lead traffic and disruption budgets elsewhere when a patch changes them.
func selectors(in Input, found report) {
	for _, o := range in.After {
		if std, ok := same(in.Standard, o); ok && o.Kind != "NetworkPolicy" && !reflect.DeepEqual(at(std.Content, "spec", "selector"), at(o.Content, "spec", "selector")) {
			found(o, "spec.selector", "the selector is not the standard's", byPatch)
		}
		if old, ok := same(in.Before, o); ok && o.Kind == "Deployment" && !reflect.DeepEqual(at(old.Content, "spec", "selector"), at(o.Content, "spec", "selector")) {
			found(o, "spec.selector", "the selector differs from that of what runs, and Kubernetes does not let it change",
				"retire the model in this environment first, or keep to a standard with the same selector")
		}
	}
}

// argoAnnotations can hide a broken workload from Argo CD, or keep it from being synced.
func argoAnnotations(in Input, found report) {
	if in.AllowArgoAnnotations {
		return
	}
	for _, o := range in.After {
		std, _ := same(in.Standard, o)
		ours := texts(at(std.Content, "metadata", "annotations"))
		have := texts(at(o.Content, "metadata", "annotations"))
		for _, k := range keys(have) {
			if strings.HasPrefix(k, "argocd.argoproj.io/") && have[k] != ours[k] {
				found(o, "metadata.annotations.["+k+"]", "an annotation of Argo CD came in by a patch",
					byPatch+", or set spec.policy.allowArgoCDAnnotations in modelops.yaml")
			}
		}
	}
}

func keys(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
