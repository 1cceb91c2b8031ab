package isolation

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/modelops/modelops/internal/validate/manifest"
)

var (
	update = flag.Bool("update", false, "write the golden files anew")
	export = flag.String("export", "", "write what each breach builds into a `folder`, a file each, for other linters")
)

// Folders and files of the rendered repository that breaches change.
const (
	resnet     = "models/vision/resnet/prod"
	detect     = "models/vision/detect/prod"
	tenant     = "tenants/vision/prod"
	argo       = "argocd/vision-prod"
	netpol     = resnet + "/base/networkpolicy.yaml"
	deployment = resnet + "/base/deployment.yaml"
	hpa        = resnet + "/base/hpa.yaml"
	quotaFile  = tenant + "/resourcequota.yaml"
	limits     = tenant + "/limitrange.yaml"
	projectYML = argo + "/project.yaml"
	appset     = argo + "/applicationset.yaml"
)

// peerOfGateway is the peer of the model's policy that breaches widen.
const peerOfGateway = `    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: gateways
      podSelector:
        matchLabels:
          app: gateway
`

// allow is a policy that somebody adds to a model's folder.
func allow(selector, rules string) string {
	return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: added}\nspec:\n  podSelector: " + selector + "\n" + rules
}

func ownRole(rules string) string {
	return "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: added, namespace: vision-prod}\nrules:\n" + rules + bind("Role, name: added", "kind: Group, apiGroup: rbac.authorization.k8s.io, name: vision-owners")
}

func bind(ref, subject string) string {
	return fmt.Sprintf("---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: added, namespace: vision-prod}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: %s}\nsubjects: [{%s}]\n", ref, subject)
}

// viewer binds the team's own harmless role.
func viewer(subject string) string { return bind("Role, name: team-viewer", subject) }

