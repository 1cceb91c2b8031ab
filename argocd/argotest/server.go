// Package argotest is an Argo CD API server in one process: the real gRPC services over a loopback listener, with a
// simulated controller and cluster behind them.
//
// It behaves as Argo CD was measured to behave, down to the ways in which a status can mislead, and its faults can be
// switched on one by one. Manifests come from a function, so that it knows neither Git nor how they are built. It
// serves tests and demonstrations; what it holds is gone with the process.
package argotest

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	accountpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/account"
	apppkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	sessionpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/session"
	versionpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/version"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
)

// Builder gives the objects of a folder at a revision, which is a branch, "HEAD" or a commit's id, and the commit's id.
// Objects are decoded JSON.
type Builder func(ctx context.Context, repoURL, revision, path string) (objects []map[string]any, commit string, err error)

// App is an Application as it is added.
type App struct {
	Name, Project, Namespace string
	RepoURL, Path, Branch    string
	// AutoSync, SelfHeal and Prune are its sync policy.
	AutoSync, SelfHeal, Prune bool
}

// Options say what the server plays. Only Build and Now are needed.
type Options struct {
	Build Builder
	// Now is the clock outside; Speed is how much faster the world behind the API runs, 1 where it is zero.
	Now   func() time.Time
	Speed float64
	// Behaviour decides what pods do, by image and by the annotations of the Deployment; nil lets all become ready.
	Behaviour func(image string, annotations map[string]string) Behaviour
	// PodQuota is how many pods fit into a namespace; nil or zero means any number.
	PodQuota func(namespace string) int
	// Accounts by token; nil turns authentication off.
	Accounts map[string]Account
	// LogsRight asks for "logs, get" to read logs, as Argo CD 3 does.
	LogsRight bool
	// Version is what the server says it is.
	Version string
	// Reconcile is how often Applications are compared without being asked; zero means never.
	Reconcile time.Duration
	// Discover lists the Applications that should exist, as an ApplicationSet does: asked every DiscoverEvery.
	Discover      func(ctx context.Context) ([]App, error)
	DiscoverEvery time.Duration
}

// Server is one running API server.
type Server struct {
	mu       sync.Mutex
	opts     Options
	world    *cluster
	apps     map[string]*application
	faults   Faults
	listener *trackingListener
	grpc     *grpc.Server
	served   chan struct{}
	calls    []string
	ctx      context.Context
	cancel   context.CancelFunc
}

// Start listens on a free port of 127.0.0.1 and serves until Close.
func Start(opts Options) (*Server, error) {
	if opts.Build == nil || opts.Now == nil {
		return nil, fmt.Errorf("argotest: Build and Now are needed")
	}
	if opts.Speed <= 0 {
		opts.Speed = 1
	}
	if opts.Behaviour == nil {
		opts.Behaviour = func(string, map[string]string) Behaviour { return Behaviour{} }
	}
	if opts.PodQuota == nil {
		opts.PodQuota = func(string) int { return 0 }
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("argotest: %w", err)
	}
	line := newTimeline(opts.Now, opts.Speed)
	s := &Server{
		opts: opts, apps: map[string]*application{}, served: make(chan struct{}),
		listener: &trackingListener{Listener: listener},
		world:    &cluster{timeline: line, objects: map[key]*object{}, behaviour: opts.Behaviour, quota: opts.PodQuota},
	}
	s.world.changed = func(app string) {
		if a := s.apps[app]; a != nil {
			a.changed()
		}
	}
	// The world goes on between calls, so what it asks the builder for belongs to no call's context.
	s.ctx, s.cancel = context.WithCancel(context.Background())
	// Argo CD's own minimum between two pings of a client (common.GetGRPCKeepAliveEnforcementMinimum); grpc-go's, five
	// minutes, would close the connection of a client that waits for a slow answer.
	pings := grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second})
	s.grpc = grpc.NewServer(grpc.UnaryInterceptor(s.intercept), grpc.StreamInterceptor(s.interceptStream), pings)
	apppkg.RegisterApplicationServiceServer(s.grpc, &appService{server: s})
	versionpkg.RegisterVersionServiceServer(s.grpc, &versionService{server: s})
	sessionpkg.RegisterSessionServiceServer(s.grpc, &sessionService{server: s})
	accountpkg.RegisterAccountServiceServer(s.grpc, &accountService{server: s})
	if opts.Discover != nil {
		s.discover()
	}
	go func() {
		defer close(s.served)
		_ = s.grpc.Serve(s.listener) // ends with Close; a listener that breaks shows as an unreachable server
	}()
	return s, nil
}

