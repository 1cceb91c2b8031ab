package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/validate/report"
	"github.com/modelops/modelops/internal/validate/source"
)

// The objects that most tests judge.
const (
	deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: resnet
  namespace: vision-prod
  labels: {team: vision}
spec:
  replicas: 9
  selector: {matchLabels: {app: resnet}}
  template:
    metadata:
      labels: {app: resnet}
    spec:
      containers:
      - name: server
        image: registry.example.com/resnet:1.0
`
	namespace = `apiVersion: v1
kind: Namespace
metadata:
  name: vision-prod
  labels: {tier: prod}
`
)

func objects(t testing.TB, text string) []*manifest.Object {
	t.Helper()
	all, err := source.Manifests("app.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// setOf is a whole repository that holds manifests, one text for each unit.
func setOf(t testing.TB, texts ...string) *manifest.Set {
	t.Helper()
	set := &manifest.Set{Whole: true}
	for _, text := range texts {
		u := &manifest.Unit{Kind: manifest.File, Path: "app.yaml", Objects: objects(t, text)}
		u.Own(u.Objects)
		set.Units = append(set.Units, u)
	}
	return set
}

func load(t testing.TB, texts map[string]string) *Policies {
	t.Helper()
	fsys := fstest.MapFS{"policies/readme.md": {Data: []byte("not read")}}
	for name, text := range texts {
		fsys["policies/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	p, err := Load(fsys, Dir)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// said writes outcomes in lines: SEVERITY CHECK LINE FIELD: MESSAGE, and NOT CHECKED WHAT: WHY.
func said(found []finding.Finding, gaps []report.Gap) string {
	finding.Sort(found)
	var b strings.Builder
	for _, f := range found {
		fmt.Fprintf(&b, "%s %s %s %s: %s\n", f.Severity, f.Check, f.At, f.Field, f.Message)
	}
	for _, g := range gaps {
		fmt.Fprintf(&b, "not checked %s: %s\n", g.What, g.Why)
	}
	return b.String()
}

func judged(t testing.TB, p *Policies, set *manifest.Set) string {
	t.Helper()
	return said(p.Judge(t.Context(), set))
}

func TestNoPolicies(t *testing.T) {
	if _, err := Load(fstest.MapFS{}, Dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	p := load(t, nil)
	if got := judged(t, p, setOf(t, deployment)); got != "" || p.Len() != 0 {
		t.Errorf("%s", got)
	}
}

// vap is a ValidatingAdmissionPolicy with its binding.
func vap(spec, binding string) string {
	return `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: ours}
spec:
` + indent(spec) + `---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: ours}
spec:
  policyName: ours
