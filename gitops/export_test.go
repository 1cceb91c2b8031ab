package gitops

import "time"

// SetIdleLimit lets a test wait less for a server that is silent.
func (r *Repo) SetIdleLimit(d time.Duration) {
	r.remote.(*wireRemote).wire.(*httpWire).idle = d
}
