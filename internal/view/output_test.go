package view

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/modelops/modelops/internal/escape"
)

const evil = "a\x1b[2J\n::error::b\u202e"

// evilChange carries text of others in every field that takes some.
func evilChange() Change {
	r := &Release{Version: evil, ID: evil, Image: evil, Artifact: evil, By: evil, Reason: evil, At: evil, From: evil}
	return Change{
		Action: "revert", Changed: true, Branch: evil, Remote: evil, Commit: "0123456789abcdef", Pushed: true, Notes: []string{evil},
		Targets: []Item{{
			Action: "revert", Model: evil, Environment: evil, From: r, To: r, Hold: &Hold{Version: evil, Reason: evil, Until: evil}, Skipped: []Skip{{evil, evil, evil}},
			Edited: true, Edits: []string{evil}, Notes: []string{evil}, FromEnvironment: evil,
			Diff: []ObjectDiff{{Object: Object{evil, evil, evil}, Op: "changed", Fields: []FieldDiff{{evil, evil, evil}}, Unified: "+" + evil}},
		}},
		Waits: []Outcome{{Target: evil, Status: "failed", Reason: evil, Pods: []string{evil}, Events: []string{evil}, LogsOf: evil, Logs: []string{evil}, Denied: []string{evil}, Notes: []string{evil}}},
	}
}

// Every result that carries text of others shows it harmless, in text and in JSON, at a terminal and in CI.
func TestNothingEvilIsShown(t *testing.T) {
	status := TargetStatus{Model: evil, Environment: evil, Release: &Release{Version: evil}, Pending: evil, Problem: evil, Holds: []Hold{{Reason: evil}}}
	results := map[string]Result{
		"change": evilChange(), "done": Done{evilChange()}, "waited": Waited{evilChange().Waits}, "status": Status{Branch: evil, Targets: []TargetStatus{status}, Unreleased: []string{evil}},
		"history": History{Target: evil, Events: []Event{{Action: evil, By: evil, Reason: evil, Note: evil, Held: []Hold{{Version: evil}}}}},
		"doctor":  Doctor{Checks: []Check{{evil, "ok", evil, evil}}}, "failure": failureResult{Failure{Message: evil, Details: []string{evil}, Hints: []string{evil}}},
		"written": Written{Changed: true, Files: []File{{evil, "add"}}, Deletes: []Object{{evil, evil, evil}}, Warnings: []string{evil}, Next: []string{evil}},
		"checked": Checked{Drift: []Drift{{evil, evil, evil}}}, "diff": Differences{Before: evil, After: evil, Folders: []FolderDiff{{Path: evil, Problem: evil}}},
	}
	for name, r := range results {
		for _, format := range []Format{FormatText, FormatJSON} {
			var out bytes.Buffer
			o := New(Options{Out: &out, Err: &out, Format: format, Dialect: escape.GitHubLog, Verbose: true})
			if err := o.Print(r); err != nil {
				t.Fatal(err)
			}
			for _, bad := range []string{"\x1b", "\u202e", "\n::"} {
				if strings.Contains(out.String(), bad) {
					t.Errorf("%s as %s still holds %q:\n%q", name, format, bad, out.String())
				}
			}
			if format == FormatJSON && !json.Valid(out.Bytes()) {
				t.Errorf("%s is not JSON: %s", name, out.String())
			}
		}
	}
}

type failureResult struct{ Failure }

func TestTableIsAligned(t *testing.T) {
	for _, color := range []bool{false, true} {
		text := newText(color, false)
		text.Table([]string{"A", "LONG", "C"}, [][]any{{"x", In(Green, "ü"), "1"}, {"long one", "y", ""}})
		var out bytes.Buffer
		if err := text.flush(&out, escape.Plain); err != nil {
			t.Fatal(err)
		}
		plain := strings.NewReplacer("\x1b[2m", "", "\x1b[32m", "", "\x1b[0m", "").Replace(out.String())
		if want := "A         LONG  C\nx         ü     1\nlong one  y\n"; plain != want {
			t.Errorf("color %v:\n%s", color, plain)
		}
		if color == (plain == out.String()) {
			t.Errorf("color %v: %q", color, out.String())
		}
	}
}

func TestProgress(t *testing.T) {
	var lines bytes.Buffer
	p := New(Options{Err: &lines}).Progress()
	p.Update("synced %s", "a\x1b")
	p.Update("synced %s", "a\x1b")
	p.Update("healthy")
	p.Done()
	if want := "synced a\\x1b\nhealthy\n"; lines.String() != want {
		t.Errorf("in CI: %q, want %q", lines.String(), want)
	}

	var live bytes.Buffer
	o := New(Options{Err: &live, ErrTerminal: true})
	p = o.Progress()
	p.Update("%s", strings.Repeat("x", 100))
	o.Say("message")
	p.Done()
	want := "\r\x1b[K" + strings.Repeat("x", 77) + "…" + "\r\x1b[K" + "message\n"
	if live.String() != want {
		t.Errorf("at a terminal: %q, want %q", live.String(), want)
	}

	var quiet bytes.Buffer
	o = New(Options{Err: &quiet, Format: FormatJSON})
	o.Progress().Update("x")
	o.Say("x")
	o.Show(Version{})
	if quiet.Len() > 0 {
		t.Errorf("with JSON something is said: %q", quiet.String())
	}
}

func TestFail(t *testing.T) {
	f := Failure{Kind: "held", Exit: 4, Message: "m", Details: []string{"d1", "d2"}, Hints: []string{"h"}}
	var text, object bytes.Buffer
	New(Options{Err: &text}).Fail(f)
	if want := "error: m\n  d1\n  d2\nhint: h\n"; text.String() != want {
		t.Errorf("%q, want %q", text.String(), want)
	}
	New(Options{Err: &object, Format: FormatJSON}).Fail(f)
	if want := `{"error":{"kind":"held","exit":4,"message":"m","details":["d1","d2"],"hints":["h"]}}` + "\n"; object.String() != want {
		t.Errorf("%q, want %q", object.String(), want)
	}
}

func TestRaw(t *testing.T) {
	for _, c := range []struct {
		terminal bool
		want     string
	}{{false, "a\x1b\r\nb"}, {true, "a\\x1b\nb"}} {
		var out bytes.Buffer
		if err := New(Options{Out: &out, OutTerminal: c.terminal}).Raw([]byte("a\x1b\r\nb")); err != nil || out.String() != c.want {
			t.Errorf("terminal %v: %q, want %q (%v)", c.terminal, out.String(), c.want, err)
		}
	}
}

// A list that is written element by element makes the document that json.Encoder makes of the whole.
func TestLongListsAreOneDocument(t *testing.T) {
	trap := `", "targets": [] `
	one := TargetStatus{Target: "a", Release: &Release{Version: "1", Reason: trap}, Holds: []Hold{{Reason: "r"}}}
	for name, s := range map[string]Status{
		"empty":   {Branch: trap, Commit: trap, Targets: []TargetStatus{}, Unreleased: []string{}},
		"one":     {Branch: trap, Remote: trap, Targets: []TargetStatus{one}, Unreleased: []string{trap}},
		"several": {Branch: "b", Targets: []TargetStatus{one, {}, one}, Unreleased: []string{"x", "y"}},
	} {
		var got, want bytes.Buffer
		if err := New(Options{Out: &got, Format: FormatJSON}).Print(s); err != nil {
			t.Fatal(err)
		}
		e := json.NewEncoder(&want)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(s); err != nil {
			t.Fatal(err)
		}
		if got.String() != want.String() {
			t.Errorf("%s: %s\nwant %s", name, got.String(), want.String())
		}
	}
}
