package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/modelops/modelops/argocd"
	"github.com/modelops/modelops/internal/workspace"
	"github.com/modelops/modelops/render/spec"
)

// argo checks the connection to Argo CD, the rights, and whether the tenants' projects and Applications are there.
func (d *doctor) argo() {
	platform := &spec.Platform{}
	if d.src != nil {
		platform = d.src.Platform()
	}
	opts, err := d.s.argoOptions(platform)
	if err != nil {
		d.missing("argo cd", err, "argocd login SERVER, or set ARGOCD_SERVER and ARGOCD_AUTH_TOKEN; promotes work without it, --sync and --wait do not")
		return
	}
	ctx, cancel := d.limited()
	defer cancel()
	client, err := argocd.Dial(ctx, opts)
	if err != nil {
		d.missing("argo cd", err, "argocd login "+opts.Server)
		return
	}
	defer client.Close()
	if len(d.teams) == 0 || d.src == nil {
		d.report(ctx, client, "*")
		return
	}
	team, env := d.teams[0], workspace.Environments(platform)[0]
	project := spec.Target{Team: team, Env: env}.Project()
	if d.report(ctx, client, project) {
		d.firstSync(ctx, client, project)
	}
}

func (d *doctor) report(ctx context.Context, client *argocd.Client, project string) bool {
	r, err := client.Check(ctx, project)
	if err != nil {
		d.missing("argo cd", err, "argocd account get-user-info")
		return false
	}
	user := r.User
	if user == "" {
		user = "nobody (authentication is off)"
	}
	d.ok("argo cd", "%s, %s, signed in as %s", r.Server, r.Version, user)
	lacks := r.Missing(true)
	if len(lacks) == 0 {
		d.ok("rights", "get, sync and logs on %s/*", project)
		return true
	}
	for _, right := range lacks {
		status := "missing"
		if right.Optional {
			status = "warning"
		}
		d.say("rights", status, fmt.Sprintf("%s is not allowed; it is needed to %s", right.Policy, right.For),
			"ask Argo CD's administrator for: p, SUBJECT, "+right.Policy+", allow")
	}
	return len(r.Missing(false)) == 0
}

// firstSync says whether Argo CD knows the repository's Applications: they come from the ApplicationSets in argocd/.
func (d *doctor) firstSync(ctx context.Context, client *argocd.Client, project string) {
	if d.repo == nil {
		return
	}
	tip, err := d.repo.Tip(ctx)
	if err != nil {
		return
	}
	models, err := treeOf(tip).Models()
	if err != nil {
		return
	}
	for _, m := range models {
		overlays, err := treeOf(tip).Overlays(m)
		if err != nil || len(overlays) == 0 {
			continue
		}
		t := overlays[0]
		_, err = client.Find(ctx, argocd.Query{RepoURLs: []string{d.src.Platform().Spec.Git.URL, d.repo.Remote()}, Path: t.Dir(), Name: t.App(), Project: t.Project(), Branch: d.repo.Branch()})
		var none *argocd.NoAppError
		switch {
		case errors.As(err, &none):
			d.missing("first sync", err, "an administrator runs once: kubectl apply -k argocd/ (namespace "+argoNamespace(d.src.Platform())+")")
		case err != nil:
			d.missing("first sync", err, "")
		default:
			d.ok("first sync", "Argo CD has the Application of %s", t)
		}
		return
	}
	d.say("first sync", "skipped", "no model is promoted yet, so "+project+" has no Application to look for", "modelops promote TEAM/MODEL --env ENVIRONMENT --version VERSION")
}

func argoNamespace(p *spec.Platform) string {
	if p.Spec.ArgoCD.Namespace != "" {
		return p.Spec.ArgoCD.Namespace
	}
	return "argocd"
}

func envNames(p *spec.Platform) string { return strings.Join(workspace.Environments(p), ", ") }
