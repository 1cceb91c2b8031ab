package render

import (
	"fmt"
	"strings"

	"github.com/modelops/modelops/render/spec"
	"github.com/modelops/modelops/render/standard"
)

// The defaults of modelops.yaml that tenants and Argo CD's objects are rendered with.
const (
	defaultArgoNamespace = "argocd"
	defaultArgoVersion   = 2
	defaultBranch        = "main"
	defaultServer        = "https://kubernetes.default.svc"
	defaultPodSecurity   = "latest"
	defaultMemory        = "512Mi"
	defaultCPU           = "100m"
)

// Tenant renders tenants/TEAM/ENV: the namespace of a team in one environment, its bounds and its access.
func Tenant(p *spec.Platform, t *spec.Team, env string, s *standard.Standard) (Files, error) {
	where := "tenant " + t.Metadata.Name + " in " + env
	vars, err := tenantVars(p, t, env)
	if err != nil {
		return nil, fmt.Errorf("render %s: %w", where, err)
	}
	manifests, _, err := s.Fill(standard.SheetTenant, vars, nil)
	if err != nil {
		return nil, fmt.Errorf("render %s: %w", where, err)
	}
	files := Files{}
	k := kustomization{Resources: files.put("", manifests), Labels: []kustomizationLabel{{Pairs: map[string]string{
		"app.kubernetes.io/managed-by": "modelops", "modelops.dev/team": t.Metadata.Name, "modelops.dev/environment": env,
	}}}}
	files["kustomization.yaml"], err = k.encode()
	return files, err
}

// Environments lists those that a team has, in the platform's order.
func Environments(p *spec.Platform, t *spec.Team) []string {
	var out []string
	for _, e := range p.Spec.Environments {
		if len(t.Spec.Environments) == 0 || has(t.Spec.Environments, e.Name) {
			out = append(out, e.Name)
		}
	}
	return out
}

func has(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

func tenantVars(p *spec.Platform, t *spec.Team, env string) (standard.Vars, error) {
	e, err := environment(p, env)
	if err != nil {
		return nil, err
	}
	tenancy, err := t.Spec.For(env)
	if err != nil {
		return nil, err
	}
	tenancy.Limits.DefaultMemory = or(tenancy.Limits.DefaultMemory, defaultMemory)
	tenancy.Limits.DefaultCPU = or(tenancy.Limits.DefaultCPU, defaultCPU)
	owners := make([]any, len(t.Spec.Owners))
	for i, o := range t.Spec.Owners {
		owners[i] = o
	}
	return standard.Vars{
		"target":   tenantTarget(t.Metadata.Name, env),
		"team":     map[string]any{"name": t.Metadata.Name, "owners": owners},
		"tenancy":  standard.Value(tenancy),
		"platform": platformVars(p),
		"env":      e,
	}, nil
}

func tenantTarget(team, env string) map[string]any {
	t := spec.Target{Team: team, Env: env}
	return map[string]any{"team": team, "environment": env, "namespace": t.Namespace(), "project": t.Project()}
}

// platformVars is the platform's spec with its defaults.
func platformVars(p *spec.Platform) any {
	s := p.Spec
	s.Git.Branch = or(s.Git.Branch, defaultBranch)
	s.ArgoCD.Namespace = or(s.ArgoCD.Namespace, defaultArgoNamespace)
	s.ArgoCD.Version = or(s.ArgoCD.Version, defaultArgoVersion)
	s.PodSecurityVersion = or(s.PodSecurityVersion, defaultPodSecurity)
	if s.Network.DNS == nil {
		s.Network.DNS = &spec.Peer{Namespace: "kube-system", PodLabels: map[string]string{"k8s-app": "kube-dns"}}
	}
	return standard.Value(s)
}

func environment(p *spec.Platform, name string) (any, error) {
	var known []string
	for _, e := range p.Spec.Environments {
		if e.Name == name {
			return environmentVars(p, e), nil
		}
		known = append(known, e.Name)
	}
	return nil, fmt.Errorf("the platform has no environment %q; it has: %s", name, strings.Join(known, ", "))
}

func environmentVars(p *spec.Platform, e spec.Environment) map[string]any {
	auto := true
	for _, choice := range []*bool{p.Spec.ArgoCD.AutoSync, e.AutoSync} {
		if choice != nil {
			auto = *choice
		}
	}
	return map[string]any{"name": e.Name, "autoSync": auto, "cluster": clusterVars(e.Cluster)}
}

// clusterVars has exactly one of server and name, as an Argo CD destination wants it.
func clusterVars(c spec.Cluster) any {
	if c.Name == "" {
		c.Server = or(c.Server, defaultServer)
	}
	return standard.Value(c)
}
