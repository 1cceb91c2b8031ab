//go:build unix && !linux

package stack

import "syscall"

// childAttributes puts a child into its own process group.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