// canary is a second workload of the model.
func canary(replicas, resources string) string {
	return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: resnet-canary}\nspec:\n  replicas: " + replicas + `
  selector: {matchLabels: {app: canary}}
  template:
    metadata: {labels: {app: canary}}
    spec:
      containers: [{name: server, image: "registry.example.com/x@sha256:` + strings.Repeat("a", 64) + `", resources: ` + resources + "}]\n"
}

const deployer = `apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: deployer, namespace: vision-prod}
rules: [{apiGroups: [apps], resources: [deployments], verbs: [delete]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: deployer, namespace: vision-prod}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: deployer}
subjects: [{kind: ServiceAccount, name: deployer, namespace: vision-prod}]
---
`

// breach is one way to break the isolation of the five teams, and the check that must see it.
type breach struct {
	name, check string
	make        func(*repository)
}

func breaches() []breach {
	edit := func(file, old, new string) func(*repository) {
		return func(r *repository) { r.replace(file, old, new) }
	}
	add := func(dir, manifest string) func(*repository) { return func(r *repository) { r.add(dir, manifest) } }
	return []breach{
		// Quota.
		{"quota exceeded by surge alone", "MO303", edit(quotaFile, `requests.nvidia.com/gpu: "8"`, `requests.nvidia.com/gpu: "3"`)},
		{"quota exceeded by the autoscaler's most", "MO303", edit(hpa, "maxReplicas: 3", "maxReplicas: 9")},
		{"quota exceeded by a canary", "MO303", add(resnet, canary("20", "{requests: {cpu: 2, memory: 1Gi}, limits: {memory: 1Gi}}"))},
		{"quota exceeded by the default of the LimitRange", "MO303", func(r *repository) {
			r.replace(limits, "memory: 512Mi", "memory: 40Gi")
			r.replace(limits, "memory: 512Mi", "memory: 40Gi")
			r.add(detect, canary("2", "{requests: {cpu: 100m}}"))
		}},
		{"quota exceeded by a surge of percents that rounds up", "MO303", func(r *repository) {
			r.replace(deployment, "maxSurge: 1", "maxSurge: 34%")
			r.replace(quotaFile, `pods: "20"`, `pods: "6"`)
		}},
		{"quota exceeded by an init container", "MO303", edit(deployment, "      containers:\n", "      initContainers: [{name: warm, image: x, resources: {requests: {cpu: 20, memory: 1Gi}, limits: {memory: 1Gi}}}]\n      containers:\n")},
		{"quota exceeded by a sidecar", "MO303", edit(deployment, "      containers:\n", "      initContainers: [{name: proxy, image: x, restartPolicy: Always, resources: {requests: {cpu: 6, memory: 1Gi}, limits: {memory: 1Gi}}}]\n      containers:\n")},
		{"load balancer where none is allowed", "MO303", edit(resnet+"/base/service.yaml", "type: ClusterIP", "type: LoadBalancer")},
		{"limit above the LimitRange's most", "MO303", edit(limits, "memory: 64Gi", "memory: 8Gi")},
		{"no CPU limit where the quota wants one", "MO303", edit(quotaFile, "    limits.memory", "    limits.cpu: \"100\"\n    limits.memory")},
		{"default limit below a request", "MO303", add(detect, canary("1", "{requests: {cpu: 100m, memory: 2Gi}}"))},

		// Tenants.
		{"default-deny taken away", "MO305", func(r *repository) { r.remove(tenant, "networkpolicy-default-deny.yaml") }},
		{"default-deny of one side alone", "MO305", edit(tenant+"/networkpolicy-default-deny.yaml", "  - Ingress\n", "")},
		{"Pod Security loosened", "MO305", edit(tenant+"/namespace.yaml", "enforce: restricted", "enforce: privileged")},
		{"quota taken away", "MO305", func(r *repository) { r.remove(tenant, "resourcequota.yaml") }},
		{"LimitRange taken away", "MO305", func(r *repository) { r.remove(tenant, "limitrange.yaml") }},
		{"DNS closed", "MO305", func(r *repository) { r.remove(tenant, "networkpolicy-dns.yaml") }},

		// Pods.
		{"pod on its node's network", "MO306", edit(deployment, "    spec:\n", "    spec:\n      hostNetwork: true\n")},
		{"pods that no policy selects", "MO306", func(r *repository) {
			for _, policy := range []string{"default-deny", "dns", "scrape-metrics"} {
				r.remove(tenant, "networkpolicy-"+policy+".yaml")
			}
			r.remove(detect+"/base", "networkpolicy.yaml")
		}},
		{"gateway shut out by a patch", "MO306", edit(netpol, peerOfGateway, "")},
		{"Prometheus shut out", "MO306", func(r *repository) { r.remove(tenant, "networkpolicy-scrape-metrics.yaml") }},
		{"model store shut out", "MO306", edit(tenant+"/networkpolicy-model-stores.yaml", "port: 443", "port: 80")},
		{"label of the standard's policies taken off", "MO306", edit(deployment, "        modelops.dev/managed: \"true\"\n", "")},

		// Policies.
		{"empty namespaceSelector", "MO307", edit(netpol, peerOfGateway, "    - namespaceSelector: {}\n")},
		{"namespaceSelector that excludes one", "MO307", edit(netpol, peerOfGateway, "    - namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system]}]}\n")},
		{"another team let in", "MO307", edit(netpol, "kubernetes.io/metadata.name: gateways", "kubernetes.io/metadata.name: nlp-prod")},
		{"another team let in by a label of its tenant", "MO307", edit(netpol, peerOfGateway, "    - namespaceSelector: {matchLabels: {modelops.dev/team: ads}}\n")},
		{"the team's own staging let into prod", "MO307", edit(netpol, "kubernetes.io/metadata.name: gateways", "kubernetes.io/metadata.name: vision-staging")},
		{"peer that no spec declares", "MO307", edit(netpol, "kubernetes.io/metadata.name: gateways", "kubernetes.io/metadata.name: kube-public")},
		{"declared peer with fewer labels", "MO307", edit("models/fraud/score/prod/base/networkpolicy.yaml", "      podSelector:\n        matchLabels:\n          app.kubernetes.io/name: rank\n", "")},
		{"ingress from everybody", "MO307", add(resnet, allow("{}", "  ingress: [{}]\n"))},
		{"ingress from an empty list", "MO307", add(resnet, allow("{}", "  ingress: [{from: [], ports: [{port: 8000}]}]\n"))},
		{"egress to everywhere", "MO307", add(resnet, allow("{}", "  policyTypes: [Egress]\n  egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]\n"))},
		{"egress to the internet without the private ranges", "MO307", add(resnet, allow("{}", "  policyTypes: [Egress]\n  egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 169.254.0.0/16]}}]}]\n"))},
		{"egress to half of the addresses", "MO307", add(resnet, allow("{}", "  policyTypes: [Egress]\n  egress: [{to: [{ipBlock: {cidr: 128.0.0.0/1}}]}]\n"))},
		{"egress to the metadata service", "MO307", add(resnet, allow("{}", "  policyTypes: [Egress]\n  egress: [{to: [{ipBlock: {cidr: 169.254.169.254/32}}]}]\n"))},
		{"egress by IPv6", "MO307", add(resnet, allow("{}", "  policyTypes: [Egress]\n  egress: [{to: [{ipBlock: {cidr: '::/0'}}]}]\n"))},
		{"ipBlock that covers pods", "MO307", add(resnet, allow("{}", "  policyTypes: [Egress]\n  egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]\n"))},
		{"ingress from an ipBlock that covers pods", "MO307", add(resnet, allow("{}", "  ingress: [{from: [{ipBlock: {cidr: 10.244.0.0/16}}]}]\n"))},
		{"declared store that takes in the metadata service", "MO307", func(r *repository) {
			r.replace("tenants/vision/team.yaml", "  limits:", "  network: {modelStores: [{cidr: 169.0.0.0/8}]}\n  limits:")
			r.replace(tenant+"/networkpolicy-model-stores.yaml", "  egress:\n", "  egress:\n  - to: [{ipBlock: {cidr: 169.0.0.0/8}}]\n    ports: [{port: 443}]\n")
		}},
		{"policy whose fields are of the wrong type", "MO307", add(resnet, allow("{}", "  ingress: everybody\n"))},
		{"policy of another API", "MO307", add(resnet, "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: added}\nspec: {}\n")},

		// Boundaries.
		{"object in another team's namespace", "MO308", edit(resnet+"/kustomization.yaml", "namespace: vision-prod", "namespace: nlp-prod")},
		{"cluster-scoped object", "MO308", add(resnet, "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: added}\nvalue: 1000000\n")},
		{"another namespace by the tenant", "MO308", add(tenant, "apiVersion: v1\nkind: Namespace\nmetadata: {name: extra}\n")},
		{"RoleBinding to another team's ServiceAccount", "MO308", add(tenant, viewer("kind: ServiceAccount, name: llama, namespace: nlp-prod"))},
		{"role for everybody who is signed in", "MO308", add(tenant, viewer("kind: Group, apiGroup: rbac.authorization.k8s.io, name: 'system:authenticated'"))},
		{"role for all ServiceAccounts", "MO308", add(tenant, viewer("kind: Group, apiGroup: rbac.authorization.k8s.io, name: 'system:serviceaccounts'"))},
		{"role for another team's owners", "MO308", add(tenant, viewer("kind: Group, apiGroup: rbac.authorization.k8s.io, name: nlp-owners"))},
		{"role for another namespace's accounts", "MO308", add(tenant, viewer("kind: Group, apiGroup: rbac.authorization.k8s.io, name: 'system:serviceaccounts:nlp-prod'"))},
		{"role for an account by its user name", "MO308", add(tenant, viewer("kind: User, apiGroup: rbac.authorization.k8s.io, name: 'system:serviceaccount:nlp-prod:llama'"))},
		{"Service that leads into another namespace", "MO308", add(resnet, "apiVersion: v1\nkind: Service\nmetadata: {name: added}\nspec: {type: ExternalName, externalName: llama.nlp-prod.svc.cluster.local}\n")},
		{"addresses written by hand", "MO308", add(resnet, "apiVersion: v1\nkind: Endpoints\nmetadata: {name: added}\nsubsets: [{addresses: [{ip: 10.0.0.7}], ports: [{port: 80}]}]\n")},
		{"claim that copies another namespace's", "MO308", add(resnet, "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: added}\nspec: {accessModes: [ReadWriteOnce], dataSourceRef: {kind: PersistentVolumeClaim, name: weights, namespace: nlp-prod}, resources: {requests: {storage: 2Gi}}}\n")},
		{"route to another namespace's Service", "MO308", add(resnet, "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: added}\nspec: {parentRefs: [{name: gw, namespace: gateways}], rules: [{backendRefs: [{name: llama, namespace: nlp-prod, port: 80}]}]}\n")},
		{"workload among Argo CD's objects", "MO308", add(argo, "apiVersion: batch/v1\nkind: Job\nmetadata: {name: added, namespace: argocd}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: x, image: x}]}}}\n")},

		// Ways up.
		{"may bind roles", "MO311", add(tenant, ownRole("- {apiGroups: [rbac.authorization.k8s.io], resources: [roles], verbs: [bind]}\n"))},
		{"may escalate roles", "MO311", add(tenant, ownRole("- {apiGroups: [rbac.authorization.k8s.io], resources: ['*'], verbs: [escalate]}\n"))},
		{"may impersonate", "MO311", add(tenant, ownRole("- {apiGroups: [''], resources: [serviceaccounts], verbs: [impersonate]}\n"))},
		{"may read secrets", "MO311", add(tenant, ownRole("- {apiGroups: [''], resources: [secrets], verbs: [list]}\n"))},
		{"may have tokens made", "MO311", add(tenant, ownRole("- {apiGroups: [''], resources: [serviceaccounts/token], verbs: [create]}\n"))},
		{"may run commands in pods", "MO311", add(tenant, ownRole("- {apiGroups: [''], resources: [pods/exec], verbs: [create]}\n"))},
		{"may start pods as a stronger account", "MO311", add(tenant, deployer+ownRole("- {apiGroups: [''], resources: [pods], verbs: [create]}\n"))},
		{"may start workloads as a stronger account", "MO311", add(tenant, deployer+ownRole("- {apiGroups: ['*'], resources: ['*'], verbs: [patch]}\n"))},
		{"may start jobs as an account that edits", "MO311", add(tenant, ownRole("- {apiGroups: [batch], resources: [jobs], verbs: [create]}\n")+
			strings.ReplaceAll(bind("ClusterRole, name: edit", "kind: ServiceAccount, name: deployer, namespace: vision-prod"), "name: added,", "name: editor,"))},

		// Projects and Applications.
		{"project with two destinations", "MO401", edit(projectYML, "  destinations:\n", "  destinations:\n  - {namespace: vision-prod, server: 'https://kubernetes.default.svc'}\n")},
		{"project with a second namespace", "MO401", edit(projectYML, "  destinations:\n", "  destinations:\n  - {namespace: nlp-prod, server: 'https://kubernetes.default.svc'}\n")},
		{"project for every namespace", "MO401", edit(projectYML, "- namespace: vision-prod", "- namespace: '*'")},
		{"project for namespaces by a pattern", "MO401", edit(projectYML, "- namespace: vision-prod", "- namespace: 'vision-*'")},
		{"project for every repository", "MO401", edit(projectYML, "- https://git.example.com/ml/five.git", "- '*'")},
		{"project for every kind", "MO401", edit(projectYML, "- group: \"\"\n    kind: Service\n", "- group: '*'\n    kind: '*'\n")},
		{"project without a list of kinds", "MO401", edit(projectYML, "  namespaceResourceWhitelist:", "  namespaceResourceWhitelistOff:")},
		{"project that may change roles", "MO401", edit(projectYML, "- group: \"\"\n    kind: Service\n", "- group: rbac.authorization.k8s.io\n    kind: RoleBinding\n")},
		{"project that may change the cluster", "MO401", edit(projectYML, "clusterResourceWhitelist: []", "clusterResourceWhitelist: [{group: rbac.authorization.k8s.io, kind: ClusterRole}]")},
		{"role of a project for all projects", "MO401", edit(projectYML, "applications, sync, vision-prod/*, allow", "applications, sync, */*, allow")},
		{"role of a project for another one's role", "MO401", edit(projectYML, "proj:vision-prod:ci, applications, sync", "proj:nlp-prod:ci, applications, sync")},
		{"Applications of any namespace", "MO401", edit(projectYML, "  sourceRepos:", "  sourceNamespaces: ['*']\n  sourceRepos:")},
		{"team deployed by the platform's project", "MO403", edit(appset, "project: vision-prod", "project: modelops-platform")},
		{"team deployed by another team's project", "MO403", edit(appset, "project: vision-prod", "project: nlp-prod")},
		{"project from a template", "MO403", edit(appset, "project: vision-prod", "project: 'modelops-{{.path.basename}}'")},
		{"project default", "MO403", edit(appset, "project: vision-prod", "project: default")},
		{"every team's models by one project", "MO403", edit(appset, "models/vision/*/prod", "models/*/*/prod")},
		{"tenant deployed by the team's own project", "MO403", edit(appset, "models/vision/*/prod", "tenants/vision/prod")},
		{"manifests from another repository", "MO403", edit(appset, "      source:\n        repoURL: https://git.example.com/ml/five.git", "      source:\n        repoURL: https://git.example.com/evil.git")},
		{"destination outside of the project", "MO403", edit(appset, "        namespace: vision-prod", "        namespace: nlp-prod")},
		{"tenant whose namespace the platform's project lacks", "MO403", edit("argocd/project.yaml", "  - namespace: ads-prod\n    server: https://kubernetes.default.svc\n", "")},
		{"kind that the project does not allow", "MO403", add(resnet, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: added}\ndata: {}\n")},
		{"generator that cannot be followed", "MO403", edit(appset, "  generators:\n", "  generators:\n  - list: {elements: [{cluster: prod}]}\n")},
	}
}

// TestBreaches breaks the repository in one way after the other. Each must be seen by the check that is there for it; the
// golden file has all that is said about each.
func TestBreaches(t *testing.T) {
	all := breaches()
	exported(t, "unbroken", unbroken())
	said := make([]string, len(all))
	t.Run("each", func(t *testing.T) {
		var once sync.Map
		for i, b := range all {
			t.Run(b.name, func(t *testing.T) {
				t.Parallel()
				if _, twice := once.LoadOrStore(b.name, true); twice {
					t.Error("there are two of this name")
				}
				r := five(t)
				b.make(r)
				set := r.read()
				exported(t, b.name, set)
				found, gaps := Judge(set)
				seen := false
				for _, f := range found {
					seen = seen || f.Check == b.check
					if f.Fix == "" || f.Why == "" || f.At.File == "" {
						t.Errorf("a finding without words or place: %+v", f)
					}
				}
				if !seen {
					t.Errorf("%s does not see it:\n%s", b.check, strings.Join(lines(found), "\n"))
				}
				said[i] = "## " + b.name + "\n" + strings.Join(lines(found), "\n") + "\n"
				for _, g := range gaps {
					said[i] += "not judged: " + g.What + ": " + g.Why + "\n"
				}
			})
		}
	})
	golden(t, "breaches.txt", strings.Join(said, "\n"))
	for _, c := range Checks() {
		if !slices.ContainsFunc(all, func(b breach) bool { return b.check == c.ID }) {
			t.Errorf("there is no breach for %s", c.ID)
		}
	}
}

// exported writes all objects of a set where -export says.
func exported(t *testing.T, name string, set *manifest.Set) {
	t.Helper()
	if *export == "" {
		return
	}
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	set.Objects(func(o *manifest.Object) { must(e.Encode(o.Content)) })
	must(e.Close())
	must(os.WriteFile(filepath.Join(*export, name+".yaml"), b.Bytes(), 0o644))
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		must(os.MkdirAll("testdata", 0o755))
		must(os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: -want +got (go test -update writes it anew):\n%s", file, diff)
	}
}
