package spec

// Platform is modelops.yaml: one deployment repository and what holds for all of it.
type Platform struct {
	APIVersion string       `yaml:"apiVersion" spec:"required"`
	Kind       string       `yaml:"kind" spec:"required"`
	Metadata   Metadata     `yaml:"metadata" spec:"required"`
	Spec       PlatformSpec `yaml:"spec" spec:"required"`
}

// Metadata names a document.
type Metadata struct {
	// Name of what the document describes; a DNS label.
	Name string `yaml:"name" spec:"required,dns"`
}

// PlatformSpec says where models are deployed, by whom, and what is allowed.
type PlatformSpec struct {
	// Git repository that this platform lives in, as Argo CD reaches it.
	Git GitSpec `yaml:"git" spec:"required"`
	// Environments in promotion order: a release reaches a later one only after an earlier one.
	Environments []Environment `yaml:"environments" spec:"required"`
	// Argo CD that syncs this repository.
	ArgoCD ArgoCDSpec `yaml:"argocd,omitempty"`
	// Image registries or repositories that models may be served from, as prefixes; empty allows all.
	Registries []string `yaml:"registries,omitempty"`
	// Standard for models that name none.
	Standard string `yaml:"standard,omitempty" spec:"dns"`
	// Network peers that every tenant may talk to.
	Network NetworkSpec `yaml:"network,omitempty"`
	// Pod Security level version enforced on tenant namespaces, such as v1.35; latest when left out.
	PodSecurityVersion string `yaml:"podSecurityVersion,omitempty" spec:"podsecurity"`
	// PriorityClass of serving pods; it must exist in every cluster. Left out: the cluster's default.
	PriorityClass string `yaml:"priorityClass,omitempty" spec:"dns"`
	// Policy switches that loosen a rule for the whole platform.
	Policy PolicySpec `yaml:"policy,omitempty"`
}

// GitSpec is the repository as the cluster sees it.
type GitSpec struct {
	// URL that Argo CD clones this repository from; it goes into AppProjects and ApplicationSets as written.
	URL string `yaml:"url" spec:"required,url"`
	// Branch that Argo CD follows and that promotes and reverts are committed to; main when left out.
	Branch string `yaml:"branch,omitempty"`
	// Commit says how the commits of promotes, reverts, holds and retirements are written.
	Commit CommitSpec `yaml:"commit,omitempty"`
}

// CommitSpec is what a team asks of commit messages.
type CommitSpec struct {
	// Subject of every commit, such as "feat({team}/{model}): {summary}", with placeholders in braces: action (promote, revert, hold, unhold, retire, remove), summary (what the subject is without this field), target (TEAM/MODEL), team, model, env, version and previous. Where a commit changes several models their values are joined.
	Subject string `yaml:"subject,omitempty" spec:"subject"`
	// Signoff adds a Signed-off-by line for the committer, as --signoff does.
	Signoff bool `yaml:"signoff,omitempty"`
}

// Environment is a named stage and the cluster behind it.
type Environment struct {
	// Name of the environment; lower case letters and digits, no dash, since it is joined to names.
	Name string `yaml:"name" spec:"required,env"`
	// Cluster as Argo CD knows it.
	Cluster Cluster `yaml:"cluster,omitempty"`
	// AutoSync lets Argo CD apply commits by itself; argocd.autoSync when left out.
	AutoSync *bool `yaml:"autoSync,omitempty"`
}

// Cluster is an Argo CD destination: by server address or by name, not both. Left out: the cluster that Argo CD runs in.
type Cluster struct {
	// Server address of the cluster's API.
	Server string `yaml:"server,omitempty" spec:"url"`
	// Name under which Argo CD has the cluster.
	Name string `yaml:"name,omitempty"`
}

// ArgoCDSpec describes the Argo CD installation.
type ArgoCDSpec struct {
	// Namespace that Argo CD runs in; argocd when left out.
	Namespace string `yaml:"namespace,omitempty" spec:"dns"`
	// Version is Argo CD's major version: ServerSideApply is used from 3 on, since 2.14 cannot compare Deployments of Kubernetes 1.35 with it.
	Version int `yaml:"version,omitempty" spec:"min=2,max=3"`
	// Server is the API address (host:port) that the command line talks to where neither flags, environment nor the argocd CLI's context name one.
	Server string `yaml:"server,omitempty"`
	// AutoSync is the default of the environments; true when left out.
	AutoSync *bool `yaml:"autoSync,omitempty"`
}

// NetworkSpec lists the peers that the tenants' default-deny policies make exceptions for.
type NetworkSpec struct {
	// DNS servers of the cluster; kube-dns in kube-system when left out.
	DNS *Peer `yaml:"dns,omitempty"`
	// NodeLocalDNS is the address of a node-local DNS cache, as a CIDR.
	NodeLocalDNS string `yaml:"nodeLocalDNS,omitempty" spec:"cidr"`
	// Monitoring may scrape the metrics port of models.
	Monitoring *Peer `yaml:"monitoring,omitempty"`
	// Gateways may call every model.
	Gateways []Peer `yaml:"gateways,omitempty"`
	// ModelStores may be reached by every tenant for model artifacts.
	ModelStores []Store `yaml:"modelStores,omitempty"`
}

// Peer is a set of pods in one namespace.
type Peer struct {
	// Namespace by its name.
	Namespace string `yaml:"namespace" spec:"required,dns"`
	// PodLabels narrow the peer to pods with all of these labels; left out: every pod of the namespace.
	PodLabels map[string]string `yaml:"podLabels,omitempty" spec:"label"`
}

// Store is where model artifacts come from: an address range or pods in the cluster.
type Store struct {
	// CIDR of the store outside the cluster.
	CIDR string `yaml:"cidr,omitempty" spec:"cidr"`
	// Peer is a store inside the cluster.
	Peer *Peer `yaml:"peer,omitempty"`
	// Port, TCP; 443 when left out.
	Port int `yaml:"port,omitempty" spec:"min=1,max=65535"`
}

// PolicySpec loosens rules.
type PolicySpec struct {
	// AllowArgoCDAnnotations lets patches set argocd.argoproj.io annotations, which can hide an unhealthy workload from Argo CD.
	AllowArgoCDAnnotations bool `yaml:"allowArgoCDAnnotations,omitempty"`
}
