package corpus_test

import (
	"testing"

	"github.com/modelops/modelops/e2e/corpus"
	"github.com/modelops/modelops/internal/validate/server"
)

// TestOffline holds, without an API server, that good manifests pass and broken ones do not. That the API server says the
// same is what make corpus proves.
func TestOffline(t *testing.T) {
	cases, err := corpus.Load("../../examples/quickstart")
	if err != nil {
		t.Fatal(err)
	}
	good, broken := 0, 0
	for _, c := range cases {
		v, err := corpus.Offline(c, server.Newest)
		if err != nil {
			t.Fatal(err)
		}
		if c.Good {
			good++
		} else {
			broken++
		}
		if v.Passed != c.Good {
			t.Errorf("%s: passed is %v: %s", c.Name, v.Passed, v.Why)
		}
	}
	if good < 150 || broken < 150 {
		t.Errorf("%d good and %d broken manifests: at least 150 of each", good, broken)
	}
}

// TestOddOffline judges manifests that were changed at random: whatever stands where, there is a verdict. That the API
// server has the same is what make corpus shows with -odd.
func TestOddOffline(t *testing.T) {
	cases, err := corpus.Load("../../examples/quickstart")
	if err != nil {
		t.Fatal(err)
	}
	odd, err := corpus.Odd(cases, 1, 300)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for _, c := range odd {
		v, err := corpus.Offline(c, server.Newest)
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		if !v.Passed {
			refused++
			if v.Why == "" {
				t.Errorf("%s: refused without a word", c.Name)
			}
		}
	}
	if refused < len(odd)/4 || refused == len(odd) {
		t.Errorf("%d of %d refused: the changes are not what they were made for", refused, len(odd))
	}
}
