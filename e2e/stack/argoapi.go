package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// ArgoAPI calls Argo CD's REST API. It is the tests' own view of Argo CD and shares no code with modelops.
type ArgoAPI struct {
	base  string
	token string
	http  *http.Client
}

// StatusError is an answer of Argo CD other than 2xx.
type StatusError struct {
	Call   string // method and path
	Status int
	Body   string
}

func (e *StatusError) Error() string { return fmt.Sprintf("%s: HTTP %d: %s", e.Call, e.Status, e.Body) }

// newArgoAPI returns a client that is not signed in.
func newArgoAPI(server string) *ArgoAPI {
	return &ArgoAPI{base: "http://" + server, http: &http.Client{Timeout: time.Minute}}
}

// As returns the same API with another token.
func (a *ArgoAPI) As(token string) *ArgoAPI {
	return &ArgoAPI{base: a.base, token: token, http: a.http}
}

// Token is the token that calls are made with.
func (a *ArgoAPI) Token() string { return a.token }

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

// Call sends a request with a JSON body and decodes the JSON answer into out; both may be nil. An answer other than 2xx
// is a *StatusError.
func (a *ArgoAPI) Call(ctx context.Context, method, path string, in, out any) error {
	raw, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	resp, err := a.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return &StatusError{Call: method + " " + path, Status: resp.StatusCode, Body: strings.TrimSpace(string(answer))}
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

// asStatus returns the answer that an error stands for, if it is one.
func asStatus(err error) (*StatusError, bool) {
	var status *StatusError
	return status, errors.As(err, &status)
}
