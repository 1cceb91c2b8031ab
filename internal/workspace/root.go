package workspace

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// FindRoot looks for the folder that holds modelops.yaml, from dir upwards. Errors: *NoPlatformError.
func FindRoot(dir string) (string, error) {
	for at := dir; ; at = filepath.Dir(at) {
		info, err := os.Lstat(filepath.Join(at, PlatformFile))
		switch {
		case err == nil && info.Mode().IsRegular():
			return at, nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return "", err
		case at == filepath.Dir(at):
			return "", &NoPlatformError{dir}
		}
	}
}

// Disk is a work tree that is read and written. Nothing outside of it is ever reached, through links neither.
type Disk struct {
	root *os.Root
	dir  string
}

// OpenDisk opens a folder.
func OpenDisk(dir string) (*Disk, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Disk{root: root, dir: dir}, nil
}

// Close releases the folder.
func (d *Disk) Close() error { return d.root.Close() }

// Dir is the folder.
func (d *Disk) Dir() string { return d.dir }

// Tree reads it.
func (d *Disk) Tree() Tree { return Tree{FS: d.root.FS(), Name: d.dir} }
