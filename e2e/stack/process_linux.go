package stack

import "syscall"

// childAttributes puts a child into its own process group and has the kernel kill it when its starter is gone.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