// Close stops serving and drops every connection.
func (s *Server) Close() {
	s.cancel()
	s.grpc.Stop()
	<-s.served
}

// Addr is HOST:PORT, spoken to in plaintext.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Add makes an Application, as applying its manifest does.
func (s *Server) Add(app App) {
	s.locked(func() { s.add(app) })
}

// Remove deletes an Application and, as its finalizer does, what it manages.
func (s *Server) Remove(name string) {
	s.locked(func() { s.removeApp(name) })
}

func (s *Server) removeApp(name string) {
	for k, o := range s.world.objects {
		if o.app == name {
			s.world.remove(k)
		}
	}
	if a := s.apps[name]; a != nil {
		a.gone = true
	}
	delete(s.apps, name)
}

// Fault changes what goes wrong.
func (s *Server) Fault(change func(*Faults)) {
	s.locked(func() { change(&s.faults) })
}

// Notify compares every Application, as a webhook after a push does.
func (s *Server) Notify() {
	s.locked(func() {
		if s.opts.Discover != nil {
			s.discoverOnce()
		}
		for _, name := range s.names() {
			s.apps[name].reconcile()
		}
	})
}

// Edit changes a live object behind Argo CD's back, as kubectl does. It reports whether the object is there.
func (s *Server) Edit(kind, namespace, name string, change func(manifest map[string]any)) bool {
	found := false
	s.locked(func() {
		o := s.world.objects[key{kind, namespace, name}]
		if found = o != nil; !found {
			return
		}
		before := encode(dig(o.manifest, "spec"))
		change(o.manifest)
		o.desired = "" // no longer what was applied
		if o.rollout != nil && encode(dig(o.manifest, "spec")) != before {
			o.rollout.generation++
			o.rollout.reconcile()
		}
		s.world.changed(o.app)
	})
	return found
}

// Change edits the source of an Application, as somebody with kubectl or the UI may.
func (s *Server) Change(name string, change func(*Application)) bool {
	found := false
	s.locked(func() {
		a := s.apps[name]
		if found = a != nil; found {
			change(&a.app)
		}
	})
	return found
}

// Calls lists the methods that were called, oldest first, with "?refresh" on a Get that refreshed.
func (s *Server) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Sleep waits for a duration of the world behind the API.
func (s *Server) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(s.world.outside(d))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// locked brings the world up to the present and runs fn in it.
func (s *Server) locked(fn func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.catchUp()
	fn()
}

func (s *Server) names() []string {
	names := make([]string, 0, len(s.apps))
	for name := range s.apps {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// discover makes Applications as the list says, now and again. As with an ApplicationSet that may create and update only,
// what is no longer listed stays.
func (s *Server) discover() {
	s.discoverOnce()
	if s.opts.DiscoverEvery > 0 {
		s.world.after(s.opts.DiscoverEvery, s.discover)
	}
}

func (s *Server) discoverOnce() {
	apps, err := s.opts.Discover(s.ctx)
	if err != nil {
		return // as an ApplicationSet whose generator fails: what is there stays
	}
	for _, app := range apps {
		if s.apps[app.Name] == nil {
			s.add(app)
		}
	}
}

// trackingListener can drop every connection that it accepted.
type trackingListener struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
}

// Accept keeps the connection in mind.
func (l *trackingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		l.mu.Lock()
		l.conns = append(l.conns, conn)
		l.mu.Unlock()
	}
	return conn, err
}

func (l *trackingListener) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range l.conns {
		_ = conn.Close() // being closed already is as good
	}
	l.conns = nil
}

// Serving tells the truth about a Deployment: the image of the pods that are ready, and whether all wanted pods have it,
// are ready, and no others are left.
func (s *Server) Serving(namespace, name string) (image string, complete bool) {
	s.locked(func() {
		o := s.world.objects[key{"Deployment", namespace, name}]
		if o == nil || o.rollout == nil {
			return
		}
		for _, rs := range o.rollout.sets {
			if readyPods(rs) > 0 {
				image = rs.image
			}
		}
		complete = o.rollout.complete()
	})
	return image, complete
}

// Terminate ends the running operation of an Application, as somebody else may.
func (s *Server) Terminate(name string) {
	s.locked(func() {
		if a := s.apps[name]; a != nil && a.op != nil && a.op.state() != nil {
			a.op.terminate()
		}
	})
}
