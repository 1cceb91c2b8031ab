package argotest

import "github.com/modelops/modelops/argocd"

// Deployment is a serving workload as small as one can be, for tests of what happens to it and not of what it is.
type Deployment struct {
	Name, Image, Release string
	Replicas             int
	// DeadlineSeconds is progressDeadlineSeconds; zero means 600.
	DeadlineSeconds int
	// Hook adds a pre-sync Job with this image.
	Hook string
}

// Objects are the manifests of it.
func (d Deployment) Objects() []map[string]any {
	if d.DeadlineSeconds == 0 {
		d.DeadlineSeconds = 600
	}
	labels := map[string]any{"app.kubernetes.io/name": d.Name}
	objects := []map[string]any{{
		"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": map[string]any{"name": d.Name, "annotations": map[string]any{argocd.ReleaseAnnotation: d.Release}},
		"spec": map[string]any{
			"replicas": float64(d.Replicas), "progressDeadlineSeconds": float64(d.DeadlineSeconds),
			"selector": map[string]any{"matchLabels": labels},
			"template": map[string]any{
				"metadata": map[string]any{"labels": labels},
				"spec":     map[string]any{"containers": []any{map[string]any{"name": "server", "image": d.Image}}},
			},
		},
	}}
	if d.Hook != "" {
		objects = append(objects, d.hook())
	}
	return objects
}

func (d Deployment) hook() map[string]any {
	return map[string]any{
		"apiVersion": "batch/v1", "kind": "Job",
		"metadata": map[string]any{
			"name":        d.Name + "-check",
			"annotations": map[string]any{"argocd.argoproj.io/hook": "PreSync", "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation"},
		},
		"spec": map[string]any{"backoffLimit": float64(0), "template": map[string]any{"spec": map[string]any{
			"restartPolicy": "Never", "containers": []any{map[string]any{"name": "check", "image": d.Hook}},
		}}},
	}
}
