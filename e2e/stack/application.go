package stack

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// Application is what the tests look at of one.
type Application struct {
	Metadata struct {
		Name        string
		Labels      map[string]string
		Annotations map[string]string
	}
	Spec struct {
		Project string
		Source  struct{ RepoURL, Path, TargetRevision string }
	}
	// Operation is set while one is requested or runs.
	Operation *struct{}
	Status    struct {
		ReconciledAt time.Time
		Sync         struct{ Status, Revision string }
		Health       struct{ Status, Message string }
		Conditions   []struct{ Type, Message string }
		History      []struct {
			ID       int64
			Revision string
		}
		OperationState *struct {
			Phase, Message string
			FinishedAt     time.Time
			SyncResult     *struct{ Revision string }
		}
	}
}

// String is the state in one line, for messages.
func (a Application) String() string {
	s := fmt.Sprintf("%s: %s %s at %.7s", a.Metadata.Name, a.Status.Sync.Status, a.Status.Health.Status, a.Status.Sync.Revision)
	if op := a.Status.OperationState; op != nil {
		s += fmt.Sprintf(", operation %s %q", op.Phase, op.Message)
	}
	for _, c := range a.Status.Conditions {
		s += fmt.Sprintf(", %s %q", c.Type, c.Message)
	}
	return s
}

// Running tells whether an operation is requested or runs.
func (a Application) Running() bool {
	op := a.Status.OperationState
	return a.Operation != nil || op != nil && (op.Phase == "Running" || op.Phase == "Terminating")
}

// OperationRevision is the revision of the current or last operation, empty when it names none yet.
func (a Application) OperationRevision() string {
	if op := a.Status.OperationState; op != nil && op.SyncResult != nil {
		return op.SyncResult.Revision
	}
	return ""
}

// Application gets an Application of a project. The project is always sent: without it Argo CD does not tell one that
// does not exist from one that may not be seen.
func (a *ArgoAPI) Application(ctx context.Context, project, name string) (Application, error) {
	return a.application(ctx, project, name, "")
}

// Refresh has Argo CD compare an Application with its repository and returns the result.
func (a *ArgoAPI) Refresh(ctx context.Context, project, name string) (Application, error) {
	return a.application(ctx, project, name, "&refresh=normal")
}

func (a *ArgoAPI) application(ctx context.Context, project, name, query string) (Application, error) {
	var app Application
	err := a.Call(ctx, http.MethodGet, applicationPath(name)+"?project="+url.QueryEscape(project)+query, nil, &app)
	return app, err
}

// Applications lists the Applications of a project.
func (a *ArgoAPI) Applications(ctx context.Context, project string) ([]Application, error) {
	var list struct{ Items []Application }
	err := a.Call(ctx, http.MethodGet, "/api/v1/applications?projects="+url.QueryEscape(project), nil, &list)
	return list.Items, err
}

// Sync starts an operation on the branch's head.
func (a *ArgoAPI) Sync(ctx context.Context, project, name string) error {
	return a.Call(ctx, http.MethodPost, applicationPath(name)+"/sync", map[string]any{"name": name, "project": project}, nil)
}

// WaitApplication polls an Application, without a refresh, until ok is true of it. When the context ends, the error
// tells the state that was seen last.
func (a *ArgoAPI) WaitApplication(ctx context.Context, project, name string, ok func(Application) bool) (Application, error) {
	var last Application
	var failed error
	err := Poll(ctx, 200*time.Millisecond, func(ctx context.Context) (bool, error) {
		app, err := a.Application(ctx, project, name)
		if failed = err; err == nil {
			last = app
		}
		return err == nil && ok(app), nil
	})
	if err != nil {
		return last, fmt.Errorf("wait for application %s: %w; last seen %s (last error: %v)", name, err, last, failed)
	}
	return last, nil
}

func applicationPath(name string) string { return "/api/v1/applications/" + url.PathEscape(name) }
