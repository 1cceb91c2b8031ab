package view_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/modelops/modelops/internal/view"
)

// TestHistoryStream shows each event when it is added, not when all are known; JSON is one document at the end.
func TestHistoryStream(t *testing.T) {
	events := []view.Event{
		{Action: "hold", At: "2026-11-25T15:29:00Z", By: "Ana <ana@example.com>", Commit: "087d884415087d884415", Reason: "slow"},
		{Action: "promote", At: "2026-11-24T15:29:00Z", By: "Ana <ana@example.com>", Commit: "a09c0e9cd5a09c0e9cd5", From: &view.Release{Version: "1.0.0"}, To: &view.Release{Version: "1.1.0"}},
	}
	var out bytes.Buffer
	o := view.New(view.Options{Out: &out, Err: &bytes.Buffer{}, Format: view.FormatText})
	s := o.History("vision/resnet/prod")
	steps := []string{
		"WHEN              WHAT     RELEASE         COMMIT      BY   WHY\n2026-11-25 15:29  hold                     087d884415  Ana  slow\n",
		"2026-11-24 15:29  promote  1.0.0 -> 1.1.0  a09c0e9cd5  Ana\n",
	}
	for i, e := range events {
		if err := s.Add(e); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(steps[i], out.String()); diff != "" {
			t.Errorf("event %d (-want +got)\n%s", i, diff)
		}
		out.Reset()
	}
	if err := s.End(true); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("older events are left out: --limit 0 shows all\n", out.String()); diff != "" {
		t.Error(diff)
	}
	out.Reset()
	o = view.New(view.Options{Out: &out, Err: &bytes.Buffer{}, Format: view.FormatJSON})
	s = o.History("vision/resnet/prod")
	for _, e := range events {
		if err := s.Add(e); err != nil || out.Len() > 0 {
			t.Fatalf("%v, %q", err, out.String())
		}
	}
	if err := s.End(false); err != nil || bytes.Count(out.Bytes(), []byte(`"commit"`)) != 2 {
		t.Errorf("%v, %s", err, out.String())
	}
}
