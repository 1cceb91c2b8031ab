package stack

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// refreshAnnotation makes the applicationset controller look at the repository at once, past its cache; it removes the
// annotation afterwards. Without it a new folder takes up to six minutes to become an Application.
const refreshAnnotation = "argocd.argoproj.io/application-set-refresh"

// RefreshAppSets has the controller evaluate every ApplicationSet in Argo CD's namespace.
func (c *Cluster) RefreshAppSets(ctx context.Context) error {
	sets := c.dynamic.Resource(schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "applicationsets"}).Namespace("argocd")
	list, err := sets.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:"true"}}}`, refreshAnnotation)
	for _, set := range list.Items {
		if _, err := sets.Patch(ctx, set.GetName(), types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			return fmt.Errorf("refresh applicationset %s: %w", set.GetName(), err)
		}
	}
	return nil
}

// Get reads a live object.
func (c *Cluster) Get(ctx context.Context, apiVersion, kind, namespace, name string) (*unstructured.Unstructured, error) {
	object := &unstructured.Unstructured{}
	object.SetAPIVersion(apiVersion)
	object.SetKind(kind)
	object.SetNamespace(namespace)
	client, err := c.resource(ctx, object)
	if err != nil {
		return nil, err
	}
	return client.Get(ctx, name, metav1.GetOptions{})
}
