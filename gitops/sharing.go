package gitops

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/modelops/modelops/gitops/internal/git"
	"github.com/modelops/modelops/gitops/internal/odb"
)

// sharing is core.sharedRepository: permissions that files of the repository get beside what the umask leaves them, or
// with exact instead of it. Without it a colleague's git could not add to a folder of objects that we made.
type sharing struct {
	bits  fs.FileMode
	exact bool
}

// sharedBy reads the setting as git does; what git would refuse counts as absent.
func sharedBy(cfg git.Config) sharing {
	v, ok := cfg.Get("core.sharedrepository")
	if !ok {
		return sharing{}
	}
	switch v {
	case "umask":
		return sharing{}
	case "group", "1":
		return sharing{bits: 0o660}
	case "all", "world", "everybody", "2":
		return sharing{bits: 0o664}
	}
	if n, err := strconv.ParseUint(v, 8, 32); err == nil {
		if n&0o600 != 0o600 {
			return sharing{}
		}
		return sharing{bits: fs.FileMode(n) & 0o666, exact: true}
	}
	if cfg.Bool("core.sharedrepository") {
		return sharing{bits: 0o660}
	}
	return sharing{}
}

// durable is false only where the user tells git not to wait for the disk. Git's own default leaves loose objects to
// the operating system, and refs as well; we make refs durable, and so what they name has to be durable first: after a
// power cut a branch must not stand at an object that never reached the disk.
func durable(cfg git.Config) bool {
	if v, ok := cfg.Get("core.fsync"); ok {
		for word := range strings.SplitSeq(v, ",") {
			switch strings.TrimSpace(word) {
			case "none", "-loose-object", "-objects", "-all":
				return false
			}
		}
		return true
	}
	_, given := cfg.Get("core.fsyncobjectfiles")
	return !given || cfg.Bool("core.fsyncobjectfiles")
}

// adjust gives a file or folder that we made its shared permissions (git's adjust_shared_perm): a file that its owner
// may not write stays so for all, and a folder can be entered by whoever may read it and hands its group on.
func (s sharing) adjust(name string) error {
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
func (s sharing) mkdirs(dir string) error {
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
	return s.adjust(dir)
}

// writing is how the configuration wants files of the repository to be written.
func writing(cfg git.Config) odb.Settings {
	return odb.Settings{Durable: durable(cfg), Adjust: sharedBy(cfg).adjust}
}
