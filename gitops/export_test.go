package gitops

import (
	"time"

	"github.com/modelops/modelops/gitops/internal/transport"
)

// SetIdleLimit lets a test wait less for a server that is silent.
func (r *Repo) SetIdleLimit(d time.Duration) {
	r.remote.(*wireRemote).Wire.(*transport.HTTP).Idle = d
}
