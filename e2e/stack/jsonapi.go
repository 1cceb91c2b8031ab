package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// jsonAPI calls a REST API that speaks JSON, signed in with a bearer token.
type jsonAPI struct {
	base  string // without a slash at the end
	token string
	http  *http.Client
}

// StatusError is an answer other than 2xx.
type StatusError struct {
	Call   string // method and path
	Status int
	Body   string
}

func (e *StatusError) Error() string { return fmt.Sprintf("%s: HTTP %d: %s", e.Call, e.Status, e.Body) }

// newJSONAPI returns a client that is not signed in where the token is empty.
func newJSONAPI(base, token string) jsonAPI {
	return jsonAPI{base: base, token: token, http: &http.Client{Timeout: time.Minute}}
}

// as returns the same API with another token.
func (a jsonAPI) as(token string) jsonAPI { return jsonAPI{base: a.base, token: token, http: a.http} }

// Token is the token that calls are made with.
func (a jsonAPI) Token() string { return a.token }

// Call sends a request with a JSON body and decodes the JSON answer into out; both may be nil. An answer other than 2xx
// is a *StatusError.
func (a jsonAPI) Call(ctx context.Context, method, path string, in, out any) error {
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
