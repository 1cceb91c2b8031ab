//go:build unix

package clone

import (
	"os"
	"syscall"
)

// foreign says whether a file or folder belongs to another user.
func foreign(name string) bool {
	info, err := os.Stat(name)
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) != os.Geteuid()
}
