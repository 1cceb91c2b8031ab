package gitops

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// dirtyWithoutGit compares the files below some paths with HEAD. It reads neither index nor ignore rules, and so errs
// towards calling a path dirty.
func (r *Repo) dirtyWithoutGit(ctx context.Context, paths []string) ([]string, error) {
	h, err := r.clone.Resolve("HEAD")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	head, err := r.At(ctx, h)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, p := range paths {
		if err := listFiles(head, p, names); err != nil {
			return nil, err
		}
		if err := listFiles(os.DirFS(r.clone.Work), p, names); err != nil {
			return nil, err
		}
	}
	var out []string
	for n := range names {
		want, werr := head.ReadFile(n)
		have, herr := os.ReadFile(filepath.Join(r.clone.Work, filepath.FromSlash(n)))
		if (werr == nil) != (herr == nil) || !bytes.Equal(want, have) {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out, ctx.Err()
}

// listFiles adds the files at or below a path.
func listFiles(fsys fs.FS, root string, into map[string]bool) error {
	return fs.WalkDir(fsys, root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case d.IsDir() && d.Name() == ".git":
			return fs.SkipDir
		case !d.IsDir():
			into[name] = true
		}
		return nil
	})
}
