package stack

// kubernetesVersion is the release that API server, controller manager and scheduler are built from.
const kubernetesVersion = "v1.35.4"

// part is one program built from a Go module.
type part struct {
	name    string // of the executable
	module  string
	version string
	pkg     string // main package
	// siblings is the version under which the modules are published that the module itself replaces by folders of
	// its own repository. Left empty, such replacements are dropped and the required versions stand.
	siblings string
	// stamp holds the linker's -X settings, so that the program reports the version that it is: Argo CD hands the
	// API server's version to kustomize, and clients look at Argo CD's.
	stamp []string
	// tags are the build tags.
	tags []string
	// cgo says that the program holds C, which takes a C compiler. Go would leave it out without a word where cgo is off.
	cgo bool
}

// kubernetesPart describes one of the programs of the Kubernetes control plane.
func kubernetesPart(name string) part {
	const version = "k8s.io/component-base/version."
	return part{
		name: name, module: "k8s.io/kubernetes", version: kubernetesVersion, pkg: "k8s.io/kubernetes/cmd/" + name,
		siblings: "v0.35.4",
		stamp:    []string{version + "gitVersion=" + kubernetesVersion, version + "gitMajor=1", version + "gitMinor=35"},
	}
}

// argoPart describes Argo CD of one major version.
func argoPart(major, version string) part {
	module := "github.com/argoproj/argo-cd/v" + major
	return part{
		name: "argocd", module: module, version: "v" + version, pkg: module + "/cmd",
		stamp: []string{module + "/common.version=" + version},
	}
}

// Argo names one of the Argo CD versions that modelops is tested with.
type Argo string

// The Argo CD versions: the newest of the second major version, and the newest of the third that builds as a module.
const (
	Argo2 Argo = "2"
	Argo3 Argo = "3"
)

// argoVersions maps each version to its release.
func argoVersions() map[Argo]string { return map[Argo]string{Argo2: "2.14.21", Argo3: "3.2.6"} }

// kustomizePart is the kustomize command that the repo-servers call, and that builds are compared with.
func kustomizePart() part {
	return part{name: "kustomize", module: "sigs.k8s.io/kustomize/kustomize/v5", version: "v5.8.1", pkg: "sigs.k8s.io/kustomize/kustomize/v5"}
}

// controlPlane lists what every stack needs besides Argo CD.
func controlPlane() []part {
	return append(apiServer(),
		kustomizePart(),
		part{name: "kwok", module: "sigs.k8s.io/kwok", version: "v0.7.0", pkg: "sigs.k8s.io/kwok/cmd/kwok"},
		kubernetesPart("kube-controller-manager"),
		kubernetesPart("kube-scheduler"),
	)
}

// apiServer lists what an API server alone needs.
func apiServer() []part {
	return []part{
		{name: "etcd", module: "go.etcd.io/etcd/server/v3", version: "v3.6.6", pkg: "go.etcd.io/etcd/server/v3"},
		kubernetesPart("kube-apiserver"),
	}
}

// giteaPart is Gitea, a Git host with users, rights, branch protection and ssh. Its database is SQLite, which is C.
func giteaPart() part {
	const version = "1.26.0"
	return part{
		name: "gitea", module: "code.gitea.io/gitea", version: "v" + version, pkg: "code.gitea.io/gitea",
		stamp: []string{"main.Version=" + version}, tags: []string{"sqlite", "sqlite_unlock_notify"}, cgo: true,
	}
}
