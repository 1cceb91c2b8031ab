// Package sandbox is the world that modelops works in, within one process: a Git remote over HTTP, a container registry,
// and an Argo CD with a small cluster behind it, whose pods become ready, crash, or cannot be pulled. It serves the demo
// and tests that need faults at a chosen moment; it proves nothing about the real Argo CD, which e2e does.
package sandbox

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/modelops/modelops/argocd/argotest"
	"github.com/modelops/modelops/gitops/gittest"
)

// Options say what the sandbox plays.
type Options struct {
	// Dir holds the repositories; it must exist.
	Dir string
	// Now is the clock; Speed is how much faster the cluster's time runs than the clock's.
	Now   func() time.Time
	Speed float64
	// Behaviour decides what pods do; nil lets all become ready.
	Behaviour func(image string, annotations map[string]string) argotest.Behaviour
	// PodQuota is how many pods fit into a namespace; nil means any number.
	PodQuota func(namespace string) int
	// Accounts by token; nil lets everybody do everything.
	Accounts map[string]argotest.Account
}

// Sandbox is a running one.
type Sandbox struct {
	// Git serves the repository, Repo is the bare repository itself, URL is where it is cloned from.
	Git  *gittest.Server
	Repo *gittest.Repo
	URL  string
	// Argo is the API server.
	Argo *argotest.Server
	// Registry is HOST:PORT of the registry.
	Registry string

	registry *http.Server
	source   *source
}

// Start starts all parts on the loopback interface.
func Start(ctx context.Context, o Options) (*Sandbox, error) {
	s := &Sandbox{}
	if err := s.start(ctx, o); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Sandbox) start(ctx context.Context, o Options) error {
	root, home := filepath.Join(o.Dir, "remote"), filepath.Join(o.Dir, "home")
	for _, dir := range []string{root, home} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	var err error
	if s.Repo, err = gittest.Init(ctx, filepath.Join(root, "deploy.git"), home, true); err != nil {
		return err
	}
	if err := gittest.AllowPush(ctx, s.Repo); err != nil {
		return err
	}
	if s.Git, err = gittest.Serve(gittest.Options{Root: root, Home: home}); err != nil {
		return err
	}
	s.URL = s.Git.URL + "/deploy.git"
	if err := s.serveRegistry(); err != nil {
		return err
	}
	s.source = &source{dir: s.Repo.Dir, url: s.URL}
	s.Argo, err = argotest.Start(argotest.Options{
		Build: s.source.build, Now: o.Now, Speed: o.Speed, Behaviour: o.Behaviour, PodQuota: o.PodQuota, Accounts: o.Accounts,
		LogsRight: true, Version: "v3.2.6+sandbox", Reconcile: 30 * time.Second,
		Discover: s.source.discover, DiscoverEvery: time.Second,
	})
	return err
}

func (s *Sandbox) serveRegistry() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("start the registry: %w", err)
	}
	s.Registry = l.Addr().String()
	s.registry = &http.Server{Handler: registry.New(registry.Logger(log.New(io.Discard, "", 0))), ReadHeaderTimeout: 10 * time.Second}
	go s.registry.Serve(l) //nolint:errcheck // ends with Close
	return nil
}

// Close stops every part that was started.
func (s *Sandbox) Close() {
	if s.Argo != nil {
		s.Argo.Close()
	}
	if s.registry != nil {
		_ = s.registry.Close()
	}
	if s.Git != nil {
		_ = s.Git.Close()
	}
}
