package cmd

import (
	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/internal/generate"
	"github.com/modelops/modelops/internal/view"
	"github.com/modelops/modelops/internal/workspace"
)

// folder is the folder that --repo, MODELOPS_REPO or the current one names.
func (s *session) folder(c *cli.Context) (string, error) { return s.env.path(s.repoPath(c)) }

func (s *session) repoPath(c *cli.Context) string {
	if p := c.String("repo"); p != "" {
		return p
	}
	if p := s.env.get("MODELOPS_REPO"); p != "" {
		return p
	}
	return "."
}

// disk opens the deployment repository's work tree around the named folder.
func (s *session) disk(c *cli.Context) (*workspace.Disk, error) {
	if url := s.repoPath(c); gitops.IsURL(url) {
		return nil, &usageError{Message: c.Command.Name + ": files are read or written here, which " + gitops.Redact(url) + " has none of", Next: []string{"git clone " + gitops.Redact(url), "and run the command in the clone"}}
	}
	dir, err := s.folder(c)
	if err != nil {
		return nil, err
	}
	root, err := workspace.FindRoot(dir)
	if err != nil {
		return nil, err
	}
	return workspace.OpenDisk(root)
}

// write writes files, or with dryRun only says what it would write.
func write(d *workspace.Disk, files map[string][]byte, dryRun bool) (view.Written, error) {
	do := d.Write
	if dryRun {
		do = d.Plan
	}
	ops, err := do(files)
	if err != nil {
		return view.Written{}, err
	}
	w := view.Written{Root: d.Dir(), Changed: len(ops) > 0, Files: []view.File{}, DryRun: dryRun}
	for _, op := range ops {
		w.Files = append(w.Files, view.File{Path: op.Path, Op: string(op.Op)})
	}
	return w, nil
}

// join puts the files of several maps into one.
func join(maps ...map[string][]byte) map[string][]byte {
	out := map[string][]byte{}
	for _, m := range maps {
		for path, data := range m {
			out[path] = data
		}
	}
	return out
}

// layered is a tree with some files put over it, to render what they lead to before they are written.
func layered(t workspace.Tree, files map[string][]byte) workspace.Tree {
	return workspace.Tree{FS: workspace.Over(t.FS, files), Name: t.Name}
}

// rendered are the files that the folders of some teams and of Argo CD should hold, in a tree.
func rendered(t workspace.Tree, teams ...string) (map[string][]byte, error) {
	src, err := generate.New(t)
	if err != nil {
		return nil, err
	}
	var folders []generate.Folder
	for _, team := range teams {
		tenants, err := src.Tenants(team)
		if err != nil {
			return nil, err
		}
		folders = append(folders, tenants...)
	}
	argo, err := src.ArgoCD()
	if err != nil {
		return nil, err
	}
	return generate.Changes(append(folders, argo))
}