` + indent(binding)
}

func indent(s string) string {
	return "  " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n  ") + "\n"
}

const (
	deployments = "matchConstraints: {resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}]}\n"
	pods        = "matchConstraints: {resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}\n"
	few         = "validations: [{expression: 'object.spec.replicas <= 5', message: too many replicas}]\n"
	deny        = "validationActions: [Deny]\n"
	tooMany     = "error MO901 app.yaml:8:3 spec.replicas: too many replicas\n"
)

func TestValidatingAdmissionPolicies(t *testing.T) {
	for name, c := range map[string]struct{ spec, binding, want string }{
		"refused":     {deployments + few, deny, tooMany},
		"holds":       {deployments + "validations: [{expression: 'object.spec.replicas <= 50'}]\n", deny, ""},
		"without":     {deployments + "validations: [{expression: 'object.spec.replicas <= 5'}]\n", deny, "error MO901 app.yaml:8:3 spec.replicas: failed expression: object.spec.replicas <= 5\n"},
		"warning":     {deployments + few, "validationActions: [Warn, Audit]\n", strings.Replace(tooMany, "error", "warning", 1)},
		"audit":       {deployments + few, "validationActions: [Audit]\n", strings.Replace(tooMany, "error", "info", 1)},
		"other kinds": {strings.Replace(deployments, "deployments", "statefulsets", 1) + few, deny, ""},
		"message": {deployments + "variables: [{name: n, expression: object.spec.replicas}]\nvalidations: [{expression: variables.n <= 5, message: many, messageExpression: \"'there are ' + string(variables.n)\"}]\n", deny,
			"error MO901 app.yaml:8:3 spec.replicas: there are 9\n"},
		"message that fails": {deployments + "validations: [{expression: 'false', message: never, messageExpression: \"'is ' + string(object.spec.none)\"}]\n", deny, "error MO901 app.yaml:1:1 : never\n"},
		"conditions":         {deployments + few + "matchConditions: [{name: a, expression: \"object.metadata.labels.team != 'vision'\"}]\n", deny, ""},
		"conditions hold":    {deployments + few + "matchConditions: [{name: a, expression: \"object.metadata.labels.team == 'vision'\"}]\n", deny, tooMany},
		"no such key":        {deployments + "validations: [{expression: 'object.spec.paused == true'}]\n", deny, "error MO901 app.yaml:7:1 spec.paused: expression 'object.spec.paused == true' resulted in error: no such key: paused\n"},
		"ignored errors":     {deployments + "failurePolicy: Ignore\nvalidations: [{expression: 'object.spec.paused == true'}]\n", deny, ""},
		"condition fails":    {deployments + few + "matchConditions: [{name: a, expression: 'object.spec.paused == true'}]\n", deny, "error MO901 app.yaml:1:1 : expression 'object.spec.paused == true' resulted in error: no such key: paused\n"},
		"object selector":    {deployments + few, deny + "matchResources: {objectSelector: {matchLabels: {team: nlp}}}\n", ""},
		"namespace":          {deployments + few, deny + "matchResources: {namespaceSelector: {matchLabels: {tier: prod}}}\n", tooMany},
		"other namespace":    {deployments + few, deny + "matchResources: {namespaceSelector: {matchLabels: {tier: test}}}\n", ""},
		"namespace by name":  {deployments + few, deny + "matchResources: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: vision-prod}}}\n", tooMany},
		"namespace object":   {deployments + "validations: [{expression: \"namespaceObject.metadata.labels.tier != 'prod'\", message: in prod}]\n", deny, "error MO901 app.yaml:1:1 : in prod\n"},
		"quantity":           {pods + "validations: [{expression: \"quantity('2Gi').isLessThan(quantity('1Gi'))\", message: large}]\n", deny, "error MO901 app.yaml:10:3 spec.template: large\n"},
		"pods of workloads": {pods + "validations: [{expression: 'object.spec.containers.all(c, has(c.readinessProbe))', message: no probe}]\n", deny,
			"error MO901 app.yaml:14:7 spec.template.spec.containers: no probe\n"},
		"authorizer": {deployments + few + "matchConditions: [{name: a, expression: \"authorizer.group('').resource('pods').check('list').allowed()\"}]\n", deny,
			"not checked ValidatingAdmissionPolicy/ours: it asks what the requester may do (authorizer), which no file says\n"},
		"requester": {deployments + few + "matchConditions: [{name: a, expression: \"request.userInfo.username != 'argocd'\"}]\n", deny,
			"not checked ValidatingAdmissionPolicy/ours: it asks who makes the request (request.userInfo), which no file says\n"},
		"other version": {strings.Replace(deployments, "[v1]", "[v1beta2]", 1) + few, deny,
			"not checked ValidatingAdmissionPolicy/ours for vision-prod Deployment/resnet: it is written for another version of deployments, into which the API server converts\n"},
		"exact version":    {strings.Replace(deployments, "{resourceRules", "{matchPolicy: Exact, resourceRules", 1) + few, deny, tooMany},
		"exact other":      {strings.Replace(strings.Replace(deployments, "[v1]", "[v1beta2]", 1), "{resourceRules", "{matchPolicy: Exact, resourceRules", 1) + few, deny, ""},
		"broken":           {deployments + "validations: [{expression: 'object.spec.replicas <='}]\n", deny, "error MO900 policies/p.yaml:1:1 : validation: compilation failed: ERROR: <input>:1:24: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER} | object.spec.replicas <= | .......................^\n"},
		"wrong type":       {deployments + "validations: [{expression: \"'a'\"}]\n", deny, "error MO900 policies/p.yaml:1:1 : validation: must evaluate to bool but got string\n"},
		"misspelt":         {deployments + few + "failurePolcy: Ignore\n", deny, "error MO900 policies/p.yaml:1:1 : json: unknown field \"failurePolcy\"\n"},
		"about nothing":    {few, deny, "error MO900 policies/p.yaml:1:1 : spec.matchConstraints: Required value\n"},
		"no parameters":    {deployments + "paramKind: {apiVersion: v1, kind: ConfigMap}\nvalidations: [{expression: 'params == null'}]\n", deny, ""},
		"parameters gone":  {deployments + few + "paramKind: {apiVersion: v1, kind: ConfigMap}\n", deny + "paramRef: {name: bounds, namespace: policies, parameterNotFoundAction: Deny}\n", "not checked ValidatingAdmissionPolicy/ours for vision-prod Deployment/resnet: its parameters (ConfigMap bounds) are not in the repository\n"},
		"optional reading": {deployments + "validations: [{expression: 'object.?spec.?strategy.?type.orValue(\"\") == \"Recreate\"', message: rolls}]\n", deny, "error MO901 app.yaml:7:1 spec.strategy.type: rolls\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := judged(t, load(t, map[string]string{"p.yaml": vap(c.spec, c.binding)}), setOf(t, deployment, namespace)); got != c.want {
				t.Errorf("got:\n%swant:\n%s", got, c.want)
			}
		})
	}
}

func TestParameters(t *testing.T) {
	p := vap(deployments+"paramKind: {apiVersion: v1, kind: ConfigMap}\nvalidations: [{expression: 'object.spec.replicas <= int(params.data.most)', messageExpression: \"'at most ' + params.data.most\"}]\n",
		deny+"paramRef: {selector: {matchLabels: {bounds: 'yes'}}, namespace: policies, parameterNotFoundAction: Deny}\n")
	bounds := func(name, most, label string) string {
		return "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + ", namespace: policies, labels: {bounds: '" + label + "'}}\ndata: {most: '" + most + "'}\n"
	}
	got := judged(t, load(t, map[string]string{"p.yaml": p + bounds("a", "5", "yes") + bounds("b", "50", "yes") + bounds("c", "1", "no")}), setOf(t, deployment))
	if want := "error MO901 app.yaml:8:3 spec.replicas: at most 5\n"; got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
}

// What was there before is asked for as an update, with the old object; what is new is not.
func TestUpdates(t *testing.T) {
	policy := load(t, map[string]string{"p.yaml": vap(strings.Replace(deployments, "CREATE, UPDATE", "UPDATE", 1)+"validations: [{expression: 'object.spec.replicas <= oldObject.spec.replicas * 2', message: more than doubled}]\n", deny)})
	set := setOf(t, deployment)
	if got := judged(t, policy, set); got != "" {
		t.Errorf("new: %s", got)
	}
	set.Units[0].Before = objects(t, strings.Replace(deployment, "replicas: 9", "replicas: 3", 1))
	if got, want := judged(t, policy, set), "error MO901 app.yaml:8:3 spec.replicas: more than doubled\n"; got != want {
		t.Errorf("changed: %s", got)
	}
	both := load(t, map[string]string{"p.yaml": vap(deployments+few, deny)})
	if got := judged(t, both, set); got != tooMany {
		t.Errorf("said twice: %s", got)
	}
}

func TestNamespaceThatNobodyKnows(t *testing.T) {
	p := load(t, map[string]string{"p.yaml": vap(deployments+few, deny+"matchResources: {namespaceSelector: {matchLabels: {tier: prod}}}\n")})
	want := "not checked ValidatingAdmissionPolicy/ours for vision-prod Deployment/resnet: "
	if got := judged(t, p, setOf(t, deployment)); !strings.HasPrefix(got, want) || !strings.Contains(got, "namespace vision-prod is not among what is validated") {
		t.Errorf("%s", got)
	}
}

// What is only there beside others is not judged, and its namespace counts.
func TestBeside(t *testing.T) {
	p := load(t, map[string]string{"p.yaml": vap(deployments+few, deny+"matchResources: {namespaceSelector: {matchLabels: {tier: prod}}}\n")})
	set := setOf(t, deployment, namespace)
	set.Units[1].Context = true
	if got := judged(t, p, set); got != tooMany {
		t.Errorf("%s", got)
	}
	set.Units[0].Context = true
	if got := judged(t, p, set); got != "" {
		t.Errorf("%s", got)
	}
}

// Policies see what the API server stores, defaults included.
func TestDefaults(t *testing.T) {
	p := load(t, map[string]string{"p.yaml": vap(deployments+"validations: [{expression: 'object.spec.replicas >= 2', message: one alone}]\n", deny)})
	p.Default = func(in map[string]any) map[string]any {
		out := maps.Clone(in)
		if spec, ok := in["spec"].(map[string]any); ok && spec["replicas"] == nil {
			spec = maps.Clone(spec)
			spec["replicas"] = 1
			out["spec"] = spec
		}
		return out
	}
	if got, want := judged(t, p, setOf(t, strings.Replace(deployment, "  replicas: 9\n", "", 1))), "error MO901 app.yaml:7:1 spec.replicas: one alone\n"; got != want {
		t.Errorf("%s", got)
	}
}

// gatekeeper is a ConstraintTemplate, and a constraint of it.
func gatekeeper(targets, constraint string) string {
	return `apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: ours}
