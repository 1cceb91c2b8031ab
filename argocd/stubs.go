package argocd

import "context"

// Deploy.
func (c *Client) Deploy(ctx context.Context, app AppRef, want Want, p Patience, report func(Event)) (Outcome, error) {
	return Outcome{}, nil
}

// Wait.
func (c *Client) Wait(ctx context.Context, app AppRef, want Want, p Patience, report func(Event)) (Outcome, error) {
	return Outcome{}, nil
}
