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

	"golang.org/x/net/http2"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
)

// Refusal is an API server's answer to a manifest that it does not take.
type Refusal struct {
	// Code is the HTTP status; 0 where the server has no such kind.
	Code    int
	Message string
}

func (r *Refusal) Error() string { return fmt.Sprintf("%d: %s", r.Code, r.Message) }

// Create sends one manifest, as the bytes that it is, to be created: strictly, and without effect. The error is a
// *Refusal where the server has judged it.
func (c *Cluster) Create(ctx context.Context, gvk schema.GroupVersionKind, namespace string, manifest []byte) error {
	mapping, err := c.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if meta.IsNoMatchError(err) {
		return &Refusal{Message: err.Error()}
	}
	if err != nil {
		return err
	}
	where := "/apis/" + gvk.Group + "/" + gvk.Version
	if gvk.Group == "" {
		where = "/api/" + gvk.Version
	}
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		where += "/namespaces/" + url.PathEscape(namespace)
	}
	where += "/" + mapping.Resource.Resource + "?dryRun=All&fieldValidation=Strict&fieldManager=" + fieldManager
	client, err := rest.HTTPClientFor(c.Config)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Config.Host+where, bytes.NewReader(manifest))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/yaml")
	req.Header.Set("Accept", "application/json")
	resp, err := client.Do(req)
	var broken http2.StreamError
	if errors.As(err, &broken) {
		// A panic of the server ends the request like this.
		return &Refusal{Code: http.StatusInternalServerError, Message: err.Error()}
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode == http.StatusCreated || resp.StatusCode == http.StatusConflict {
		// A conflict is what validation and admission have let through: the object is there already.
		return err
	}
	var status metav1.Status
	if err := json.Unmarshal(body, &status); err != nil {
		return fmt.Errorf("%s: %s", resp.Status, body)
	}
	return &Refusal{Code: resp.StatusCode, Message: status.Message}
}
