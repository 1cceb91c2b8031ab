package render

import (
	"fmt"
	"sort"

	"github.com/modelops/modelops/render/spec"
	"github.com/modelops/modelops/render/standard"
)

// ArgoCD renders argocd/: a project and an ApplicationSet for each team in each of its environments, an ApplicationSet
// for each environment's tenants, the platform's projects, and the Application that keeps the folder itself. A platform
// administrator applies the folder once; after that it keeps itself.
func ArgoCD(p *spec.Platform, teams []*spec.Team, s *standard.Standard) (Files, error) {
	teams = append([]*spec.Team(nil), teams...)
	sort.Slice(teams, func(i, j int) bool { return teams[i].Metadata.Name < teams[j].Metadata.Name })
	a := argo{platform: p, standard: s, files: Files{}}
	if err := a.fill("", standard.SheetPlatform, standard.Vars{"platform": platformVars(p), "tenants": tenants(p, teams)}, nil); err != nil {
		return nil, err
	}
	for _, e := range p.Spec.Environments {
		vars := standard.Vars{"platform": platformVars(p), "env": environmentVars(p, e)}
		if err := a.fill(e.Name+"/", standard.SheetEnvironment, vars, map[string]string{"modelops.dev/environment": e.Name}); err != nil {
			return nil, err
		}
	}
	for _, t := range teams {
		for _, env := range Environments(p, t) {
			if err := a.tenant(t, env); err != nil {
				return nil, err
			}
		}
	}
	k := kustomization{Resources: a.resources, Labels: []kustomizationLabel{{Pairs: map[string]string{"app.kubernetes.io/managed-by": "modelops"}}}}
	var err error
	a.files["kustomization.yaml"], err = k.encode()
	return a.files, err
}

type argo struct {
	platform  *spec.Platform
	standard  *standard.Standard
	files     Files
	resources []string
}

func (a *argo) tenant(t *spec.Team, env string) error {
	vars, err := tenantVars(a.platform, t, env)
	if err != nil {
		return fmt.Errorf("render Argo CD's objects of team %s in %s: %w", t.Metadata.Name, env, err)
	}
	dir := spec.Target{Team: t.Metadata.Name, Env: env}.Project() + "/"
	return a.fill(dir, standard.SheetArgoCD, vars, map[string]string{"modelops.dev/team": t.Metadata.Name, "modelops.dev/environment": env})
}

// fill puts a sheet's manifests into a folder. Labels go into a kustomization of the folder's own, since they differ.
func (a *argo) fill(dir, sheet string, vars standard.Vars, labels map[string]string) error {
	manifests, _, err := a.standard.Fill(sheet, vars, nil)
	if err != nil {
		return fmt.Errorf("render Argo CD's objects: %w", err)
	}
	names := a.files.put(dir, manifests)
	if dir == "" {
		a.resources = append(a.resources, names...)
		return nil
	}
	k := kustomization{Resources: names, Labels: []kustomizationLabel{{Pairs: labels}}}
	a.files[dir+"kustomization.yaml"], err = k.encode()
	a.resources = append(a.resources, dir[:len(dir)-1])
	return err
}

// tenants lists every team in each of its environments, with the cluster and the namespace.
func tenants(p *spec.Platform, teams []*spec.Team) []any {
	var out []any
	for _, e := range p.Spec.Environments {
		for _, t := range teams {
			if !has(Environments(p, t), e.Name) {
				continue
			}
			v := tenantTarget(t.Metadata.Name, e.Name)
			v["cluster"] = clusterVars(e.Cluster)
			out = append(out, v)
		}
	}
	return out
}
