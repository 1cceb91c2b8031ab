package argotest

import (
	"context"
	"fmt"
	"strings"
	"time"

	apppkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// appService is the application service over the simulated world. Methods that are not here answer Unimplemented.
type appService struct {
	apppkg.UnimplementedApplicationServiceServer
	server *Server
}

var errDenied = status.Error(codes.PermissionDenied, "permission denied")

// find gives an Application to a caller with the right to it. As Argo CD does, it hides what the caller may not see.
func (s *Server) find(ctx context.Context, name, project, action string) (*application, error) {
	account, _ := s.account(ctx)
	if project != "" && !account.allowed("applications", action, project+"/"+name) {
		return nil, errDenied
	}
	a := s.apps[name]
	if a == nil {
		if project == "" {
			return nil, errDenied
		}
		return nil, status.Errorf(codes.NotFound, "applications.argoproj.io %q not found", name)
	}
	if err := account.enforce("applications", action, a); err != nil {
		return nil, errDenied
	}
	if project != "" && project != a.app.Spec.Project {
		return nil, status.Errorf(codes.NotFound, "applications.argoproj.io %q not found", name)
	}
	return a, nil
}

func (a Account) enforce(resource, action string, app *application) error {
	object := app.app.Spec.Project + "/" + app.app.Name
	if a.allowed(resource, action, object) {
		return nil
	}
	return status.Errorf(codes.PermissionDenied, "permission denied: %s, %s, %s, sub: %s", resource, action, object, a.Name)
}

// Get reads an Application, after a comparison where a refresh is asked for.
func (s *appService) Get(ctx context.Context, q *apppkg.ApplicationQuery) (*v1alpha1.Application, error) {
	project := ""
	if list := append(q.Projects, q.Project...); len(list) > 0 {
		project = list[0]
	}
	if q.Refresh != nil {
		if err := s.refresh(ctx, q.GetName(), project); err != nil {
			return nil, err
		}
	}
	return inside(s.server, func() (*v1alpha1.Application, error) {
		a, err := s.server.find(ctx, q.GetName(), project, "get")
		if err != nil {
			return nil, err
		}
		return a.view(), nil
	})
}

func (s *appService) refresh(ctx context.Context, name, project string) error {
	_, err := inside(s.server, func() (*application, error) {
		s.server.calls[len(s.server.calls)-1] += "?refresh"
		return s.server.find(ctx, name, project, "get")
	})
	if err != nil {
		return err
	}
	pause := 50 * time.Millisecond
	s.server.locked(func() { pause += s.server.faults.SlowRefresh })
	if err := s.server.Sleep(ctx, pause); err != nil {
		return status.Error(codes.DeadlineExceeded, "application refresh deadline exceeded")
	}
	s.server.locked(func() {
		a := s.server.apps[name]
		switch {
		case a == nil:
		case s.server.faults.StaleRefreshes > 0:
			s.server.faults.StaleRefreshes--
		default:
			a.reconcile()
		}
	})
	return nil
}

// inside runs fn in the world as it is now.
func inside[T any](s *Server, fn func() (T, error)) (out T, err error) {
	s.locked(func() { out, err = fn() })
	return out, err
}

// List gives what the caller may see: nothing, without an error, to those without the right.
func (s *appService) List(ctx context.Context, q *apppkg.ApplicationQuery) (*v1alpha1.ApplicationList, error) {
	return inside(s.server, func() (*v1alpha1.ApplicationList, error) {
		account, _ := s.server.account(ctx)
		list := &v1alpha1.ApplicationList{}
		projects := append(q.Projects, q.Project...)
		for _, name := range s.server.names() {
			a := s.server.apps[name]
			inProject := len(projects) == 0 || strings.Contains(","+strings.Join(projects, ",")+",", ","+a.app.Spec.Project+",")
			if inProject && account.enforce("applications", "get", a) == nil {
				list.Items = append(list.Items, *a.view())
			}
		}
		return list, nil
	})
}

// Sync begins an operation.
func (s *appService) Sync(ctx context.Context, q *apppkg.ApplicationSyncRequest) (*v1alpha1.Application, error) {
	return inside(s.server, func() (*v1alpha1.Application, error) {
		a, err := s.server.find(ctx, q.GetName(), q.GetProject(), "get")
		if err != nil {
			return nil, err
		}
		account, _ := s.server.account(ctx)
		source := a.app.Spec.GetSource()
		switch {
		case s.server.faults.SyncWindow:
			return nil, status.Error(codes.PermissionDenied, "cannot sync: blocked by sync window")
		case account.enforce("applications", "sync", a) != nil:
			return nil, account.enforce("applications", "sync", a)
		case a.auto() != nil && q.GetRevision() != "" && q.GetRevision() != source.TargetRevision:
			return nil, status.Errorf(codes.FailedPrecondition, "Cannot sync to %s: auto-sync currently set to %s", q.GetRevision(), source.TargetRevision)
		case a.op != nil:
			return nil, status.Error(codes.FailedPrecondition, "error setting app operation: rpc error: code = FailedPrecondition desc = another operation is already in progress")
		}
		revision := q.GetRevision()
		if len(revision) != 40 {
			// Resolved when asked, as the API server does, so that a push a moment ago counts.
			if _, commit, _ := a.build(revision); commit != "" {
				revision = commit
			}
		}
		a.begin(v1alpha1.Operation{
			Sync:        &v1alpha1.SyncOperation{Revision: revision, Prune: q.GetPrune(), DryRun: q.GetDryRun()},
			InitiatedBy: v1alpha1.OperationInitiator{Username: account.Name},
		})
		return a.view(), nil
	})
}

// Delete removes an Application and, as its finalizer does, what it manages.
func (s *appService) Delete(ctx context.Context, q *apppkg.ApplicationDeleteRequest) (*apppkg.ApplicationResponse, error) {
	return inside(s.server, func() (*apppkg.ApplicationResponse, error) {
		if _, err := s.server.find(ctx, q.GetName(), q.GetProject(), "delete"); err != nil {
			return nil, err
		}
		s.server.removeApp(q.GetName())
		return &apppkg.ApplicationResponse{}, nil
	})
}

// TerminateOperation ends whatever runs when it arrives.
func (s *appService) TerminateOperation(ctx context.Context, q *apppkg.OperationTerminateRequest) (*apppkg.OperationTerminateResponse, error) {
	return inside(s.server, func() (*apppkg.OperationTerminateResponse, error) {
		a, err := s.server.find(ctx, q.GetName(), q.GetProject(), "sync")
		if err != nil {
			return nil, err
		}
		faults := &s.server.faults
		if faults.TerminateConflicts > 0 {
			faults.TerminateConflicts--
			return nil, status.Error(codes.Internal, "Failed to terminate app. Too many conflicts")
		}
		if faults.LateTerminate && a.op != nil && a.app.Status.OperationState != nil {
			faults.LateTerminate = false
			a.nextOperation()
		}
		if a.op == nil || a.app.Status.OperationState == nil {
			return nil, status.Error(codes.InvalidArgument, "Unable to terminate operation. No operation is in progress")
		}
		a.op.terminate()
		return &apppkg.OperationTerminateResponse{}, nil
	})
}

// nextOperation ends the running operation by itself and begins the one for the branch's head, as auto-sync does.
func (a *application) nextOperation() {
	a.op.finish("Failed", "one or more synchronization tasks completed unsuccessfully")
	_, commit, _ := a.build("")
	a.tried = commit
	a.begin(v1alpha1.Operation{Sync: &v1alpha1.SyncOperation{Revision: commit}, InitiatedBy: v1alpha1.OperationInitiator{Automated: true}})
	a.op.start()
}

// ResourceTree lists objects, ReplicaSets and pods with their health.
func (s *appService) ResourceTree(ctx context.Context, q *apppkg.ResourcesQuery) (*v1alpha1.ApplicationTree, error) {
	return inside(s.server, func() (*v1alpha1.ApplicationTree, error) {
		a, err := s.server.find(ctx, q.GetApplicationName(), q.GetProject(), "get")
		if err != nil {
			return nil, err
		}
		return s.server.world.tree(a.app.Name), nil
	})
}

// GetResource gives one live object.
func (s *appService) GetResource(ctx context.Context, q *apppkg.ApplicationResourceRequest) (*apppkg.ApplicationResourceResponse, error) {
	return inside(s.server, func() (*apppkg.ApplicationResourceResponse, error) {
		a, err := s.server.find(ctx, q.GetName(), q.GetProject(), "get")
		if err != nil {
			return nil, err
		}
		manifest := s.server.world.manifest(a.app.Name, key{q.GetKind(), q.GetNamespace(), q.GetResourceName()})
		if manifest == nil {
			return nil, status.Errorf(codes.InvalidArgument, "%s %s %s not found as part of application %s", q.GetKind(), q.GetGroup(), q.GetResourceName(), q.GetName())
		}
		text := encode(manifest)
		return &apppkg.ApplicationResourceResponse{Manifest: &text}, nil
	})
}

// ListResourceEvents gives the events of one object.
func (s *appService) ListResourceEvents(ctx context.Context, q *apppkg.ApplicationResourceEventsQuery) (*corev1.EventList, error) {
	return inside(s.server, func() (*corev1.EventList, error) {
		if _, err := s.server.find(ctx, q.GetName(), q.GetProject(), "get"); err != nil {
			return nil, err
		}
		list := &corev1.EventList{}
		for _, e := range s.server.world.events {
			if e.uid == q.GetResourceUID() {
				list.Items = append(list.Items, corev1.Event{
					Type: corev1.EventTypeWarning, Reason: e.reason, Message: e.message, Count: e.times, LastTimestamp: metav1.Time{Time: e.at},
				})
			}
		}
		return list, nil
	})
}

// PodLogs sends the last lines of a container.
func (s *appService) PodLogs(q *apppkg.ApplicationPodLogsQuery, stream apppkg.ApplicationService_PodLogsServer) error {
	lines, err := inside(s.server, func() ([]string, error) {
		a, err := s.server.find(stream.Context(), q.GetName(), q.GetProject(), "get")
		if err != nil {
			return nil, err
		}
		account, _ := s.server.account(stream.Context())
		if err := account.enforce("logs", "get", a); err != nil && s.server.opts.LogsRight {
			return nil, err
		}
		p := s.server.world.pod(a.app.Name, q.GetPodName())
		if p == nil {
			return nil, status.Errorf(codes.InvalidArgument, "pod %s not found as part of application %s", q.GetPodName(), q.GetName())
		}
		return p.behaviour.Logs, nil
	})
	if err != nil {
		return err
	}
	if n := int(q.GetTailLines()); n > 0 && len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	for i := 0; i <= len(lines); i++ {
		entry := &apppkg.LogEntry{Content: ptr(""), TimeStamp: &metav1.Time{}, TimeStampStr: ptr(""), Last: ptr(i == len(lines)), PodName: q.PodName}
		if i < len(lines) {
			entry.Content = ptr(lines[i])
		}
		if err := stream.Send(entry); err != nil {
			return fmt.Errorf("send log line: %w", err)
		}
	}
	return nil
}
