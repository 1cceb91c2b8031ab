package argocd

import (
	"context"
	"errors"
	"fmt"

	apppkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
)

// staysGone is for how many looks an Application has to be away before it counts as removed: an ApplicationSet that still
// lists its folder makes it anew within moments.
const staysGone = 5

// Remove deletes an Application with the objects that it manages, and returns once both are gone. Its folder must be gone
// from Git before: Argo CD is told to look first, so that an ApplicationSet does not go by an older list of folders; where
// one makes the Application anew all the same, it is deleted again. An Application that does not exist is removed already.
// Errors: *PermissionError (applications, delete), *UnavailableError, and that of ctx.
func (c *Client) Remove(ctx context.Context, app AppRef, p Patience, report func(Event)) error {
	start := c.opts.Now()
	tell := func(format string, args ...any) {
		if report != nil {
			report(Event{Kind: EventWaiting, Elapsed: c.opts.Now().Sub(start), Message: fmt.Sprintf(format, args...)})
		}
	}
	for {
		if err := c.gone(ctx, app, true); !errors.Is(err, errStillThere) {
			return err
		}
		tell("deleting Application %s with its objects", app.Name)
		if err := c.remove(ctx, app); err != nil && !asType[*notFoundError](err) {
			return err
		}
		for {
			err := c.gone(ctx, app, false)
			if err == nil {
				break
			}
			if !errors.Is(err, errStillThere) {
				return err
			}
			tell("Application %s is being deleted", app.Name)
			if err := sleep(ctx, p.poll()); err != nil {
				return fmt.Errorf("wait until Application %s is gone: %w", app.Name, err)
			}
		}
		if err := sleep(ctx, staysGone*p.poll()); err != nil {
			return fmt.Errorf("wait until Application %s stays away: %w", app.Name, err)
		}
	}
}

var errStillThere = errors.New("it is still there")

// gone returns nil where there is no such Application any more.
func (c *Client) gone(ctx context.Context, app AppRef, refresh bool) error {
	_, err := c.get(ctx, app, refresh)
	switch {
	case err == nil:
		return errStillThere
	case asType[*notFoundError](err):
		return nil
	}
	return err
}

func (c caller) remove(ctx context.Context, app AppRef) error {
	cascade, policy := true, "foreground"
	q := &apppkg.ApplicationDeleteRequest{Name: &app.Name, AppNamespace: optional(app.Namespace), Project: optional(app.Project), Cascade: &cascade, PropagationPolicy: &policy}
	_, err := invoke[apppkg.ApplicationResponse](ctx, c, call{name: "delete Application " + app.Name, right: app.right("delete")}, appService+"Delete", q)
	return err
}
