package stack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Programs holds the paths of everything that a stack runs.
type Programs struct {
	paths map[string]string
	// crds is the folder of Argo CD's custom resource definitions.
	crds string
}

// path returns where the named program is; Build guarantees that it exists.
func (p Programs) path(name string) string { return p.paths[name] }

// Kustomize is the path of the kustomize command that Argo CD's repo-server calls.
func (p Programs) Kustomize() string { return p.path("kustomize") }

// Cache returns the folder that programs are kept in: the environment variable MODELOPS_E2E_CACHE, else a folder
// below the user's own cache folder.
func Cache(lookupEnv func(string) (string, bool)) (string, error) {
	if dir, ok := lookupEnv("MODELOPS_E2E_CACHE"); ok && dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the user's cache folder (MODELOPS_E2E_CACHE names another): %w", err)
	}
	return filepath.Join(dir, "modelops-e2e"), nil
}

// Build makes sure that all programs for a stack with this Argo CD version exist in the cache folder and builds those
// that are missing, which takes up to a quarter of an hour on two cores the first time. Processes that build
// into the same cache wait for each other.
func Build(ctx context.Context, cache string, argo Argo, log func(format string, args ...any)) (Programs, error) {
	version, ok := argoVersions()[argo]
	if !ok {
		return Programs{}, fmt.Errorf("build the stack: no Argo CD version %q", string(argo))
	}
	b, unlock, err := openCache(ctx, cache, log)
	if err != nil {
		return Programs{}, err
	}
	defer unlock()
	cd := argoPart(string(argo), version)
	programs := Programs{paths: map[string]string{}}
	for _, p := range append(controlPlane(), cd) {
		if programs.paths[p.name], err = b.ensure(ctx, p); err != nil {
			return Programs{}, err
		}
	}
	return programs, programs.findRest(ctx, cd)
}

// openCache returns a builder for the cache folder, once no other process builds there. The lock is given back with unlock.
func openCache(ctx context.Context, cache string, log func(format string, args ...any)) (b builder, unlock func(), err error) {
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return b, nil, err
	}
	if unlock, err = lockFile(ctx, filepath.Join(cache, "lock")); err != nil {
		return b, nil, fmt.Errorf("lock %s: %w", cache, err)
	}
	if err := clearInterrupted(cache); err != nil {
		unlock()
		return b, nil, err
	}
	return builder{cache: cache, log: log}, unlock, nil
}

// clearInterrupted removes what builds that were killed have left. Whoever holds the lock is the only one who builds.
func clearInterrupted(cache string) error {
	left, err := filepath.Glob(filepath.Join(cache, buildingPrefix+"*"))
	if err != nil {
		return err
	}
	for _, dir := range left {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return nil
}

// findRest finds what is not built: the programs of the machine, and the files of Argo CD's module.
func (p *Programs) findRest(ctx context.Context, cd part) error {
	for _, name := range []string{"redis-server", "git"} {
		path, err := exec.LookPath(name)
		if err != nil {
			return fmt.Errorf("find %s: %w (on Debian: apt-get install %s)", name, err, name)
		}
		p.paths[name] = path
	}
	module, err := downloadModule(ctx, cd.module, cd.version)
	if err != nil {
		return err
	}
	p.crds = filepath.Join(module.Dir, "manifests", "crds")
	return nil
}

// ArgoCD is the path of the argocd program, which is every one of Argo CD's commands by the name in ARGOCD_BINARY_NAME.
func (p Programs) ArgoCD() string { return p.path("argocd") }
