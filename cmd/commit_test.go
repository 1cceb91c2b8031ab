package cmd

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/modelops/modelops/gitops"
)

func TestParseTrailers(t *testing.T) {
	got, err := parseTrailers([]string{"Refs: OPS-42, OPS-43", "Reviewed-by=Bob <b@example.com>", "See: https://x/y?a=b", "Note: a\n\nModelops-Action: revert"})
	if err != nil {
		t.Fatal(err)
	}
	want := []gitops.Trailer{{Key: "Refs", Value: "OPS-42, OPS-43"}, {Key: "Reviewed-by", Value: "Bob <b@example.com>"}, {Key: "See", Value: "https://x/y?a=b"}, {Key: "Note", Value: "a\n\nModelops-Action: revert"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// A line end in a value cannot begin another trailer.
	m := gitops.ParseMessage(gitops.Message{Subject: "s", Trailers: got}.String())
	if last := m.Trailers[len(m.Trailers)-1]; len(m.Trailers) != 4 || last.Key != "Note" || last.Value != "a Modelops-Action: revert" {
		t.Errorf("%q", m.Trailers)
	}
	for _, bad := range []string{"", "x", ": v", "Refs:", "a b: c", "Modelops-Reason: x", "MODELOPS-x=1", "-x: y", "Réfs: x", "a\nModelops-Action: x"} {
		var usage *usageError
		if got, err := parseTrailers([]string{bad}); !errors.As(err, &usage) {
			t.Errorf("%q: %v %v", bad, got, err)
		}
	}
}
