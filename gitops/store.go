package gitops

import (
	"slices"
	"strings"

	"github.com/modelops/modelops/gitops/internal/clone"
	"github.com/modelops/modelops/gitops/internal/git"
	"github.com/modelops/modelops/gitops/internal/odb"
)

// store writes the new objects that a commit needs into the clone, those that others name first.
func (r *Repo) store(next *Snapshot) error {
	list, err := r.objs.Reachable(next.Commit())
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return nil
	}
	var fresh []odb.NewObject
	for _, h := range slices.Backward(list) {
		obj, _ := r.objs.Get(h)
		fresh = append(fresh, odb.NewObject{ID: h, Object: obj})
	}
	if err := r.disk.Write(fresh, writing(r.cfg)); err != nil {
		return err
	}
	r.objs.Drop(list)
	return nil
}

// writing is how the configuration wants files of the repository to be written.
func writing(cfg git.Config) odb.Settings {
	return odb.Settings{Durable: durable(cfg), Adjust: clone.SharedBy(cfg).Adjust}
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
