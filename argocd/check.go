package argocd

import "context"

// Report is what [Client.Check] found out. Its texts come from the server and are untrusted.
type Report struct {
	// Server is the address and how it is spoken to, Version what it says it is.
	Server, Version string
	// User is who is signed in, empty where authentication is off; Groups are the groups of that account.
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

// Missing lists the rights that are not allowed, the needed ones only or all.
func (r Report) Missing(optionalToo bool) []Right {
	var out []Right
	for _, right := range r.Rights {
		if !right.Allowed && (optionalToo || !right.Optional) {
			out = append(out, right)
		}
	}
	return out
}

// Check asks who is signed in and which of the needed rights the account has on a project's Applications ("*" for all
// projects). Rights given for single Applications only do not count. Errors are those of [Dial].
func (c *Client) Check(ctx context.Context, project string) (Report, error) {
	report := Report{Server: c.Server()}
	version, err := c.version(ctx)
	if err != nil {
		return report, err
	}
	report.Version = version.Version
	info, err := c.userInfo(ctx)
	if err != nil {
		return report, err
	}
	report.User, report.Groups = info.Username, info.Groups
	object := project + "/*"
	for _, ask := range []struct {
		resource, action, use string
		optional              bool
	}{
		{"applications", "get", "find Applications, wait and say why something fails", false},
		{"applications", "sync", "sync, and end an operation that is in the way", false},
		{"logs", "get", "show the last log lines of a container that failed", true},
	} {
		allowed, err := c.canI(ctx, ask.resource, ask.action, object)
		if err != nil {
			return report, err
		}
		report.Rights = append(report.Rights, Right{
			Policy: ask.resource + ", " + ask.action + ", " + object, For: ask.use, Allowed: allowed, Optional: ask.optional,
		})
	}
	return report, nil
}
