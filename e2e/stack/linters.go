package stack

import (
	"context"
	"path/filepath"
)

// Linters that modelops is compared with, by the names of their programs.
const (
	Kubeconform     = "kubeconform"
	KubeScore       = "kube-score"
	KubectlValidate = "kubectl-validate"
	Gator           = "gator"
)

func linterParts() []part {
	return []part{
		{name: Kubeconform, module: "github.com/yannh/kubeconform", version: "v0.8.0", pkg: "github.com/yannh/kubeconform/cmd/kubeconform"},
		{name: KubeScore, module: "github.com/zegl/kube-score", version: "v1.20.0", pkg: "github.com/zegl/kube-score/cmd/kube-score"},
		{name: KubectlValidate, module: "sigs.k8s.io/kubectl-validate", version: "v0.0.4", pkg: "sigs.k8s.io/kubectl-validate"},
		{name: Gator, module: "github.com/open-policy-agent/gatekeeper/v3", version: "v3.23.1", pkg: "github.com/open-policy-agent/gatekeeper/v3/cmd/gator"},
	}
}

// Linter is a program that judges manifests.
type Linter struct{ Name, Version, Path string }

// Linters makes sure that the named linters are in the cache folder, and builds those that are missing. It waits for
// other processes that build into the same cache.
func Linters(ctx context.Context, cache string, log func(format string, args ...any), names ...string) (map[string]Linter, error) {
	b, unlock, err := openCache(ctx, cache, log)
	if err != nil {
		return nil, err
	}
	defer unlock()
	wanted := map[string]bool{}
	for _, name := range names {
		wanted[name] = true
	}
	out := map[string]Linter{}
	for _, p := range linterParts() {
		if !wanted[p.name] {
			continue
		}
		program, err := b.ensure(ctx, p)
		if err != nil {
			return nil, err
		}
		out[p.name] = Linter{p.name, p.version, program}
	}
	return out, nil
}

// OpenAPI is the folder of the documents that Kubernetes publishes its API in: swagger.json, and v3/ with a file for each
// group and version. They are those of the version that API servers are built from.
func OpenAPI(ctx context.Context) (dir, version string, err error) {
	module, err := downloadModule(ctx, "k8s.io/kubernetes", kubernetesVersion)
	return filepath.Join(module.Dir, "api", "openapi-spec"), kubernetesVersion, err
}
