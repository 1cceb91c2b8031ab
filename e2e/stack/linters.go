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

// PublishedAPI is the file in which Kubernetes publishes its API (swagger.json), of the version that API servers are built
// from. It leaves out the values that fields may have, which a server's own document lists.
func PublishedAPI(ctx context.Context) (string, error) {
	module, err := downloadModule(ctx, "k8s.io/kubernetes", kubernetesVersion)
	return filepath.Join(module.Dir, "api", "openapi-spec", "swagger.json"), err
}
