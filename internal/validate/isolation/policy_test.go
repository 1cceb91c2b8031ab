package isolation

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/validate/source"
)

// setOf reads manifests as one file of a repository that nobody else is in.
func setOf(t testing.TB, text string) *manifest.Set {
	t.Helper()
	objects, err := source.Manifests("m.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	u := &manifest.Unit{Kind: manifest.File, Path: "m.yaml", Objects: objects}
	u.Own(objects)
	return &manifest.Set{Units: []*manifest.Unit{u}, Whole: true}
}

// pods of two namespaces: a has a server and a client, b a client.
const pods = `apiVersion: v1
kind: Namespace
metadata: {name: a, labels: {team: a}}
---
apiVersion: v1
kind: Namespace
metadata: {name: b, labels: {team: b}}
---
apiVersion: v1
kind: Pod
metadata: {name: server, namespace: a, labels: {app: server}}
spec: {containers: [{name: c, image: x, ports: [{name: http, containerPort: 8080}, {name: dns, containerPort: 53, protocol: UDP}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: a, labels: {app: client}}
spec: {containers: [{name: c, image: x}]}
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: b, labels: {app: client}}
spec: {containers: [{name: c, image: x}]}
`

// np is a policy of namespace a for the server.
func np(spec string) string {
	return "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n" + fmt.Sprint(len(spec)) + ", namespace: a}\nspec: {podSelector: {matchLabels: {app: server}}, " + spec + "}\n"
}

// TestPolicySemantics asks who reaches whom under policies of every form. The answers are those of the documentation of
// NetworkPolicy in the API.
func TestPolicySemantics(t *testing.T) {
	t.Parallel()
	const closed = ""
	for name, c := range map[string]struct {
		policies string
		// From the client of the same namespace, from that of another, and from the server to the client of another.
		near, far, out string
	}{
		"no policy":                          {"", "all", "all", "all"},
		"default types without egress rules": {np("ingress: []"), closed, closed, "all"},
		"default types with egress rules":    {np("egress: [{to: [{podSelector: {}}]}]"), closed, closed, closed},
		"default types with an empty list":   {np("egress: []"), closed, closed, "all"},
		"no types by an empty list":          {np("policyTypes: []"), closed, closed, "all"},
		"egress alone":                       {np("policyTypes: [Egress]"), "all", "all", closed},
		"ingress alone":                      {np("policyTypes: [Ingress]"), closed, closed, "all"},
		"egress rules without their type":    {np("policyTypes: [Ingress], egress: [{}]"), closed, closed, "all"},
		"empty rule":                         {np("ingress: [{}]"), "all", "all", "all"},
		"empty from":                         {np("ingress: [{from: []}]"), "all", "all", "all"},
		"empty podSelector":                  {np("ingress: [{from: [{podSelector: {}}]}]"), "all", closed, "all"},
		"empty namespaceSelector":            {np("ingress: [{from: [{namespaceSelector: {}}]}]"), "all", "all", "all"},
		"namespace by label":                 {np("ingress: [{from: [{namespaceSelector: {matchLabels: {team: b}}}]}]"), closed, "all", "all"},
		"namespace by its name":              {np("ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: b}}}]}]"), closed, "all", "all"},
		"namespace and pod":                  {np("ingress: [{from: [{namespaceSelector: {matchLabels: {team: b}}, podSelector: {matchLabels: {app: other}}}]}]"), closed, closed, "all"},
		"namespace or pod":                   {np("ingress: [{from: [{namespaceSelector: {matchLabels: {team: b}}}, {podSelector: {matchLabels: {app: client}}}]}]"), "all", "all", "all"},
		"expression that excludes":           {np("ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [a]}]}}]}]"), closed, "all", "all"},
		"named port":                         {np("ingress: [{ports: [{port: http}]}]"), "TCP 8080", "TCP 8080", "all"},
		"named port of another protocol":     {np("ingress: [{ports: [{port: dns}]}]"), closed, closed, "all"},
		"named port of its protocol":         {np("ingress: [{ports: [{port: dns, protocol: UDP}]}]"), "UDP 53", "UDP 53", "all"},
		"name of no port":                    {np("ingress: [{ports: [{port: admin}]}]"), closed, closed, "all"},
		"range of ports":                     {np("ingress: [{ports: [{port: 8000, endPort: 8090}, {port: 8091}, {port: 9000, protocol: SCTP}]}]"), "TCP 8000-8091 SCTP 9000", "TCP 8000-8091 SCTP 9000", "all"},
		"protocol without port":              {np("ingress: [{ports: [{protocol: UDP}]}]"), "UDP all", "UDP all", "all"},
		"policies add": {np("ingress: [{from: [{podSelector: {}}], ports: [{port: 1}]}]") + np("ingress: [{from: [{namespaceSelector: {}}], ports: [{port: 2}]}]") + np("ingress: []"),
			"TCP 1-2", "TCP 2", "all"},
		"rules add": {np("ingress: [{from: [{podSelector: {}}], ports: [{port: 1}]}, {ports: [{port: 5}]}]"), "TCP 1,5", "TCP 5", "all"},
		"both ends must allow": {np("policyTypes: [Egress], egress: [{ports: [{port: 80}, {port: 81}]}]") +
			"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: b, namespace: b}\nspec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: a}}}], ports: [{port: 81}, {port: 82}]}]}\n",
			"all", "all", "TCP 81"},
		"addresses are not pods":      {np("ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]"), closed, closed, "all"},
		"peer that names nothing":     {np("ingress: [{from: [{}]}]"), closed, closed, "all"},
		"selector of no valid form":   {np("ingress: [{from: [{podSelector: {matchExpressions: [{key: app, operator: Like}]}}]}]"), "all", closed, "all"},
		"policy for pods not here":    {strings.Replace(np("ingress: []"), "app: server", "app: none", 1), "all", "all", "all"},
		"policy of another namespace": {strings.Replace(np("ingress: []"), "namespace: a", "namespace: b", 1), "all", "all", "all"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := Reachability(setOf(t, pods+c.policies))
			for way, want := range map[[2]string]string{{"a/client", "a/server"}: c.near, {"b/client", "a/server"}: c.far, {"a/server", "b/client"}: c.out} {
				if got := m.between(way[0], way[1]); got != want {
					t.Errorf("%s -> %s: %q, want %q", way[0], way[1], got, want)
				}
			}
		})
	}
}

