package stack

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Options says which stack to start and where.
type Options struct {
	// Argo is the version of Argo CD.
	Argo Argo
	// Dir takes logs, keys and data of the run; it is created, and left for the caller to remove.
	Dir string
	// Log gets a line for each step; nil for silence.
	Log func(format string, args ...any)
}

// Stack is a running set of components.
type Stack struct {
	// Cluster is the API server.
	Cluster *Cluster
	// KubeconfigPath is a kubeconfig of the cluster's administrator.
	KubeconfigPath string
	// ArgoServer is host:port of Argo CD's API, in plain text.
	ArgoServer string
	// Argo is Argo CD's API, signed in as its administrator.
	Argo *ArgoAPI
	// AppSetWebhook is the address for push events that make the applicationset controller look at a repository.
	AppSetWebhook string
	// Git serves repositories over HTTP.
	Git *GitServer
	// Version is Argo CD's.
	Version Argo

	dir        string
	programs   Programs
	ports      *ports
	supervisor *supervisor
	kubeURL    string
}

// Start starts a stack from built programs and returns when all of it answers, which takes about 20 seconds on two
// idle cores. The context bounds the start alone: a stack runs until Stop, or until the process ends (at once on
// Linux). When the start fails, what ran is stopped, and the error ends with the last lines of the part's log.
func Start(ctx context.Context, programs Programs, o Options) (*Stack, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	s := &Stack{
		Version: o.Argo, dir: dir, programs: programs,
		ports: &ports{taken: map[int]bool{}}, supervisor: newSupervisor(dir),
	}
	log := o.Log
	if log == nil {
		log = func(string, ...any) {}
	}
	for _, step := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"Git server", s.startGit},
		{"Kubernetes", s.startKube},
		{"cluster objects", s.startCluster},
		{"Argo CD", s.startArgo},
		{"sign-in", s.signIn},
	} {
		begin := time.Now()
		if err := step.run(ctx); err != nil {
			s.Stop()
			return nil, fmt.Errorf("start the stack with Argo CD %s: %s: %w", o.Argo, step.name, err)
		}
		log("stack %s: %s ready after %s", o.Argo, step.name, time.Since(begin).Round(time.Millisecond))
	}
	return s, nil
}

// Stop ends every part and returns the names of those that had ended before they were asked to.
func (s *Stack) Stop() []string {
	if s.Git != nil {
		s.Git.close()
	}
	return s.supervisor.stop()
}

// Memory returns the memory of each part, by its name.
func (s *Stack) Memory() map[string]Memory { return s.supervisor.memory() }

// Kustomize is the path of the kustomize command that Argo CD uses here.
func (s *Stack) Kustomize() string { return s.programs.Kustomize() }

// startGit starts the Git server.
func (s *Stack) startGit(context.Context) error {
	var err error
	s.Git, err = newGitServer(s.programs.path("git"), s.path("git"))
	return err
}

// startCluster connects to the API server and installs what the cluster has from the start.
func (s *Stack) startCluster(ctx context.Context) error {
	var err error
	if s.Cluster, err = newCluster(s.kubeURL); err != nil {
		return err
	}
	if err := s.Cluster.bootstrap(ctx, s.programs.crds); err != nil {
		return err
	}
	return eventually(ctx, 100*time.Millisecond, s.Cluster.nodeReady)
}

// signIn signs in to Argo CD as its administrator, as soon as it has made up the password.
func (s *Stack) signIn(ctx context.Context) error {
	s.Argo = newArgoAPI(s.ArgoServer)
	return eventually(ctx, 100*time.Millisecond, func(ctx context.Context) error {
		password, err := s.Cluster.adminPassword(ctx)
		if err != nil {
			return err
		}
		return s.Argo.login(ctx, "admin", password)
	})
}

// eventually repeats a check until it passes; when the context ends it returns the check's last error with the cause.
func eventually(ctx context.Context, every time.Duration, check func(context.Context) error) error {
	var last error
	err := Poll(ctx, every, func(ctx context.Context) (bool, error) {
		last = check(ctx)
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("%w (last: %v)", err, last)
	}
	return nil
}
