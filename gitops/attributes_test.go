package gitops_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelops/modelops/gitops"
)

// TestAttributes commits beside every attribute that changes what git stores or checks out: git calls the clone clean
// afterwards, or the commit is refused before anything is written.
func TestAttributes(t *testing.T) {
	const dir = "models/vision/resnet/prod/"
	cases := map[string]struct {
		attributes, config string
		data               string
		refused            string
	}{
		"none":                   {"", "", "a\n", ""},
		"LFS beside":             {"*.bin filter=lfs diff=lfs merge=lfs -text\n", "", "a\n", ""},
		"LFS on ours":            {"*.yaml filter=lfs diff=lfs merge=lfs -text\n", "", "a\n", "filter=lfs"},
		"LFS on all":             {"* filter=lfs\n", "", "a\n", "filter=lfs"},
		"LFS on all but ours":    {"* filter=lfs\nmodels/** !filter\n", "", "a\n", ""},
		"LFS on our folder":      {"/models/** filter=lfs\n", "", "a\n", "filter=lfs"},
		"LFS by a macro":         {"[attr]big filter=lfs\nrelease.* big\n", "", "a\n", "filter=lfs"},
		"later line unsets":      {"*.yaml filter=lfs\nmodels/**/*.yaml -filter\n", "", "a\n", ""},
		"text":                   {"* text\n", "", "a\nb\n", ""},
		"text, CRLF":             {"* text\n", "", "a\r\nb\r\n", "text=set"},
		"automatic":              {"* text=auto\n", "", "a\nb\n", ""},
		"automatic, CRLF":        {"* text=auto\n", "", "a\r\nb\r\n", ""},
		"checked out as CRLF":    {"*.yaml text eol=crlf\n", "", "a\nb\n", ""},
		"eol, CRLF":              {"*.yaml eol=lf\n", "", "a\r\n", "eol=lf"},
		"no text, CRLF":          {"*.yaml -text\n", "", "a\r\n", ""},
		"autocrlf":               {"", "core.autocrlf=true", "a\nb\n", ""},
		"autocrlf, CRLF":         {"", "core.autocrlf=true", "a\r\nb\r\n", ""},
		"ident":                  {"* ident\n", "", "# $Id$\n", ""},
		"ident, expanded":        {"* ident\n", "", "# $Id: 0123 $\n", "ident"},
		"another encoding":       {"*.yaml text working-tree-encoding=UTF-16\n", "", "ä\n", ""},
		"a word in a comment":    {"# no filter=lfs here\n", "", "a\n", ""},
		"a name with text in it": {"context filter=lfs\n", "", "a\n", ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if tc.attributes != "" {
				_, err := w.server.Commit(w.ctx, "main", "attributes", map[string]string{".gitattributes": tc.attributes})
				w.ok(err)
			}
			c := w.clone("c", w.server.Dir)
			if k, v, ok := strings.Cut(tc.config, "="); ok {
				w.git(c, "config", k, v)
				w.git(c, "checkout", "--quiet", "--", ".")
			}
			r := w.open(c)
			base := w.tip(r)
			before := files(t, c.Dir)
			next, err := r.Commit(w.ctx, base, gitops.Change{Scope: []string{dir[:len(dir)-1]}, Files: map[string][]byte{release: []byte(tc.data), dir + "z": []byte("z\n")}}, identity(t, r))
			if tc.refused != "" {
				var refused *gitops.AttributeError
				if !errors.As(err, &refused) || refused.Path != release && refused.Path != dir+"z" || refused.Attribute != tc.refused {
					t.Fatalf("want *AttributeError about %s, got %v", tc.refused, err)
				}
				equal(t, "files", files(t, c.Dir), before)
				return
			}
			w.ok(err)
			w.ok(r.Push(w.ctx, base, next))
			res, err := r.Follow(w.ctx, base, next)
			w.ok(err)
			equal(t, "moved", res.Moved, true)
			equal(t, "status", w.git(c, "status", "--porcelain"), "")
			w.git(c, "checkout", "--quiet", "-f", "HEAD~1")
			w.git(c, "checkout", "--quiet", "main")
			equal(t, "status after a checkout", w.git(c, "status", "--porcelain"), "")
		})
	}
}

// TestAttributesElsewhere: attributes of the clone and of the user count as those of the repository do, and what the
// hint says to add lets the commit through.
func TestAttributesElsewhere(t *testing.T) {
	for name, at := range map[string]string{"clone": "c/.git/info/attributes", "user": "home/xdg/git/attributes", "folder": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if at == "" {
				_, err := w.server.Commit(w.ctx, "main", "attributes", map[string]string{"models/vision/.gitattributes": "*.yaml filter=x\n"})
				w.ok(err)
			}
			c := w.clone("c", w.server.Dir)
			if at != "" {
				file := filepath.Join(w.dir, at)
				w.ok(os.MkdirAll(filepath.Dir(file), 0o755))
				w.ok(os.WriteFile(file, []byte("*.yaml filter=x\n"), 0o600))
			}
			r := w.open(c)
			_, err := r.Commit(w.ctx, w.tip(r), write(release, "v2\n"), identity(t, r))
			var refused *gitops.AttributeError
			if !errors.As(err, &refused) || refused.Attribute != "filter=x" {
				t.Fatalf("want *AttributeError, got %v", err)
			}
			_, line, _ := strings.Cut(refused.Hints()[0], "sets it: ")
			if at != "" {
				w.ok(os.WriteFile(filepath.Join(w.dir, at), []byte("*.yaml filter=x\n"+line+"\n"), 0o600))
			} else {
				_, err := w.server.Commit(w.ctx, "main", "attributes", map[string]string{"models/vision/.gitattributes": "*.yaml filter=x\n" + strings.TrimPrefix(line, "models/vision/") + "\n"})
				w.ok(err)
			}
			_, err = r.Commit(w.ctx, w.tip(r), write(release, "v2\n"), identity(t, r))
			w.ok(err)
		})
	}
}
