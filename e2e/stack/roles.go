package stack

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// RoleToken returns a token of a project's role once Argo CD honours it, which takes a second or two after the project
// was made.
func (s *Stack) RoleToken(ctx context.Context, project, role string) (string, error) {
	var token string
	err := eventually(ctx, 200*time.Millisecond, func(ctx context.Context) error {
		var err error
		if token, err = s.Argo.ProjectToken(ctx, project, role); err != nil {
			return err
		}
		return s.Argo.As(token).mayGet(ctx, project)
	})
	return token, err
}

// mayGet checks that Applications of the project may be read: one that does not exist is then not found, and refused
// otherwise.
func (a *ArgoAPI) mayGet(ctx context.Context, project string) error {
	_, err := a.Application(ctx, project, "none")
	if refused, ok := asStatus(err); ok && refused.Status == http.StatusNotFound {
		return nil
	}
	return fmt.Errorf("reading an application of %s: %w", project, err)
}
