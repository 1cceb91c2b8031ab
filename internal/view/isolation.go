package view

import (
	"strings"

	"github.com/modelops/modelops/internal/validate/isolation"
)

// Reachability is the result of validate --show reachability: what the NetworkPolicies leave open.
type Reachability struct {
	// Ends are pods as NAMESPACE/WORKLOAD, and then what is outside of the manifests.
	Ends []string `json:"ends"`
	// Connections that are open; what is not listed is closed.
	Connections []Connection `json:"connections"`
	// Cut says that there are more connections than are listed: the manifests are as good as open.
	Cut bool `json:"cut,omitempty"`

	text string
}

// Connection is one way from an end to another.
type Connection struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Ports by protocol, such as TCP 8080,9000-9010.
	Ports string `json:"ports"`
	// Addresses that are reached, where it is not the end as a whole.
	Addresses string `json:"addresses,omitempty"`
}

// FromMatrix is the view of a matrix.
func FromMatrix(m *isolation.Matrix) Reachability {
	out := Reachability{Ends: append([]string{}, m.Ends...), Connections: []Connection{}, Cut: m.Cut, text: m.Text()}
	for _, c := range m.Connections {
		out.Connections = append(out.Connections, Connection{c.From, c.To, c.Ports.String(), c.Addresses})
	}
	return out
}

// Text shows the matrix.
func (r Reachability) Text(t *Text) { lines(t, r.text) }

// Quotas is the result of validate --show quota: what the manifests of each namespace can use at once.
type Quotas struct {
	Quotas []Quota `json:"quotas"`

	text string
}

// Quota is one line of a ResourceQuota.
type Quota struct {
	Namespace string `json:"namespace"`
	// Quota is the ResourceQuota's name, Resource its key, such as requests.cpu.
	Quota    string `json:"quota"`
	Resource string `json:"resource"`
	// Most can be used at once, Hard is what is allowed, in Kubernetes' notation.
	Most string `json:"most"`
	Hard string `json:"hard"`
	// Fits says whether it is enough; Known is false where the manifests do not say how much is used.
	Fits  bool `json:"fits"`
	Known bool `json:"known"`
	// Parts are what each object adds.
	Parts []QuotaPart `json:"parts,omitempty"`
}

// QuotaPart is what one object adds to a quota.
type QuotaPart struct {
	// Object as Kind/name, Unit the folder or file that it comes from.
	Object string `json:"object"`
	Unit   string `json:"unit"`
	// Pods at once, and How they come about, such as 3 + 1 surge; absent for what runs no pods.
	Pods int64  `json:"pods,omitempty"`
	How  string `json:"how,omitempty"`
	// Each pod's part, and the Sum.
	Each string `json:"each,omitempty"`
	Sum  string `json:"sum"`
}

// FromUses is the view of quotas and what is used of them.
func FromUses(uses []isolation.Use) Quotas {
	out := Quotas{Quotas: []Quota{}, text: isolation.QuotaText(uses)}
	for _, u := range uses {
		q := Quota{Namespace: u.Namespace, Quota: u.Quota, Resource: u.Resource, Most: u.Most, Hard: u.Hard, Fits: u.Fits, Known: u.Known}
		for _, p := range u.Parts {
			q.Parts = append(q.Parts, QuotaPart{p.Object, p.Unit, p.Pods, p.How, p.Each, p.Sum})
		}
		out.Quotas = append(out.Quotas, q)
	}
	return out
}

// Text shows the sums.
func (q Quotas) Text(t *Text) { lines(t, q.text) }

// lines shows a table of names that others gave.
func lines(t *Text, table string) {
	for line := range strings.SplitSeq(strings.TrimRight(table, "\n"), "\n") {
		t.Line("%s", line)
	}
}
