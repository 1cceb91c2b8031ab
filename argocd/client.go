package argocd

import (
	"context"
	"errors"
)

// Client speaks to one Argo CD API server. It is safe for concurrent use.
type Client struct {
	opts Options
}

// Dial checks that the server answers and takes the token, and gives a client for it. Errors: *UnavailableError,
// *AuthError.
func Dial(ctx context.Context, opts Options) (*Client, error) {
	return nil, errors.New("not built yet")
}

// Close ends the connection.
func (c *Client) Close() error { return nil }

// Resolve.
func Resolve(lookupEnv func(string) (string, bool), home string, over Options) (Options, error) {
	return over, nil
}

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

// AppRef is an Application that was found.
type AppRef struct {
	// Name, Namespace and Project address it; Namespace is empty for Argo CD's own.
	Name, Namespace, Project string
	// RepoURL, Path and Branch are those of the source that matched.
	RepoURL, Path, TargetRevision string
	// Source is the index of that source where there are several, else -1.
	Source int
	// AutoSync and SelfHeal are its sync policy.
	AutoSync, SelfHeal bool
	// Overrides are settings on the Application that change what is deployed beside Git: untrusted values.
	Overrides []string
}

// Find.
func (c *Client) Find(ctx context.Context, q Query) (AppRef, error) { return AppRef{}, nil }

// Await is Find that waits for an Application which does not exist yet, at most p.AppMissing.
func (c *Client) Await(ctx context.Context, q Query, p Patience, report func(Event)) (AppRef, error) {
	return AppRef{}, nil
}

// Deploy.
func (c *Client) Deploy(ctx context.Context, app AppRef, want Want, p Patience, report func(Event)) (Outcome, error) {
	return Outcome{}, nil
}

// Wait.
func (c *Client) Wait(ctx context.Context, app AppRef, want Want, p Patience, report func(Event)) (Outcome, error) {
	return Outcome{}, nil
}

// Check.
func (c *Client) Check(ctx context.Context, project string) (Report, error) { return Report{}, nil }

// Report is what [Client.Check] found out.
type Report struct {
	// Server is the address, Version what it says it is.
	Server, Version string
	// User is who is signed in, Groups the groups of that account: untrusted.
	User   string
	Groups []string
	// Rights that commands need on the project's Applications.
	Rights []Right
}

// Right is one permission.
type Right struct {
	// Policy is how a policy spells it: "applications, sync, PROJECT/*".
	Policy string
	// For says what it is needed for.
	For string
	// Allowed is what the server answered.
	Allowed bool
	// Optional is set where everything works without it, with less to show.
	Optional bool
}
