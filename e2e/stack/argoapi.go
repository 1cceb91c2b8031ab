package stack

import (
	"context"
	"net/http"
	"net/url"
)

// ArgoAPI calls Argo CD's REST API. It is the tests' own view of Argo CD and shares no code with modelops.
type ArgoAPI struct{ jsonAPI }

// newArgoAPI returns a client that is not signed in.
func newArgoAPI(server string) *ArgoAPI { return &ArgoAPI{newJSONAPI("http://"+server, "")} }

// As returns the same API with another token.
func (a *ArgoAPI) As(token string) *ArgoAPI { return &ArgoAPI{a.as(token)} }

// login signs in with a password.
func (a *ArgoAPI) login(ctx context.Context, user, password string) error {
	var session struct{ Token string }
	if err := a.Call(ctx, http.MethodPost, "/api/v1/session", map[string]string{"username": user, "password": password}, &session); err != nil {
		return err
	}
	a.token = session.Token
	return nil
}

// ProjectToken issues a token of a project's role that is valid for two hours.
func (a *ArgoAPI) ProjectToken(ctx context.Context, project, role string) (string, error) {
	var answer struct{ Token string }
	path := "/api/v1/projects/" + url.PathEscape(project) + "/roles/" + url.PathEscape(role) + "/token"
	body := map[string]any{"project": project, "role": role, "expiresIn": 7200}
	err := a.Call(ctx, http.MethodPost, path, body, &answer)
	return answer.Token, err
}
