package stack

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// APIServer is a running API server with its store, and nothing else: objects are validated and admitted, and nothing
// comes of them.
type APIServer struct {
	// Cluster is it, as its administrator.
	*Cluster

	stack *Stack
}

// BuildAPIServer makes sure that its programs are in the cache folder, and builds those that are missing.
func BuildAPIServer(ctx context.Context, cache string, log func(format string, args ...any)) (Programs, error) {
	b, unlock, err := openCache(ctx, cache, log)
	if err != nil {
		return Programs{}, err
	}
	defer unlock()
	programs := Programs{paths: map[string]string{}}
	for _, p := range apiServer() {
		if programs.paths[p.name], err = b.ensure(ctx, p); err != nil {
			return Programs{}, err
		}
	}
	return programs, nil
}

// StartAPIServer starts an API server in a folder, which takes about five seconds. The context bounds the start alone.
func StartAPIServer(ctx context.Context, programs Programs, dir string) (*APIServer, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	s := &Stack{dir: dir, programs: programs, ports: &ports{taken: map[int]bool{}}, supervisor: newSupervisor(dir)}
	port, err := s.ports.take(3)
	if err != nil {
		return nil, err
	}
	if err := s.startStore(ctx, port); err != nil {
		s.Stop()
		return nil, fmt.Errorf("start the API server: %w", err)
	}
	cluster, err := newCluster(s.kubeURL)
	if err != nil {
		s.Stop()
		return nil, err
	}
	return &APIServer{Cluster: cluster, stack: s}, nil
}

// Stop ends it and returns the names of those parts that had ended before they were asked to.
func (a *APIServer) Stop() []string { return a.stack.Stop() }
