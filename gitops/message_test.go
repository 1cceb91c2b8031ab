package gitops_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/gitops/gittest"
)

func TestMessage(t *testing.T) {
	long := strings.TrimSpace(strings.Repeat("word ", 60))
	cases := []struct {
		name string
		in   gitops.Message
		want string
	}{
		{"subject", gitops.Message{Subject: "promote"}, "promote\n"},
		{"all", gitops.Message{"s", "b\n\nc", []gitops.Trailer{{"Modelops-Action", "promote"}, {"X", ""}}}, "s\n\nb\n\nc\n\nModelops-Action: promote\nX: \n"},
		{"newlines in a value", gitops.Message{"s", "", []gitops.Trailer{{"Reason", "a\n\nModelops-Action: revert"}}}, "s\n\nReason: a Modelops-Action: revert\n"},
		{"newline in the subject", gitops.Message{"s\n\nSigned-off-by: x", "", nil}, "s Signed-off-by: x\n"},
		{"body that looks like trailers", gitops.Message{"s", "Modelops-Action: revert", nil}, "s\n\n| Modelops-Action: revert\n"},
		{"body above trailers may", gitops.Message{"s", "note: x", []gitops.Trailer{{"K", "v"}}}, "s\n\nnote: x\n\nK: v\n"},
		{"divider", gitops.Message{"s", "a\n---\nb", []gitops.Trailer{{"K", "v"}}}, "s\n\na\n| ---\nb\n\nK: v\n"},
		{"bad keys", gitops.Message{"s", "", []gitops.Trailer{{"a b", "v"}, {"a:b", "v"}, {"", "v"}}}, "s\n"},
		{"direction and control", gitops.Message{"a\u202eb\x1b[31m\x00", "", nil}, "ab[31m\n"},
		{"empty", gitops.Message{}, "(no subject)\n"},
		{"folded", gitops.Message{"s", "", []gitops.Trailer{{"Reason", long}}}, ""},
	}
	home := t.TempDir()
	repo, err := gittest.Init(t.Context(), filepath.Join(home, "r"), home, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			got := tc.in.String()
			if tc.want != "" {
				equal(t, "message", got, tc.want)
			}
			if diff := cmp.Diff(tc.in.Clean(), gitops.ParseMessage(got)); diff != "" {
				t.Errorf("not read back (-written +read):\n%s", diff)
			}
			out, err := repo.Feed(t.Context(), got, "interpret-trailers", "--parse")
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, tr := range tc.in.Clean().Trailers {
				want = append(want, strings.TrimSpace(tr.Key+": "+tr.Value))
			}
			var git []string
			for line := range strings.Lines(out) {
				git = append(git, strings.TrimSpace(line))
			}
			if diff := cmp.Diff(want, git); diff != "" {
				t.Errorf("git reads other trailers (-ours +git):\n%s", diff)
			}
		})
	}
}

func TestParseForeignMessages(t *testing.T) {
	cases := map[string]gitops.Message{
		"":                                {},
		"one\ntwo\n\nbody":                {Subject: "one two", Body: "body"},
		"s\r\n\r\nb\r\n\r\nK: v\r\n":      {Subject: "s", Body: "b", Trailers: []gitops.Trailer{{"K", "v"}}},
		"s\n\nprose\nK: v":                {Subject: "s", Body: "prose\nK: v"},
		"K: v":                            {Subject: "K: v"},
		"s\n\n\n\nK: v\n more\n\n":        {Subject: "s", Trailers: []gitops.Trailer{{"K", "v more"}}},
		"Revert \"x\"\n\nThis reverts.\n": {Subject: `Revert "x"`, Body: "This reverts."},
	}
	for in, want := range cases {
		if diff := cmp.Diff(want, gitops.ParseMessage(in)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in, diff)
		}
	}
}

func FuzzMessage(f *testing.F) {
	f.Add("subject", "body\n\nK: v", "Reason", "a\nb")
	f.Add("", "---", "K", "\u2028K: v")
	f.Add("a\n\nb", "(cherry picked from commit 1)", "a b", " ")
	f.Fuzz(func(t *testing.T, subject, body, key, value string) {
		m := gitops.Message{Subject: subject, Body: body, Trailers: []gitops.Trailer{{key, value}}}
		s := m.String()
		if diff := cmp.Diff(m.Clean(), gitops.ParseMessage(s)); diff != "" {
			t.Errorf("%q is not read back (-written +read):\n%s", s, diff)
		}
		if again := gitops.ParseMessage(s).String(); again != s {
			t.Errorf("rendering is not stable: %q, then %q", s, again)
		}
		if !strings.HasSuffix(s, "\n") || strings.HasSuffix(s, "\n\n") {
			t.Errorf("%q does not end in one newline", s)
		}
	})
}