func (m *Matrix) between(from, to string) string {
	for _, c := range m.Connections {
		if c.From == from && c.To == to {
			return strings.TrimSpace(c.Ports.String() + " " + c.Addresses)
		}
	}
	return ""
}

// TestAddresses asks which addresses a policy leaves open.
func TestAddresses(t *testing.T) {
	t.Parallel()
	for block, want := range map[string][3]string{ // metadata, private, internet
		"{cidr: 203.0.113.0/24}":                                     {"", "", "all 203.0.113.0-203.0.113.255"},
		"{cidr: 10.1.0.0/16, except: [10.1.2.0/24]}":                 {"", "all 10.1.0.0-10.1.1.255, 10.1.3.0-10.1.255.255", ""},
		"{cidr: 169.254.169.254/32}":                                 {"all 169.254.169.254", "", ""},
		"{cidr: 169.254.0.0/16, except: [169.254.169.254/32]}":       {"all 169.254.0.0-169.254.169.253, 169.254.169.255-169.254.255.255", "", ""},
		"{cidr: 'fd00:ec2::254/128'}":                                {"all fd00:ec2::254", "", ""},
		"{cidr: '2001:db8::/64'}":                                    {"", "", "all 2001:db8::-2001:db8::ffff:ffff:ffff:ffff"},
		"{cidr: not an address}":                                     {"", "", ""},
		"{cidr: 203.0.113.0/24, except: [203.0.113.0/24]}":           {"", "", ""},
		"{cidr: 203.0.113.9/24, except: [nonsense, 203.0.113.0/25]}": {"", "", "all 203.0.113.128-203.0.113.255"},
	} {
		m := Reachability(setOf(t, pods+np("policyTypes: [Egress], egress: [{to: [{ipBlock: "+block+"}]}]")))
		for i, end := range []string{metadataEnd, privateEnd, internetEnd} {
			if got := m.between("a/server", end); got != want[i] {
				t.Errorf("%s -> %s: %q, want %q", block, end, got, want[i])
			}
		}
		if got := m.between("a/client", internetEnd); got != "all" {
			t.Errorf("what no policy selects reaches the internet on %q", got)
		}
	}
}

// TestClustersAreApart: environments of two clusters never reach each other, whatever their policies say.
func TestClustersAreApart(t *testing.T) {
	t.Parallel()
	set := five(t).read()
	platform := *set.Platform
	platform.Spec.Environments = slices.Clone(platform.Spec.Environments)
	set.Platform = &platform
	for i, u := range set.Units { // without a policy everything is open
		bare := *u
		bare.Objects = slices.DeleteFunc(slices.Clone(u.Objects), func(o *manifest.Object) bool { return o.Kind == "NetworkPolicy" })
		set.Units[i] = &bare
	}
	if got := Reachability(set).between("vision-staging/resnet", "nlp-prod/llama"); got != "all" {
		t.Fatalf("in one cluster: %q, want all", got)
	}
	platform.Spec.Environments[1].Cluster.Server = "https://prod.example.com"
	m := Reachability(set)
	if got := m.between("vision-staging/resnet", "nlp-prod/llama"); got != "" {
		t.Errorf("between clusters: %q, want nothing", got)
	}
	if got := m.between("vision-prod/resnet", "nlp-prod/llama"); got != "all" {
		t.Errorf("within the other cluster: %q, want all", got)
	}
}
