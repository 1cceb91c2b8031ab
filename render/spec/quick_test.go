package spec

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"gopkg.in/yaml.v3"
)

// sameAsYAML fails where quick and the YAML parser make different nodes of a document.
func sameAsYAML(t *testing.T, data []byte) (known bool) {
	t.Helper()
	w := &walker{file: "f"}
	if w.check(data); len(w.problems) > 0 {
		return false
	}
	p := newQuickParser()
	defer p.done()
	got := p.parse(data)
	if got == nil {
		return false
	}
	want := w.parseYAML(data)
	if len(w.problems) > 0 {
		t.Fatalf("the YAML parser refuses what was read: %v\n%q", w.problems, data)
	}
	uncomment(want)
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("(-yaml +quick)\n%s\n%q", diff, data)
	}
	if plain, ok := DecodePlain(data); ok {
		var whole map[string]any
		if err := yaml.Unmarshal(data, &whole); err != nil {
			t.Fatalf("the YAML parser refuses what is plain: %v\n%q", err, data)
		}
		if diff := cmp.Diff(whole, plain); diff != "" {
			t.Fatalf("(-yaml +plain)\n%s\n%q", diff, data)
		}
	}
	return true
}

func uncomment(n *yaml.Node) {
	n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	for _, c := range n.Content {
		uncomment(c)
	}
}

func TestQuickKnowsWhatIsWritten(t *testing.T) {
	docs, err := filepath.Glob("../../examples/quickstart/models/*/*/*/*.yaml")
	if err != nil || len(docs) == 0 {
		t.Fatal(docs, err)
	}
	for _, name := range docs {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if (filepath.Base(name) == "release.yaml" || filepath.Base(filepath.Dir(name)) == "state") && !sameAsYAML(t, data) {
			t.Errorf("%s was left to the YAML parser", name)
		}
	}
}

var quickDocs = []string{
	"a: b\n", "a:\n  b: 1\n  c: \"x\"\nd: 'y z'\n", "a:\n- b: 1\n  c: 2\n- d: 3\ne: f\n", "a:\n  - b\n  - c\nd: /x\n",
	"# c\na: 1.0.6\n\n  # in\nb: 2025-06-15T15:07:00Z\n", "a: J\xc3\xb6rg <j@example.com>\n", "a: 12e3\n", "a: 0x1f\n", "a: 1_000\n", "a: yes\n",
	"a: b: c\n", "a: b #c\n", "a: b#c\n", "a: |\n  x\n", "a: b\n  c\n", "a: {b: 1}\n", "a: [1]\n", "a:\n", "a: &x b\n", "a: *x\n", "a: !!str b\n",
	"a: ~\n", "a: \"x\\n\"\n", "a: 'it''s'\n", "- a\n- b\n", "a:\n- - b\n", "a: 2025-02-30T00:00:00Z\n", "a: 08\n", "a: 9223372036854775808\n",
	"a: b\n---\nc: d\n", "a:  b\n", "a: b \n", "a:\tb\n", "true: 1\n", "a: .5\n", "a: 1.5\n", "a: 12ab34\n", "a: 10Gi\n", "a: b\r\nc: d\r\n",
	"a: {b: 1, c: d}\n", "a: [x,  y]\n", "a: { b: c }\n", "a: {b: 1}\n  c\n", "a: {b: c,}\n", "a: {b}\n", "a: {b: }\n", "a: [b, c: d]\n", "a: []\n", "a: {b:c}\n", "a: [--x, /y]\n", "a: {b: \"1\", c: '2'}\n", "a: {b: \"1, 2\"}\n", "a: [x\"y, z]\n", "a: {b: '1', c: \"}\n",
	"a:\n    b: 1\n  c: 2\n", "a:\n  b: 1\n c: 2\n", "a: x\xe2\x80\xa8y\n", "a: sha256:00\n", "a: 1:30\n", "a:\n- b:\n  - c\n  d: e\n", "a: <<\n", "<<: a\n",
	"a: b\na: c\n", "a: \"\"\n", "a: ''\n", "a: 1e5\n", "a: 0\n", "a: 007f\n", "a: x]\n", "a: 2025-06-15\n", "a: False\n", "a: \"x\" y\n", "a:\n  - b: 1\n    c: 2\n  -\n",
}

func TestQuickAgreesWithYAML(t *testing.T) {
	known := 0
	for _, doc := range quickDocs {
		if sameAsYAML(t, []byte(doc)) {
			known++
		}
	}
	if known < 15 {
		t.Errorf("only %d of the documents are known", known)
	}
}

// FuzzQuick looks for a document of which quick makes other nodes than the YAML parser.
func FuzzQuick(f *testing.F) {
	for _, doc := range quickDocs {
		f.Add([]byte(doc))
	}
	f.Add([]byte(strings.Repeat("a:\n ", 3) + "b: c\n"))
	f.Fuzz(func(t *testing.T, data []byte) { sameAsYAML(t, bytes.Clone(data)) })
}

// TestWrittenID holds the short way to a release's id against the long one, and shows that no edit passes.
func TestWrittenID(t *testing.T) {
	files, err := filepath.Glob("../../examples/quickstart/models/*/*/*/release.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		rel, err := DecodeRelease(name, data)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := writtenID(data), ReleaseID(rel.Spec); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		edited := bytes.Replace(data, []byte("version: "), []byte("version: 9"), 1)
		if _, err := DecodeRelease(name, edited); err == nil || !strings.Contains(err.Error(), "edited by hand") {
			t.Errorf("%s with another version: %v", name, err)
		}
	}
}