spec:
  crd: {spec: {names: {kind: Ours}}}
  targets:
  - target: admission.k8s.gatekeeper.sh` + strings.ReplaceAll("\n"+strings.TrimRight(targets, "\n"), "\n", "\n  ") + `
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Ours
metadata: {name: mine}
spec:
` + indent(constraint)
}

const (
	probes = `  rego: |
    package ours
    import data.lib.probes.missing
    violation[{"msg": msg, "details": {"probe": probe}}] {
      container := input.review.object.spec.containers[_]
      probe := input.parameters.probes[_]
      missing(container, probe)
      msg := sprintf("container %v of %v %v has no %v", [container.name, input.review.kind.kind, input.review.name, probe])
    }
  libs:
  - |
    package lib.probes
    missing(container, probe) { not container[probe] }
`
	probesV1 = `  code:
  - engine: Rego
    source:
      version: v1
      rego: |
        package ours
        violation contains {"msg": msg} if {
          some container in input.review.object.spec.containers
          not container.readinessProbe
          msg := "no probe"
        }
`
	replicas = `  code:
  - engine: K8sNativeValidation
    source:
      variables: [{name: n, expression: variables.anyObject.spec.replicas}]
      validations:
      - expression: "!has(variables.anyObject.spec.replicas) || variables.n <= variables.params.most"
        messageExpression: "'more than ' + string(variables.params.most)"
  - engine: Rego
    source: {rego: "package ours\nviolation[{\"msg\": \"by the other engine\"}] { true }"}
