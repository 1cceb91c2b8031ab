package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// RoleToken adds a role with the rights (such as "applications, get") on everything in the project, beside the roles
// that are there, and returns a token of it once Argo CD honours the rights.
func (s *Stack) RoleToken(ctx context.Context, project, role string, rights []string) (string, error) {
	if err := s.Cluster.addRole(ctx, project, role, rights); err != nil {
		return "", err
	}
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

// addRole adds the role to an AppProject.
func (c *Cluster) addRole(ctx context.Context, project, role string, rights []string) error {
	projects := c.dynamic.Resource(schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "appprojects"}).Namespace("argocd")
	subject := "proj:" + project + ":" + role
	policies := make([]string, len(rights))
	for i, right := range rights {
		policies[i] = fmt.Sprintf("p, %s, %s, %s/*, allow", subject, right, project)
	}
	value := map[string]any{"name": role, "policies": policies}
	object, err := projects.Get(ctx, project, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("add role %s: %w", role, err)
	}
	patch := []map[string]any{{"op": "add", "path": "/spec/roles/-", "value": value}}
	if spec, _ := object.Object["spec"].(map[string]any); spec["roles"] == nil {
		patch = []map[string]any{{"op": "add", "path": "/spec/roles", "value": []any{value}}}
	}
	raw, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	_, err = projects.Patch(ctx, project, types.JSONPatchType, raw, metav1.PatchOptions{FieldManager: fieldManager})
	return err
}
