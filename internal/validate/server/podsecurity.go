package server

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	kruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/pod-security-admission/api"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

// podTemplates are the places of the pod in the kinds that run pods: its metadata and its spec are there.
var podTemplates = map[schema.GroupKind][]any{
	group("", "Pod"):                   {},
	group("", "PodTemplate"):           {"template"},
	group("", "ReplicationController"): {"spec", "template"},
	group("apps", "Deployment"):        {"spec", "template"},
	group("apps", "StatefulSet"):       {"spec", "template"},
	group("apps", "DaemonSet"):         {"spec", "template"},
	group("apps", "ReplicaSet"):        {"spec", "template"},
	group("batch", "Job"):              {"spec", "template"},
	group("batch", "CronJob"):          {"spec", "jobTemplate", "spec", "template"},
	group("argoproj.io", "Rollout"):    {"spec", "template"},
}

// PodSecurity says which pods the cluster's own Pod Security admission would refuse. The level is that of the labels of
// the pod's namespace, where the set has it; without one, pods of an overlay must be restricted, and others are skipped.
func PodSecurity(set *manifest.Set, options Options) ([]finding.Finding, []finding.Skipped) {
	target := options.Target
	if target == 0 {
		target = Newest
	}
	s := security{target: target, levels: enforced(set)}
	set.Judged(s.object)
	return s.found, s.skipped
}

// enforced are the levels that the namespaces of a set have.
func enforced(set *manifest.Set) map[string]api.LevelVersion {
	levels := map[string]api.LevelVersion{}
	set.Objects(func(o *manifest.Object) {
		if o.APIVersion != "v1" || o.Kind != "Namespace" {
			return
		}
		labels := map[string]string{}
		m, _ := o.At("metadata", "labels").(map[string]any)
		for key, value := range m {
			labels[key], _ = value.(string)
		}
		// What is wrong with a label is the namespace's finding; the level is then the strictest, as in the cluster.
		p, _ := api.PolicyToEvaluate(labels, api.Policy{Enforce: api.LevelVersion{Level: api.LevelPrivileged, Version: api.LatestVersion()}})
		levels[o.Name] = p.Enforce
	})
	return levels
}

type security struct {
	target  Version
	levels  map[string]api.LevelVersion
	found   []finding.Finding
	skipped []finding.Skipped
}

func (s *security) object(o *manifest.Object) {
	at, ok := podTemplates[schema.FromAPIVersionAndKind(o.APIVersion, o.Kind).GroupKind()]
	if !ok {
		return
	}
	level, known := s.levels[o.Namespace]
	switch {
	case known:
	case o.Unit != nil && o.Unit.Kind == manifest.Overlay:
		level = api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	default:
		s.skip(o, "Pod Security: the level of its namespace is not known; it is judged where the Namespace is validated along")
		return
	}
	if level.Level == api.LevelPrivileged {
		return
	}
	template, ok := s.template(o, at)
	if !ok {
		return // What cannot be read is a finding of the decoder's already.
	}
	defer func() {
		if p := recover(); p != nil {
			s.skip(o, fmt.Sprintf("Pod Security gave up on it: %v", p))
		}
	}()
	s.judge(o, at, level, template)
}

// template reads the pod of an object, with its defaults, as far as it can be read.
func (s *security) template(o *manifest.Object, at []any) (*corev1.PodTemplate, bool) {
	content, ok := o.At(at...).(map[string]any)
	if !ok {
		return nil, false
	}
	var template corev1.PodTemplate
	picked := map[string]any{"metadata": content["metadata"], "spec": content["spec"]}
	if err := kruntime.DefaultUnstructuredConverter.FromUnstructured(picked, &template.Template); err != nil {
		return nil, false
	}
	legacyscheme.Scheme.Default(&template)
	return &template, true
}

func (s *security) judge(o *manifest.Object, at []any, level api.LevelVersion, template *corev1.PodTemplate) {
	e, err := evaluator(s.target)
	if err != nil {
		s.skip(o, "Pod Security: "+err.Error())
		return
	}
	spec := append(slices.Clone(at), "spec")
	for _, r := range e.EvaluatePod(level, &template.Template.ObjectMeta, &template.Template.Spec) {
		if r.Allowed {
			continue
		}
		id, reason, _ := strings.Cut(r.ForbiddenReason, idMark)
		path := blamed(o, spec, id, r.ForbiddenDetail)
		s.found = append(s.found, finding.Finding{Check: "MO101", Name: "pod-security", Severity: finding.Error, Object: o.Object,
			Field: manifest.Field(path...), At: o.Source.Position(path...),
			Message: fmt.Sprintf("violates Pod Security %q, check %s: %s (%s)", level.String(), id, reason, r.ForbiddenDetail),
			Why:     "The cluster refuses every pod of it: the object is taken, and nothing of it ever runs.",
			Fix:     "set what the message names, or run it in a namespace of another level",
			Judge:   "Pod Security of Kubernetes " + s.target.String()})
	}
}

func (s *security) skip(o *manifest.Object, reason string) {
	s.skipped = append(s.skipped, finding.Skipped{Object: o.Object, At: o.Source.Position(), Reason: reason})
}

// fieldsOfChecks are the fields that checks of Pod Security are about, where it is not the securityContext.
var fieldsOfChecks = map[string][]any{
	"hostPathVolumes":            {"volumes"},
	"restrictedVolumes":          {"volumes"},
	"hostPorts":                  {"ports"},
	"hostProbesAndHostLifecycle": nil,
	"hostNamespaces":             nil,
}

// quoted are the names that the words of Pod Security put in quotes.
var quoted = regexp.MustCompile(`"([^"]+)"`)

// blamed is the field that a result is about: of the container or volume that it names first, else of the pod.
func blamed(o *manifest.Object, spec []any, id, detail string) []any {
	field, ok := fieldsOfChecks[id]
	if !ok {
		field = []any{"securityContext"}
	}
	for _, name := range quoted.FindAllStringSubmatch(detail, -1) {
		for _, list := range []string{"volumes", "initContainers", "containers"} {
			all, _ := o.At(extend(spec, list)...).([]any)
			for i, e := range all {
				if m, ok := e.(map[string]any); ok && m["name"] == name[1] {
					found := append(slices.Clone(spec), list, i)
					if list == "volumes" {
						return found
					}
					return append(found, field...)
				}
			}
		}
	}
	return append(slices.Clone(spec), field...)
}
