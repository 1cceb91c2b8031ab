package stack

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

//go:embed assets/cluster.yaml
var clusterObjects string

// fieldManager owns the fields that the harness applies.
const fieldManager = "modelops-e2e"

// Cluster talks to the API server as its administrator.
type Cluster struct {
	// Config is for clients of the caller's own.
	Config *rest.Config
	// Client is the typed client.
	Client kubernetes.Interface

	dynamic dynamic.Interface
	mapper  *restmapper.DeferredDiscoveryRESTMapper
}

// newCluster returns a client of the API server.
func newCluster(server string) (*Cluster, error) {
	// The limits that client-go puts on a client by default would be the slowest part of a test.
	config := &rest.Config{
		Host: server, BearerToken: kubeToken, QPS: -1,
		TLSClientConfig: rest.TLSClientConfig{Insecure: true},
		WarningHandler:  rest.NoWarnings{},
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	kinds, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(kinds))
	return &Cluster{Config: config, Client: client, dynamic: objects, mapper: mapper}, nil
}

// Apply applies the objects of a YAML stream, in its order, by server-side apply. A kind that the server does not
// know yet is waited for, since a custom resource can be applied right after its definition.
func (c *Cluster) Apply(ctx context.Context, manifests string) error {
	return c.each(ctx, manifests, false)
}

// Admit runs the objects through the API server as Apply does, validation and admission included, and keeps nothing.
func (c *Cluster) Admit(ctx context.Context, manifests string) error {
	return c.each(ctx, manifests, true)
}

func (c *Cluster) each(ctx context.Context, manifests string, dryRun bool) error {
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(manifests), 4096)
	for {
		var object unstructured.Unstructured
		if err := decoder.Decode(&object.Object); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("decode manifests: %w", err)
		}
		if len(object.Object) == 0 {
			continue
		}
		if err := c.apply(ctx, &object, dryRun); err != nil {
			return fmt.Errorf("apply %s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
}

func (c *Cluster) apply(ctx context.Context, object *unstructured.Unstructured, dryRun bool) error {
	client, err := c.resource(ctx, object)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(object)
	if err != nil {
		return err
	}
	force := true
	options := metav1.PatchOptions{FieldManager: fieldManager, Force: &force}
	if dryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	_, err = client.Patch(ctx, object.GetName(), types.ApplyPatchType, raw, options)
	return err
}

// resource returns the client for an object's kind and namespace.
func (c *Cluster) resource(ctx context.Context, object *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	mapping, err := c.Served(ctx, object.GroupVersionKind())
	if err != nil {
		return nil, err
	}
	client := c.dynamic.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		return client.Namespace(object.GetNamespace()), nil
	}
	return client, nil
}

// Served waits until the server knows a kind and says where it serves it.
func (c *Cluster) Served(ctx context.Context, kind schema.GroupVersionKind) (*meta.RESTMapping, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	var mapping *meta.RESTMapping
	err := Poll(ctx, 100*time.Millisecond, func(context.Context) (bool, error) {
		found, err := c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
		if meta.IsNoMatchError(err) {
			c.mapper.Reset()
			return false, nil
		}
		mapping = found
		return err == nil, err
	})
	if err != nil {
		return nil, fmt.Errorf("find the kind %s: %w", kind, err)
	}
	return mapping, nil
}

// bootstrap installs Argo CD's definitions and the objects that the cluster has from the start.
func (c *Cluster) bootstrap(ctx context.Context, crds string) error {
	for _, name := range []string{"application-crd.yaml", "appproject-crd.yaml", "applicationset-crd.yaml"} {
		raw, err := os.ReadFile(filepath.Join(crds, name))
		if err != nil {
			return err
		}
		if err := c.Apply(ctx, string(raw)); err != nil {
			return err
		}
	}
	return c.Apply(ctx, clusterObjects)
}

// nodeReady checks that kwok has taken the node on.
func (c *Cluster) nodeReady(ctx context.Context) error {
	node, err := c.Client.CoreV1().Nodes().Get(ctx, "node-0", metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == "Ready" && condition.Status == "True" {
			return nil
		}
	}
	return errors.New("node-0 is not ready")
}

// adminPassword reads the password that Argo CD's server made up for its administrator.
func (c *Cluster) adminPassword(ctx context.Context) (string, error) {
	secret, err := c.Client.CoreV1().Secrets("argocd").Get(ctx, "argocd-initial-admin-secret", metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return "", errors.New("the server has not written argocd-initial-admin-secret yet")
	}
	if err != nil {
		return "", err
	}
	return string(secret.Data["password"]), nil
}
