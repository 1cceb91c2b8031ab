//go:build unix

package git

import (
	"os/exec"
	"syscall"
)

// apart puts a command into a process group of its own, which an interrupt at the terminal does not reach.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
