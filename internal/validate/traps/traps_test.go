package traps_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/modelops/modelops/internal/validate/traps"
)

func TestFile(t *testing.T) {
	const file = "testdata/traps.yaml"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for i, line := range strings.Split(string(data), "\n") {
		for range strings.Count(line, "# MO001") {
			want = append(want, fmt.Sprintf("%s:%d", file, i+1))
		}
	}
	for _, f := range traps.File(file, data) {
		got = append(got, fmt.Sprintf("%s:%d", f.At.File, f.At.Line))
		if f.Message == "" || f.Why == "" || f.Fix == "" || f.At.Column == 0 {
			t.Errorf("a finding without words: %+v", f)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestTab(t *testing.T) {
	found := traps.File("f.yaml", []byte("a: |\n  text\n\nb:\n  \tc: 1\n"))
	if len(found) != 1 || found[0].At.String() != "f.yaml:5:3" {
		t.Errorf("%v", found)
	}
	if found := traps.File("f.yaml", []byte("a: [")); len(found) != 0 {
		t.Errorf("a broken file without a tab: %v", found)
	}
}

// Aliases are not followed, so that a bomb of them costs what it is long.
func TestAliasBomb(t *testing.T) {
	var b strings.Builder
	b.WriteString("a0: &a0 [yes]\n")
	for i := range 60 {
		fmt.Fprintf(&b, "a%d: &a%d [*a%d, *a%d, *a%d]\n", i+1, i+1, i, i, i)
	}
	if found := traps.File("f.yaml", []byte(b.String())); len(found) != 1 {
		t.Errorf("%v", found)
	}
}

func FuzzFile(f *testing.F) {
	f.Add([]byte("a: yes\na: 1_0\n---\n- 012\n"))
	f.Add([]byte("\t"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, found := range traps.File("f.yaml", data) {
			if found.At.Line == 0 {
				t.Errorf("%+v", found)
			}
		}
	})
}
