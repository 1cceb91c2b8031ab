package stack

import (
	"context"
	"path/filepath"
)

// Oracles makes sure that the kustomize and kubectl commands, which tests compare with, are in the cache folder, and
// returns the folders that they are in. It waits for other processes that build into the same cache.
func Oracles(ctx context.Context, cache string, log func(format string, args ...any)) ([]string, error) {
	b, unlock, err := openCache(ctx, cache, log)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var dirs []string
	for _, p := range []part{kustomizePart(), kubernetesPart("kubectl")} {
		program, err := b.ensure(ctx, p)
		if err != nil {
			return nil, err
		}
		dirs = append(dirs, filepath.Dir(program))
	}
	return dirs, nil
}
