package view

import (
	"fmt"
	"strings"
)

// Container is what one container of a pod does; its texts are the kubelet's.
type Container struct {
	Name, State, Reason, Message string
	Restarts, LastExit           int
	LastReason                   string
}

// Pod says in one line what a pod and those of its containers that do not run do.
func Pod(name, phase string, ready bool, containers []Container) string {
	state := phase
	if ready {
		state = "ready"
	}
	var parts []string
	for _, c := range containers {
		if c.State != "running" || c.Restarts > 0 {
			parts = append(parts, c.sentence())
		}
	}
	if len(parts) == 0 {
		return fmt.Sprintf("pod %s: %s", name, state)
	}
	return fmt.Sprintf("pod %s: %s: %s", name, state, strings.Join(parts, "; "))
}

func (c Container) sentence() string {
	s := c.Name + " " + c.State
	if c.Reason != "" {
		s += " (" + c.Reason + ")"
	}
	if c.Message != "" {
		s += " " + c.Message
	}
	if c.Restarts > 0 {
		s += fmt.Sprintf(", %s, last exit %d %s", count(c.Restarts, "restart", "restarts"), c.LastExit, c.LastReason)
	}
	return strings.TrimSpace(s)
}

// ClusterEvent says a Kubernetes event in one line.
func ClusterEvent(object, reason, message string, times int) string {
	s := fmt.Sprintf("%s: %s: %s", object, reason, message)
	if times > 1 {
		s += fmt.Sprintf(" (%d times)", times)
	}
	return s
}
