package spec

import (
	"bytes"
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// FuzzForms holds what matches as a regular expression does against the expression that the schema publishes.
func FuzzForms(f *testing.F) {
	for _, s := range []string{"", "a", "-", "a-", "a-b", "-a", "9", "a9", "9a", "A.b_c", "a.", "é", "a\n", "sha256:00", "aé", "a b"} {
		f.Add(s)
	}
	var quick []pattern
	for _, form := range forms {
		if _, slow := form.pattern.(*regexp.Regexp); !slow {
			quick = append(quick, form.pattern)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, p := range quick {
			if got, want := p.MatchString(s), regexp.MustCompile(p.String()).MatchString(s); got != want {
				t.Errorf("%q is %v for %s, want %v", s, got, p, want)
			}
		}
	})
}

// record is a record with a past, as it is written.
func record(t *testing.T) string {
	t.Helper()
	when := time.Date(2025, 6, 15, 15, 7, 40, 0, time.UTC)
	e := func(n int) Entry {
		return Entry{ID: fmt.Sprintf("%012x", n), Version: fmt.Sprintf("1.0.%d", n), Image: fmt.Sprintf("sha256:%064x", n), Tree: fmt.Sprintf("%040x", n),
			Action: ActionPromote, By: "A <a@example.com>", At: when, Reason: "one\n    two\n"}
	}
	s := State{APIVersion: APIVersion, Kind: KindState, Metadata: Target{Team: "a", Model: "b", Env: "c"}.Names(), Spec: StateSpec{Change: "0123456789abcdef"}}
	now, past := e(3), []Entry{e(2), e(1)}
	for i := range past {
		past[i].Commit, past[i].Left = fmt.Sprintf("%040x", i), &Leave{Action: ActionPromote, By: now.By, At: when}
	}
	s.Spec.Current, s.Spec.Past, s.Spec.Holds = &now, past, []Hold{{Version: "1.0.2", Reason: "bad", By: now.By, At: when}}
	data, err := Encode(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

const untold = `apiVersion: modelops.dev/v1alpha1
kind: State
metadata:
  team: a
  model: b
  environment: c
spec:
  change: 0123456789abcdef
  past:
    - id: "000000000005"
      version: 1.0.5
  holds:
    - version: 1.0.5
      reason: bad
      by: A <a@example.com>
      at: 2025-06-15T15:07:40Z
`

// TestPresent: the present of a record is the record without its past, and a record that cannot be read whole without it
// is refused as the whole is.
func TestPresent(t *testing.T) {
	data := []byte(record(t))
	whole, err := DecodeState("s.yaml", data)
	if err != nil || len(whole.Spec.Past) != 2 || bytes.Count(withoutPast(data), []byte("left:")) != 0 {
		t.Fatalf("%v\n%s", err, withoutPast(data))
	}
	present, err := DecodePresent("s.yaml", data)
	whole.Spec.Past = nil
	if diff := cmp.Diff(whole, present); err != nil || diff != "" {
		t.Errorf("%v, -whole +present\n%s", err, diff)
	}
	other := bytes.ReplaceAll(data, []byte("\n    "), []byte("\n  ")) // lists as kustomize indents them, and broken
	_, werr := DecodeState("s.yaml", other)
	if _, err := DecodePresent("s.yaml", other); werr == nil || err == nil || werr.Error() != err.Error() {
		t.Errorf("%v, want %v", err, werr)
	}
	s, err := DecodePresent("untold", []byte(untold))
	if err != nil || len(s.Spec.Holds) != 1 || s.Spec.Past != nil {
		t.Errorf("a record whose past alone is broken: %+v, %v", s, err)
	}
	_, err = DecodePresent("s.yaml", []byte(untold+"more: x\n"))
	_, want := DecodeState("s.yaml", []byte(untold+"more: x\n"))
	if err == nil || err.Error() != want.Error() {
		t.Errorf("%v, want the problems of the whole file: %v", err, want)
	}
}
