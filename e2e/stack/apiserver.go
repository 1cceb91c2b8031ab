package stack

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
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

// WriteAPI writes the documents in which it describes its API into a folder: swagger.json, and one for each group and
// version, such as apis/apps/v1.json.
func (a *APIServer) WriteAPI(ctx context.Context, dir string) error {
	swagger, err := a.Client.Discovery().RESTClient().Get().AbsPath("/openapi/v2").SetHeader("Accept", "application/json").DoRaw(ctx)
	if err != nil {
		return fmt.Errorf("read the API's document: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "swagger.json"), swagger, 0o644); err != nil {
		return err
	}
	groups, err := a.Client.Discovery().OpenAPIV3().Paths()
	if err != nil {
		return fmt.Errorf("list the API's documents: %w", err)
	}
	for name, group := range groups {
		if strings.Count(name, "/") == 0 || strings.HasPrefix(name, "apis/") && strings.Count(name, "/") == 1 {
			continue // lists of groups and versions
		}
		document, err := group.Schema("application/json")
		if err != nil {
			return fmt.Errorf("read the API's document of %s: %w", name, err)
		}
		file := filepath.Join(dir, filepath.FromSlash(name)+".json")
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, document, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Stop ends it and returns the names of those parts that had ended before they were asked to.
func (a *APIServer) Stop() []string { return a.stack.Stop() }