`
	hosts = `  rego: |
    package ours
    violation[{"msg": msg}] {
      host := input.review.object.spec.rules[_].host
      other := data.inventory.namespace[ns][_].Ingress[name]
      other.spec.rules[_].host == host
      name != input.review.object.metadata.name
      msg := sprintf("%v is taken by %v/%v", [host, ns, name])
    }
`
	anyPod    = "match: {kinds: [{apiGroups: [''], kinds: [Pod]}]}\n"
	oneProbe  = "parameters: {probes: [readinessProbe]}\n"
	atTheTop  = "error MO902 app.yaml:10:3 spec.template: "
	noProbe   = atTheTop + "container server of Pod resnet-pod has no readinessProbe\n"
	atMost5   = "match: {kinds: [{apiGroups: [apps], kinds: [Deployment]}]}\nparameters: {most: 5}\n"
	moreThan5 = "error MO902 app.yaml:8:3 spec.replicas: more than 5\n"
)

func TestGatekeeper(t *testing.T) {
	for name, c := range map[string]struct{ template, constraint, want string }{
		"pods of workloads":    {probes, anyPod + oneProbe, noProbe},
		"two of them":          {probes, anyPod + "parameters: {probes: [readinessProbe, livenessProbe]}\n", strings.Replace(noProbe, "readiness", "liveness", 1) + noProbe},
		"no parameters":        {probes, anyPod, ""},
		"other kinds":          {probes, "match: {kinds: [{apiGroups: [''], kinds: [Service]}]}\n" + oneProbe, ""},
		"every kind":           {probes, oneProbe, noProbe},
		"rego v1":              {probesV1, anyPod, atTheTop + "no probe\n"},
		"native":               {replicas, atMost5, moreThan5},
		"native, enough":       {replicas, strings.Replace(atMost5, "5", "50", 1), ""},
		"warn":                 {replicas, atMost5 + "enforcementAction: warn\n", strings.Replace(moreThan5, "error", "warning", 1)},
		"dryrun":               {replicas, atMost5 + "enforcementAction: dryrun\n", strings.Replace(moreThan5, "error", "info", 1)},
		"scoped":               {replicas, atMost5 + "enforcementAction: scoped\nscopedEnforcementActions: [{action: warn, enforcementPoints: [{name: validation.gatekeeper.sh}]}, {action: deny, enforcementPoints: [{name: audit.gatekeeper.sh}]}]\n", strings.Replace(moreThan5, "error", "warning", 1)},
		"namespaces":           {replicas, strings.Replace(atMost5, "match: {", "match: {namespaces: ['vision-*'], ", 1), moreThan5},
		"other namespaces":     {replicas, strings.Replace(atMost5, "match: {", "match: {namespaces: ['nlp-*'], ", 1), ""},
		"excluded":             {replicas, strings.Replace(atMost5, "match: {", "match: {excludedNamespaces: ['*-prod'], ", 1), ""},
		"name":                 {replicas, strings.Replace(atMost5, "match: {", "match: {name: 'bert*', ", 1), ""},
		"labels":               {replicas, strings.Replace(atMost5, "match: {", "match: {labelSelector: {matchLabels: {team: nlp}}, ", 1), ""},
		"namespace labels":     {replicas, strings.Replace(atMost5, "match: {", "match: {namespaceSelector: {matchLabels: {tier: prod}}, ", 1), moreThan5},
		"namespace unlike":     {replicas, strings.Replace(atMost5, "match: {", "match: {namespaceSelector: {matchLabels: {tier: test}}, ", 1), ""},
		"scope":                {replicas, strings.Replace(atMost5, "match: {", "match: {scope: Cluster, ", 1), ""},
		"generated":            {probes, strings.Replace(anyPod, "match: {", "match: {source: Generated, ", 1) + oneProbe, noProbe},
		"no namespace":         {"  rego: |\n    package ours\n    violation[{\"msg\": msg}] {\n      not input.review.namespace\n      msg := sprintf(\"%v is in none\", [input.review.name])\n    }\n", "{}", "error MO902 app.yaml:1:1 : vision-prod is in none\n"},
		"owner of a pod":       {"  rego: |\n    package ours\n    violation[{\"msg\": msg}] {\n      owner := input.review.object.metadata.ownerReferences[_]\n      msg := sprintf(\"of %v %v\", [owner.kind, owner.name])\n    }\n", anyPod, atTheTop + "of Deployment resnet\n"},
		"original":             {replicas, strings.Replace(atMost5, "match: {", "match: {source: Generated, ", 1), ""},
		"conditions":           {"  code:\n  - engine: K8sNativeValidation\n    source:\n      matchCondition: [{name: a, expression: \"object.spec.replicas > 9\"}]\n      validations: [{expression: \"false\"}]\n", atMost5, ""},
		"conditions, misspelt": {"  code:\n  - engine: K8sNativeValidation\n    source:\n      matchConditions: [{name: a, expression: \"true\"}]\n      validations: [{expression: \"false\"}]\n", atMost5, "error MO900 policies/p.yaml:6:3 : json: unknown field \"matchConditions\"\n"},
		"star in the middle":   {replicas, "match: {namespaces: ['vision*prod']}\n", "error MO900 policies/p.yaml:22:3 : spec.match: \"vision*prod\" is no name with a star before or behind it\n"},
		"name in capitals":     {replicas, "match: {name: 'Resnet*'}\n", "error MO900 policies/p.yaml:22:3 : spec.match: \"Resnet*\" is no name with a star before or behind it\n"},
		"unknown source":       {replicas, "match: {source: generated}\n", "error MO900 policies/p.yaml:22:3 : spec.match.source: \"generated\": it is All, Generated or Original\n"},
		"misspelt match":       {replicas, "match: {kind: [Pod]}\n", "error MO900 policies/p.yaml:9:1 : spec.match: json: unknown field \"kind\"\n"},
		"network":              {"  rego: |\n    package ours\n    violation[{\"msg\": \"x\"}] { http.send({\"method\": \"get\", \"url\": \"http://127.0.0.1\"}) }\n", oneProbe, "error MO900 policies/p.yaml:6:3 : 1 error occurred: Ours:2: rego_type_error: unsafe built-in function calls in expression: http.send\n"},
		"provider":             {"  rego: |\n    package ours\n    violation[{\"msg\": \"x\"}] { external_data({\"provider\": \"p\", \"keys\": []}) }\n", oneProbe, "not checked Ours/mine: it asks a provider in the cluster (external_data)\n"},
		"native requester":     {"  code: [{engine: K8sNativeValidation, source: {validations: [{expression: \"request.userInfo.username == 'a'\"}]}}]\n", oneProbe, "not checked Ours/mine: it asks who makes the request (request.userInfo), which no file says\n"},
		"fails in the middle":  {"  rego: |\n    package ours\n    violation[{\"msg\": msg}] { msg := sprintf(\"%v\", [to_number(input.review.name)]) }\n", oneProbe, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := gatekeeper(c.template, c.constraint)
			got := judged(t, load(t, map[string]string{"p.yaml": text}), setOf(t, deployment, namespace))
			if name == "misspelt match" {
				line := strings.Count(text[:strings.Index(text, "  match: {kind")], "\n") + 1
				c.want = strings.Replace(c.want, ":9:1", fmt.Sprintf(":%d:3", line), 1)
			}
			if got != c.want {
				t.Errorf("got:\n%swant:\n%s", got, c.want)
			}
		})
	}
}

func ingress(name, host string) string {
	return "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: " + name + ", namespace: vision-prod}\nspec: {rules: [{host: " + host + "}]}\n"
}

// A policy about several objects is judged where all are known, and not where a part is validated.
func TestInventory(t *testing.T) {
	p := load(t, map[string]string{"p.yaml": gatekeeper(hosts, "match: {kinds: [{apiGroups: [networking.k8s.io], kinds: [Ingress]}]}\n")})
	set := setOf(t, ingress("a", "x.example.com"), ingress("b", "x.example.com"), ingress("c", "y.example.com"))
	want := "error MO902 app.yaml:1:1 : x.example.com is taken by vision-prod/a\nerror MO902 app.yaml:1:1 : x.example.com is taken by vision-prod/b\n"
	if got := judged(t, p, set); !sameLines(got, want) {
		t.Errorf("%s", got)
	}
	set.Whole = false
	if got, want := judged(t, p, set), "not checked Ours/mine: it looks at other objects, and only a part of the repository is validated\n"; got != want {
		t.Errorf("%s", got)
	}
}

func sameLines(a, b string) bool {
	return slices.Equal(slices.Sorted(strings.Lines(a)), slices.Sorted(strings.Lines(b)))
}

func TestWhatBelongsTogether(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"policy alone":   {strings.Split(vap(deployments+few, deny), "---\n")[0], "not checked ValidatingAdmissionPolicy/ours: no binding in the folder enforces it\n"},
		"binding alone":  {strings.Split(vap(deployments+few, deny), "---\n")[1], "not checked ValidatingAdmissionPolicyBinding/ours: its policy ours is not in the folder\n"},
		"template alone": {strings.Split(gatekeeper(probes, ""), "---\n")[0], "not checked ConstraintTemplate of Ours: no constraint in the folder uses it\n"},
		"constraint alone": {strings.Split(gatekeeper(probes, ""), "---\n")[1],
			"not checked Ours/mine: its ConstraintTemplate is not in the folder\n"},
		"pods of workloads": {"apiVersion: expansion.gatekeeper.sh/v1beta1\nkind: ExpansionTemplate\nmetadata: {name: a}\nspec: {applyTo: [{groups: [apps], versions: [v1], kinds: [Deployment, DaemonSet]}], templateSource: spec.template, generatedGVK: {version: v1, kind: Pod}}\n", ""},
		"pods of others": {"apiVersion: expansion.gatekeeper.sh/v1beta1\nkind: ExpansionTemplate\nmetadata: {name: a}\nspec: {applyTo: [{groups: [ours], versions: [v1], kinds: [Deployment, Ours]}], templateSource: spec.template, generatedGVK: {version: v1, kind: Pod}}\n",
			"not checked ExpansionTemplate/a: policies of this kind are not evaluated (policies/p.yaml:1:1)\n"},
		"expansion of other kinds": {"apiVersion: expansion.gatekeeper.sh/v1beta1\nkind: ExpansionTemplate\nmetadata: {name: a}\nspec: {applyTo: [{groups: [apps], versions: [v1], kinds: [Deployment]}], templateSource: spec.template, generatedGVK: {version: v1, kind: Ours}}\n",
			"not checked ExpansionTemplate/a: policies of this kind are not evaluated (policies/p.yaml:1:1)\n"},
		"other kinds": {"apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: a}\n", "not checked ClusterPolicy/a: policies of this kind are not evaluated (policies/p.yaml:1:1)\n"},
	} {
		if got := judged(t, load(t, map[string]string{"p.yaml": c.text}), setOf(t, deployment)); got != c.want {
			t.Errorf("%s: got:\n%swant:\n%s", name, got, c.want)
		}
	}
}

const (
	denyV1 = "package main\n\nimport data.images\n\ndeny contains msg if {\n\tsome c in images.of(input)\n\tnot contains(c, \"@sha256:\")\n\tmsg := sprintf(\"%s is not pinned\", [c])\n}\n\nwarn_replicas contains \"an even number is better\" if input.spec.replicas % 2 == 1\n"
	images = "package images\n\nof(o) := {c.image | some c in o.spec.template.spec.containers}\n"
	oldWay = "package main\nviolation[{\"msg\": msg, \"details\": {}}] { input.kind == \"Deployment\"; msg := \"old\" }\ndeny[\"also old\"] { input.kind == \"Deployment\" }\n"
)

func TestPlainRego(t *testing.T) {
	top := " app.yaml:1:1 : "
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"two files": {map[string]string{"a.rego": denyV1, "lib/images.rego": images},
			"error MO903" + top + "registry.example.com/resnet:1.0 is not pinned\nwarning MO903" + top + "an even number is better\n"},
		"old style": {map[string]string{"a.rego": oldWay}, "error MO903" + top + "also old\nerror MO903" + top + "old\n"},
		"tests":     {map[string]string{"a_test.rego": "package main\nbroken"}, ""},
		"a library": {map[string]string{"images.rego": images}, "not checked Rego: no rule deny, warn or violation in a package main\n"},
		"no Rego": {map[string]string{"a.rego": "package main\ndeny contains if"},
			"error MO900 policies/a.rego:2:15 : unexpected if keyword\nerror MO900 policies/a.rego:2:15 : unexpected if keyword: expected rule key term (e.g., deny contains <VALUE> { ... })\nerror MO900 policies/a.rego:2:16 : unexpected eof token\n"},
		"runtime":   {map[string]string{"a.rego": "package main\ndeny contains opa.runtime().env.HOME if true\n"}, "error MO900 policies/a.rego:2:15 : unsafe built-in function calls in expression: opa.runtime\n"},
		"lookups":   {map[string]string{"a.rego": "package main\ndeny contains x if some x in net.lookup_ip_addr(\"localhost\")\n"}, "error MO900 policies/a.rego:2:30 : unsafe built-in function calls in expression: net.lookup_ip_addr\n"},
		"schemas":   {map[string]string{"a.rego": "package main\ndeny contains \"x\" if json.match_schema({}, {\"$ref\": \"http://127.0.0.1/\"})[0]\n"}, "error MO900 policies/a.rego:2:22 : unsafe built-in function calls in expression: json.match_schema\n"},
		"undefined": {map[string]string{"a.rego": "package main\ndeny contains nothing(input) if true\n"}, "error MO900 policies/a.rego:2:15 : undefined function nothing\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := judged(t, load(t, c.files), setOf(t, deployment)); got != c.want {
				t.Errorf("got:\n%swant:\n%s", got, c.want)
			}
		})
	}
}

// doubled makes a text that doubles with every line.
func doubled(n int) string {
	var b strings.Builder
	b.WriteString("package main\nl0 := \"0123456789abcdef\"\n")
	for i := range n {
		fmt.Fprintf(&b, "l%d := concat(\"\", [l%d, l%d])\n", i+1, i, i)
	}
	fmt.Fprintf(&b, "deny contains \"x\" if count(l%d) > 0\n", n)
	return b.String()
}

// A policy that does not come to an end is given up, said, and does not keep the others from their work.
func TestPoliciesWithoutEnd(t *testing.T) {
	other := "package main\nwarn contains \"judged\" if input.kind == \"Deployment\"\n"
	for name, c := range map[string]struct{ file, text, want string }{
		"loops":  {"a.rego", "package main\ndeny contains x if {\n\tsome x in numbers.range(1, 10000)\n\tsome y in numbers.range(1, 10000)\n\tsome z in numbers.range(1, 10000)\n\tx * y * z < 0\n}\n", errSlow.Error()},
		"memory": {"a.rego", doubled(40), errLarge.Error()},
		"cel":    {"p.yaml", vap(pods+"validations: [{expression: \"[1,2,3,4,5,6,7,8,9,0].all(a, [1,2,3,4,5,6,7,8,9,0].all(b, [1,2,3,4,5,6,7,8,9,0].all(c, [1,2,3,4,5,6,7,8,9,0].all(d, [1,2,3,4,5,6,7,8,9,0].all(e, [1,2,3,4,5,6,7,8,9,0].all(f, a + b + c + d + e + f >= 0))))))\"}]\n", deny), "cost"},
	} {
		t.Run(name, func(t *testing.T) {
			p := load(t, map[string]string{c.file: c.text, "other.rego": other})
			if p.Patience = 2 * time.Second; name != "loops" { // the others end by other bounds
				p.Patience = time.Minute
			}
			got := judged(t, p, setOf(t, deployment))
			if !strings.Contains(got, c.want) || !strings.HasPrefix(got, "error MO90") {
				t.Errorf("%s", got)
			}
			if name == "loops" && !strings.Contains(got, "judged") {
				t.Errorf("the other policy did not judge: %s", got)
			}
		})
	}
}

func TestFolder(t *testing.T) {
	large := "package main\n" + strings.Repeat("# "+strings.Repeat("x", 98)+"\n", 11000)
	fsys := fstest.MapFS{
		"p/large.rego": {Data: []byte(large)},
		"p/link.rego":  {Data: []byte("/etc/passwd"), Mode: fs.ModeSymlink | 0o777},
		"p/bad.yaml":   {Data: []byte("a: [")},
	}
	p, err := Load(fsys, "p/")
	if err != nil {
		t.Fatal(err)
	}
	found, gaps := p.Judge(t.Context(), setOf(t, deployment))
	if len(found) != 1 || found[0].Check != "MO900" || found[0].At.File != "p/bad.yaml" || len(gaps) != 2 || gaps[0].What != "p/large.rego" || gaps[1].What != "p/link.rego" {
		t.Errorf("%+v %+v", found, gaps)
	}
	many := fstest.MapFS{}
	for i := range maxFiles + 1 {
		many[fmt.Sprintf("p/%d.rego", i)] = &fstest.MapFile{Data: []byte("package lib")}
	}
	if _, err := Load(many, "p"); err == nil || err.Error() != "read policies: p holds more than 1000 files" {
		t.Errorf("%v", err)
	}
}

// everything is one policy of each kind.
func everything(t testing.TB) *Policies {
	return load(t, map[string]string{
		"a.yaml": vap(strings.ReplaceAll(deployments, "deployments", "'*'")+few+"matchConditions: [{name: a, expression: 'has(object.metadata)'}]\n", deny+"matchResources: {objectSelector: {matchLabels: {team: vision}}, namespaceSelector: {matchLabels: {tier: prod}}}\n"),
		"b.yaml": gatekeeper(probes, oneProbe), "c.yaml": strings.ReplaceAll(strings.ReplaceAll(gatekeeper(replicas, "match: {labelSelector: {matchLabels: {team: vision}}, scope: Namespaced}\nparameters: {most: 5}\n"), "Ours", "Others"), "name: ours", "name: others"),
		"d.rego": denyV1, "lib/images.rego": images,
	})
}

// Objects may hold anything anywhere: nobody has looked at them before.
func TestObjectsOfAnyShape(t *testing.T) {
	p := everything(t)
	odd := []any{nil, "text", 5, 2.5, true, []any{}, []any{"a", 1, nil}, map[string]any{}, map[string]any{"a": []any{map[string]any{}}}, uint64(1) << 63}
	for _, kind := range []string{"Deployment", "Namespace", "CronJob", "Pod", "Unknown"} {
		for _, v := range odd {
			for _, path := range []string{"metadata", "spec", "metadata.labels", "spec.template", "spec.template.spec", "spec.template.metadata", "spec.jobTemplate", "spec.template.spec.containers", "kind", "apiVersion"} {
				content := map[string]any{"apiVersion": "apps/v1", "kind": kind, "metadata": map[string]any{"name": "a"}, "spec": map[string]any{"template": map[string]any{"spec": map[string]any{}, "metadata": map[string]any{}}}}
				put(content, strings.Split(path, "."), v)
				o := &manifest.Object{Object: finding.Object{APIVersion: "apps/v1", Kind: kind, Namespace: "vision-prod", Name: "a"}, Content: content, Source: nowhere{}}
				u := &manifest.Unit{Objects: []*manifest.Object{o}, Before: []*manifest.Object{o}}
				p.Judge(t.Context(), &manifest.Set{Whole: true, Units: []*manifest.Unit{u}})
			}
		}
	}
}

func put(m map[string]any, path []string, v any) {
	for _, p := range path[:len(path)-1] {
		m = into(m, p)
	}
	m[path[len(path)-1]] = v
}

type nowhere struct{}

func (nowhere) Position(...any) finding.Position { return finding.Position{} }

// One set of policies may judge several sets at once, and what it judges stays as it is.
func TestTogether(t *testing.T) {
	p := everything(t)
	set := setOf(t, deployment, namespace)
	want := judged(t, p, set)
	if !strings.Contains(want, "MO901") || !strings.Contains(want, "MO902") || !strings.Contains(want, "MO903") {
		t.Fatalf("%s", want)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got := judged(t, p, set); got != want {
				t.Errorf("got:\n%swant:\n%s", got, want)
			}
		})
	}
	wg.Wait()
	if labels := set.Units[1].Objects[0].At("metadata", "labels").(map[string]any); len(labels) != 1 {
		t.Errorf("the namespace now has the labels %v", labels)
	}
}

func BenchmarkJudge(b *testing.B) {
	p := everything(b)
	var texts []string
	for i := range 1000 {
		texts = append(texts, strings.Replace(deployment, "resnet", fmt.Sprintf("m%d", i), 1))
	}
	set := setOf(b, append(texts, namespace)...)
	for b.Loop() {
		p.Judge(b.Context(), set)
	}
}
