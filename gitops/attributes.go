package gitops

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/modelops/modelops/gitops/internal/odb"
)

const attributesFile = ".gitattributes"

// newFile is a file whose content is new with a change.
type newFile struct {
	path string
	data []byte
}

// asks names the attributes that would have git change this content, by the words that must stand in an attributes file
// for that. Line ends and idents matter only where the content has them.
func (f newFile) asks() []string {
	words := []string{"filter"}
	if bytes.Contains(f.data, []byte("\r\n")) {
		words = append(words, "text", "eol", "crlf")
	}
	if bytes.Contains(f.data, []byte("$Id:")) {
		words = append(words, "ident")
	}
	return words
}

// checkAttributes refuses new files that git would store otherwise than we do: through a filter such as LFS's, with other
// line ends, or with an ident taken out. Git itself says which attributes apply; it is only asked where an attributes
// file has a word that could matter, which is rare. What a revert puts back was there before and is not looked at.
func (r *Repo) checkAttributes(ctx context.Context, tree Hash, changes []PathChange) error {
	if r.git.Path == "" {
		return nil
	}
	var list []newFile
	for _, c := range changes {
		if o, ok := r.objs.Get(c.After); ok && c.NewMode != 0 {
			list = append(list, newFile{c.Path, o.Data})
		}
	}
	rules, err := r.attributeFiles(ctx, tree, list)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(f newFile) bool { return !rules.mention(f.asks()) })
	if len(list) == 0 {
		return nil
	}
	return r.askAttributes(ctx, rules, list)
}

// attributeRules are attributes files: those of a tree by path, and those of the clone and the user.
type attributeRules struct {
	tree  map[string][]byte
	local []byte
	user  []byte
}

func (a attributeRules) mention(words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool {
		has := func(data []byte) bool { return bytes.Contains(data, []byte(w)) }
		for _, data := range a.tree {
			if has(data) {
				return true
			}
		}
		return has(a.local) || has(a.user)
	})
}

// attributeFiles reads the files that git would read for these paths.
func (r *Repo) attributeFiles(ctx context.Context, tree Hash, list []newFile) (attributeRules, error) {
	rules := attributeRules{tree: map[string][]byte{}}
	known := folders{".": nil}
	var err error
	if known["."], err = odb.ReadTree(ctx, r.objs, tree); err != nil {
		return rules, err
	}
	for _, f := range list {
		if err := known.enter(ctx, r.objs, path.Dir(f.path)); err != nil {
			return rules, err
		}
	}
	for dir, entries := range known {
		if e, ok := odb.Find(entries, attributesFile); ok && e.IsFile() {
			name := path.Join(dir, e.Name)
			if rules.tree[name], err = odb.Read(ctx, r.objs, e.Hash, plumbing.BlobObject); err != nil {
				return rules, at(name, err)
			}
		}
	}
	if r.clone != nil {
		rules.local, _ = os.ReadFile(filepath.Join(r.clone.Common, "info", "attributes")) // mostly absent
	}
	rules.user, _ = os.ReadFile(r.userAttributes()) // mostly absent
	return rules, nil
}

// folders are the entries of some folders of a tree and of all above them, each read once.
type folders map[string][]odb.Entry

func (k folders) enter(ctx context.Context, o odb.Source, dir string) error {
	if _, ok := k[dir]; ok {
		return nil
	}
	above := path.Dir(dir)
	if err := k.enter(ctx, o, above); err != nil {
		return err
	}
	e, _ := odb.Find(k[above], path.Base(dir))
	list, err := odb.ReadTree(ctx, o, e.Hash)
	k[dir] = list
	return at(dir, err)
}

// userAttributes is core.attributesFile or its default.
func (r *Repo) userAttributes() string {
	if v := r.cfg.Value("core.attributesfile"); v != "" {
		return r.home(v)
	}
	xdg, _ := r.git.Env("XDG_CONFIG_HOME")
	return filepath.Join(cmp.Or(xdg, r.home("~/.config")), "git", "attributes")
}

// askAttributes has git apply the rules in a folder that holds nothing else: before version 2.40 it cannot be pointed
// at a commit, and the commit's files may be nowhere on this machine.
func (r *Repo) askAttributes(ctx context.Context, rules attributeRules, list []newFile) error {
	dir, err := os.MkdirTemp("", "modelops-attributes")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	if err := rules.lay(dir); err != nil {
		return err
	}
	var in strings.Builder
	for _, f := range list {
		in.WriteString(f.path + "\x00")
	}
	g := r.git
	g.Dir, g.Extra = dir, nil
	out, err := g.Feed(ctx, in.String(), "-c", "core.attributesFile="+r.userAttributes(), "check-attr", "-z", "--stdin", "filter", "text", "eol", "ident")
	if err != nil {
		return err
	}
	return refuseConverted(list, strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"))
}

// lay writes the rules into a folder that git takes for a work tree.
func (a attributeRules) lay(dir string) error {
	files := map[string][]byte{".git/HEAD": []byte("ref: refs/heads/main\n"), ".git/info/attributes": a.local}
	for name, data := range a.tree {
		files[name] = data
	}
	errs := []error{os.MkdirAll(filepath.Join(dir, ".git/objects"), 0o700), os.MkdirAll(filepath.Join(dir, ".git/refs"), 0o700)}
	for name, data := range files {
		at := filepath.Join(dir, filepath.FromSlash(name))
		errs = append(errs, os.MkdirAll(filepath.Dir(at), 0o700), os.WriteFile(at, data, 0o600))
	}
	return errors.Join(errs...)
}

// refuseConverted reads triples of path, attribute and value.
func refuseConverted(list []newFile, out []string) error {
	data := map[string][]byte{}
	for _, f := range list {
		data[f.path] = f.data
	}
	for i := 0; i+2 < len(out); i += 3 {
		name, attr, value := out[i], out[i+1], out[i+2]
		crlf := bytes.Contains(data[name], []byte("\r\n"))
		switch {
		case value == "unspecified" || value == "unset":
		case attr == "filter":
			return &AttributeError{name, "filter=" + value, "files are committed here without going through filters"}
		case crlf && (attr == "text" && value == "set" || attr == "eol"):
			return &AttributeError{name, attr + "=" + value, "the file has CRLF line ends: git add --renormalize its source first"}
		case attr == "ident" && bytes.Contains(data[name], []byte("$Id:")):
			return &AttributeError{name, attr, "the file has an expanded $Id$"}
		}
	}
	return nil
}
