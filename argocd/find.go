package argocd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
)

// Query says which Application is looked for.
type Query struct {
	// RepoURLs are the addresses of the deployment repository; any of them counts, however it is spelled.
	RepoURLs []string
	// Path is the overlay's folder.
	Path string
	// Name is the expected name of the Application; it decides among several with the same folder.
	Name string
	// Project is the AppProject; empty looks in all.
	Project string
	// Branch is the one that Argo CD should follow.
	Branch string
}

// AppRef is an Application that was found. Its texts come from the server and are untrusted.
type AppRef struct {
	// Name, Namespace and Project address it.
	Name, Namespace, Project string
	// RepoURL, Path and TargetRevision are those of the source that matched.
	RepoURL, Path, TargetRevision string
	// Source is the index of that source where there are several, else -1.
	Source int
	// AutoSync, SelfHeal and Prune are its sync policy; without auto-sync a sync prunes, since an overlay is the whole of
	// what its Application holds.
	AutoSync, SelfHeal, Prune bool
	// Overrides are settings on the Application that change what is deployed beside Git.
	Overrides []string
}

// Find looks for the Application that deploys a folder of the repository, by repository and path: the expected name is
// only tried first, and decides where several match. Errors: *NoAppError, *AmbiguousError, *PermissionError, *AuthError,
// *UnavailableError.
func (c *Client) Find(ctx context.Context, q Query) (AppRef, error) {
	if q.Name != "" && q.Project != "" {
		app, err := c.get(ctx, AppRef{Name: q.Name, Project: q.Project}, false)
		if err == nil {
			if ref, ok := match(app, q); ok {
				return ref, nil
			}
		} else if !missing(err) {
			return AppRef{}, err
		}
	}
	list, err := c.list(ctx, q.Project)
	if err != nil {
		return AppRef{}, err
	}
	return choose(list.Items, q)
}

// missing reports answers that say that the Application is not there or not visible; the list then decides.
func missing(err error) bool {
	return asType[*notFoundError](err) || asType[*PermissionError](err)
}

// choose picks the Application of the query from a list.
func choose(apps []v1alpha1.Application, q Query) (AppRef, error) {
	var found []AppRef
	var near []string
	for i := range apps {
		if ref, ok := match(&apps[i], q); ok {
			found = append(found, ref)
		} else if why := almost(&apps[i], q); why != "" {
			near = append(near, why)
		}
	}
	found = narrow(found, func(r AppRef) bool { return tracks(r.TargetRevision, q.Branch) })
	found = narrow(found, func(r AppRef) bool { return r.Name == q.Name })
	switch len(found) {
	case 0:
		slices.Sort(near)
		return AppRef{}, &NoAppError{Query: q, Seen: len(apps), Near: near}
	case 1:
		return found[0], nil
	}
	names := make([]string, len(found))
	for i, r := range found {
		names[i] = strings.TrimPrefix(r.Namespace+"/"+r.Name, "/")
	}
	slices.Sort(names)
	return AppRef{}, &AmbiguousError{Query: q, Names: names}
}

// narrow keeps those that are good, unless that leaves none.
func narrow(refs []AppRef, good func(AppRef) bool) []AppRef {
	var out []AppRef
	for _, r := range refs {
		if good(r) {
			out = append(out, r)
		}
	}
	if len(out) == 0 {
		return refs
	}
	return out
}

func match(app *v1alpha1.Application, q Query) (AppRef, bool) {
	for i, source := range app.Spec.GetSources() {
		if samePath(source.Path, q.Path) && source.Chart == "" && ofRepo(source.RepoURL, q.RepoURLs) {
			return newRef(app, i, q.Branch), true
		}
	}
	return AppRef{}, false
}

func ofRepo(address string, wanted []string) bool {
	return slices.ContainsFunc(wanted, func(w string) bool { return sameRepo(address, w) })
}

// almost says why an Application that looks like the wanted one is not.
func almost(app *v1alpha1.Application, q Query) string {
	for _, source := range app.Spec.GetSources() {
		switch {
		case samePath(source.Path, q.Path) && source.Chart == "":
			return fmt.Sprintf("%s has this path in repository %s", app.Name, withoutUser(source.RepoURL))
		case app.Name == q.Name:
			return fmt.Sprintf("%s deploys path %q of repository %s", app.Name, source.Path, withoutUser(source.RepoURL))
		}
	}
	return ""
}

// withoutUser drops user and password from an address before it is shown.
func withoutUser(address string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return address
	}
	host, tail, _ := strings.Cut(rest, "/")
	return scheme + "://" + host[strings.LastIndex(host, "@")+1:] + "/" + tail
}

func newRef(app *v1alpha1.Application, index int, branch string) AppRef {
	source := app.Spec.GetSources()[index]
	ref := AppRef{
		Name: app.Name, Namespace: app.Namespace, Project: app.Spec.GetProject(),
		RepoURL: source.RepoURL, Path: source.Path, TargetRevision: source.TargetRevision,
		Source: -1, Prune: true, Overrides: overrides(source, branch),
	}
	if app.Spec.HasMultipleSources() {
		ref.Source = index
	}
	if policy := app.Spec.SyncPolicy; policy != nil && policy.Automated != nil {
		ref.AutoSync, ref.SelfHeal, ref.Prune = true, policy.Automated.SelfHeal, policy.Automated.Prune
	}
	return ref
}

// overrides lists what stands on the Application and not in Git, yet decides what is deployed.
func overrides(source v1alpha1.ApplicationSource, branch string) []string {
	var out []string
	if !tracks(source.TargetRevision, branch) {
		out = append(out, fmt.Sprintf("targetRevision is %q, not branch %q", source.TargetRevision, branch))
	}
	if source.Kustomize != nil && !source.Kustomize.IsZero() {
		out = append(out, "source.kustomize is set")
	}
	if source.Helm != nil && !source.Helm.IsZero() {
		out = append(out, "source.helm is set")
	}
	if source.Plugin != nil && !source.Plugin.IsZero() {
		out = append(out, "source.plugin is set")
	}
	if source.Directory != nil && !source.Directory.IsZero() {
		out = append(out, "source.directory is set")
	}
	return out
}

// Await is [Client.Find] that waits for an Application which does not exist yet, at most p.AppMissing, and reports each
// look that found none. The error of the last look is returned when the time is over.
func (c *Client) Await(ctx context.Context, q Query, p Patience, report func(Event)) (AppRef, error) {
	start := c.opts.Now()
	for {
		ref, err := c.Find(ctx, q)
		var none *NoAppError
		if !errors.As(err, &none) {
			return ref, err
		}
		elapsed := c.opts.Now().Sub(start)
		if elapsed+p.poll() > p.AppMissing {
			return AppRef{}, err
		}
		if report != nil {
			report(Event{Kind: EventSearching, Elapsed: elapsed, Message: err.Error()})
		}
		if err := sleep(ctx, p.poll()); err != nil {
			return AppRef{}, fmt.Errorf("wait for an Application of %s: %w", q.Path, err)
		}
	}
}
