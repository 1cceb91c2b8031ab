package clone

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/modelops/modelops/gitops/internal/git"
)

// Sharing is core.sharedRepository: permissions that files of the repository get beside what the umask leaves them, or
// with exact instead of it. Without it a colleague's git could not add to a folder of objects that we made.
type Sharing struct {
	bits  fs.FileMode
	exact bool
}

// SharedBy reads the setting as git does; what git would refuse counts as absent.
func SharedBy(cfg git.Config) Sharing {
	v, ok := cfg.Get("core.sharedrepository")
	if !ok {
		return Sharing{}
	}
	switch v {
	case "umask":
		return Sharing{}
	case "group", "1":
		return Sharing{bits: 0o660}
	case "all", "world", "everybody", "2":
		return Sharing{bits: 0o664}
	}
	if n, err := strconv.ParseUint(v, 8, 32); err == nil {
		if n&0o600 != 0o600 {
			return Sharing{}
		}
		return Sharing{bits: fs.FileMode(n) & 0o666, exact: true}
	}
	if cfg.Bool("core.sharedrepository") {
		return Sharing{bits: 0o660}
	}
	return Sharing{}
}

// Adjust gives a file or folder that we made its shared permissions (git's adjust_shared_perm): a file that its owner
// may not write stays so for all, and a folder can be entered by whoever may read it and hands its group on.
func (s Sharing) Adjust(name string) error {
	if s.bits == 0 {
		return nil
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	mode, bits := info.Mode().Perm(), s.bits
	if mode&0o200 == 0 {
		bits &^= 0o222
	}
	if info.IsDir() {
		bits |= (bits & 0o444) >> 2
	}
	if mode |= bits; s.exact {
		mode = bits
	}
	if info.IsDir() {
		mode |= fs.ModeSetgid
	}
	return os.Chmod(name, mode)
}

// mkdirs makes a folder and what is missing above it.
func (s Sharing) mkdirs(dir string) error {
	if isDir(dir) {
		return nil
	}
	if s.bits == 0 {
		return os.MkdirAll(dir, 0o777)
	}
	if err := s.mkdirs(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o777); err != nil && !isDir(dir) {
		return err
	}
	return s.Adjust(dir)
}
