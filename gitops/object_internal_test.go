package gitops

import (
	"bytes"
	"slices"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-git/go-git/v5/plumbing"
)

// FuzzCommit: whatever a commit object holds is read or refused; texts come out as UTF-8, and the signature that we put
// in changes nothing else.
func FuzzCommit(f *testing.F) {
	head := "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nparent 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"
	f.Add([]byte(head + "author A <a@b> 1700000000 +0100\ncommitter C <c@d> 1700000000 -0530\n\nsubject\n\nbody\n\nK: v\n"))
	f.Add([]byte(head + "author J\xf6rg <a@b> 1 +0000\ncommitter > < 99999999999999999999 +9999\nencoding ISO-8859-1\ngpgsig x\n y\nmergetag object\n\n\xe4"))
	f.Add([]byte(head))
	f.Add([]byte("tree x\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseCommit(Hash{}, data)
		if err != nil {
			return
		}
		if c.tree.IsZero() {
			t.Error("a commit without a tree")
		}
		for _, s := range []string{c.info.Subject, c.info.Body, c.info.Author.Name, c.info.Author.Email, c.info.Committer.Name} {
			if !utf8.ValidString(s) {
				t.Errorf("%q is not UTF-8", s)
			}
		}
		if !bytes.Contains(data, []byte("\n\n")) {
			return
		}
		signed, err := parseCommit(Hash{}, withSignature(data, []byte("-----BEGIN-----\n\nx\r\n-----END-----\n")))
		if err != nil || !signed.info.Signed || signed.tree != c.tree || !slices.Equal(signed.info.Parents, c.info.Parents) ||
			signed.info.Subject != c.info.Subject || signed.info.Body != c.info.Body {
			t.Errorf("signed it reads %+v, %v", signed, err)
		}
	})
}

// FuzzIdent: an ident that we write is read back as it is, whatever its parts hold.
func FuzzIdent(f *testing.F) {
	f.Add("Ana", "ana@example.com", int64(1700000000), 60)
	f.Add("<x>\nauthor y", "a> 1 +0000\nparent", int64(0), -90)
	f.Fuzz(func(t *testing.T, name, email string, sec int64, minutes int) {
		i := Ident{Name: name, Email: email, When: time.Unix(sec&(1<<40-1), 0).In(time.FixedZone("", minutes%720*60))}
		line := i.line()
		got := parseIdent(line)
		if got.Name != cleanIdent(name) || got.Email != cleanIdent(email) || !got.When.Equal(i.When) || got.line() != line {
			t.Errorf("%q was written as %q and read as %+v", i, line, got)
		}
		raw := encodeCommit(Hash{1}, nil, Identity{i, i}, "m\n")
		c, err := parseCommit(plumbing.ZeroHash, raw)
		if err != nil || len(c.info.Parents) != 0 || c.info.Subject != "m" {
			t.Errorf("%q: %+v %v", raw, c, err)
		}
	})
}

// FuzzDate: a date is read or refused; what is read can be committed in its own zone.
func FuzzDate(f *testing.F) {
	for _, s := range []string{"@0 +0000", "1700000000 -0530", "2026-01-02T03:04:05+0200", "Fri, 2 Jan 2026 03:04:05 +0100", "@-1", "99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		when, err := parseDate(s, time.UTC)
		if err != nil {
			return
		}
		i := Ident{Name: "a", Email: "b", When: when}
		if (Identity{i, i}).check() == nil && !parseIdent(i.line()).When.Equal(when.Truncate(time.Second)) {
			t.Errorf("%q is %v, and is read back as %v", s, when, parseIdent(i.line()).When)
		}
	})
}
