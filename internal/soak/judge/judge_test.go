package judge

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/modelops/modelops/gitops/gittest"
)

// story writes histories by hand: good ones, and ones with one thing wrong, which the judge must see.
type story struct {
	t    *testing.T
	ctx  context.Context
	hub  *gittest.Repo
	now  map[string]*record // by model
	ops  []Op
	line int
}

func newStory(t *testing.T) *story {
	t.Helper()
	dir := t.TempDir()
	hub, err := gittest.Init(t.Context(), filepath.Join(dir, "deploy.git"), filepath.Join(dir, "home"), true)
	if err != nil {
		t.Fatal(err)
	}
	s := &story{t: t, ctx: t.Context(), hub: hub, now: map[string]*record{}}
	s.commit("specs", map[string]string{"models/soak/m/model.yaml": "m\n", "models/soak/n/model.yaml": "n\n"})
	return s
}

func (s *story) commit(message string, files map[string]string) string {
	s.t.Helper()
	id, err := s.hub.Commit(s.ctx, "main", message, files)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

func (s *story) git(args ...string) string {
	s.t.Helper()
	out, err := s.hub.Run(s.ctx, args...)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// ask adds an op to the journal and returns it.
func (s *story) ask(action, model, version string) *Op {
	op := Op{ID: len(s.ops) + 1, Action: action, Model: model, Version: version}
	if version == "" {
		op.Version = fmt.Sprintf("1.0.%d", op.ID)
	}
	s.ops = append(s.ops, op)
	return &s.ops[len(s.ops)-1]
}

func (s *story) message(op *Op) string {
	return fmt.Sprintf("%s\n\nModelops-Action: %s\nModelops-Target: %s/staging\nModelops-Reason: op %d\n", op.Action, op.Action, op.Model, op.ID)
}

// write commits what an op makes of a record, and notes that the writer was told so.
func (s *story) write(op *Op, r record, folder string, further ...map[string]string) string {
	s.t.Helper()
	s.line++
	r.Spec.Change = fmt.Sprint("line ", s.line)
	files := map[string]string{}
	if folder != "" {
		files[overlay(op.Model)+"/release.yaml"] = folder
	}
	for _, m := range further {
		for name, data := range m {
			files[name] = data
		}
	}
	if r.Spec.Current != nil && folder != "" && r.Spec.Current.Tree == "" {
		s.git("update-ref", "refs/heads/scratch", "refs/heads/main")
		if _, err := s.hub.Commit(s.ctx, "scratch", "x", files); err != nil {
			s.t.Fatal(err)
		}
		r.Spec.Current.Tree = s.git("rev-parse", "scratch:"+overlay(op.Model))
		s.git("update-ref", "-d", "refs/heads/scratch")
	}
	files[stateFile(op.Model)] = encode(r)
	id := s.commit(s.message(op), files)
	op.Runs = append(op.Runs, Run{Exit: 0, Changed: true, Commit: id})
	s.now[op.Model] = &r
	return id
}

func encode(r record) string {
	var b strings.Builder
	one := func(e entry, indent string) {
		fmt.Fprintf(&b, "version: %s\n%sid: i%s\n%simage: %s\n%stree: %s\n", e.Version, indent, e.Version, indent, e.Image, indent, e.Tree)
		if e.Commit != "" {
			fmt.Fprintf(&b, "%scommit: %s\n", indent, e.Commit)
		}
		if e.Left != nil {
			fmt.Fprintf(&b, "%sleft: {action: %s}\n", indent, e.Left.Action)
		}
	}
	fmt.Fprintf(&b, "spec:\n  change: %s\n", r.Spec.Change)
	if r.Spec.Current != nil {
		b.WriteString("  current:\n    ")
		one(*r.Spec.Current, "    ")
	}
	b.WriteString("  past:\n")
	for _, e := range r.Spec.Past {
		b.WriteString("  - ")
		one(e, "    ")
	}
	b.WriteString("  holds:\n")
	for _, h := range r.Spec.Holds {
		fmt.Fprintf(&b, "  - {version: %s, reason: %s}\n", h.Version, h.Reason)
	}
	return b.String()
}

func releaseFile(version string) string {
	return fmt.Sprintf("spec: {id: i%s, version: %s, image: {digest: %q}}\n", version, version, Digest(version))
}

// next is a copy of a model's record with what is current moved to the past.
func (s *story) next(model, action string) record {
	var r record
	old := s.now[model]
	if old == nil {
		return r
	}
	r.Spec.Past, r.Spec.Holds = slices.Clone(old.Spec.Past), slices.Clone(old.Spec.Holds)
	if old.Spec.Current != nil {
		e := *old.Spec.Current
		e.Commit = s.git("rev-parse", "main")
		e.Left = &struct {
			Action string `yaml:"action"`
			Reason string `yaml:"reason"`
		}{Action: action}
		r.Spec.Past = append([]entry{e}, r.Spec.Past...)
	}
	return r
}

func entryOf(version string) *entry {
	return &entry{Version: version, ID: "i" + version, Image: Digest(version)}
}

func (s *story) promote(model string) *Op {
	op := s.ask("promote", model, "")
	r := s.next(model, "promote")
	r.Spec.Current = entryOf(op.Version)
	s.write(op, r, releaseFile(op.Version))
	return op
}

func (s *story) revert(model string) *Op {
	op := s.ask("revert", model, s.now[model].Spec.Current.Version)
	r := s.next(model, "revert")
	back := s.now[model].Spec.Past[0]
	r.Spec.Current = &entry{Version: back.Version, ID: back.ID, Image: back.Image, Tree: back.Tree}
	r.Spec.Holds = append(r.Spec.Holds, hold{Version: op.Version, Reason: "bad"})
	s.write(op, r, releaseFile(back.Version))
	return op
}

func (s *story) hold(model, version string) *Op {
	op := s.ask("hold", model, version)
	r := *s.now[model]
	r.Spec.Holds = append(slices.Clone(r.Spec.Holds), hold{Version: version, Reason: "held"})
	s.write(op, r, "")
	return op
}

func (s *story) unhold(model, version string) *Op {
	op := s.ask("unhold", model, version)
	r := *s.now[model]
	r.Spec.Holds = slices.DeleteFunc(slices.Clone(r.Spec.Holds), func(h hold) bool { return h.Version == version })
	s.write(op, r, "")
	return op
}

// good is a history in which all is well.
func (s *story) good() {
	s.promote("soak/m")
	s.promote("soak/n")
	s.promote("soak/m")
	s.revert("soak/m")
	s.commit("beside", map[string]string{"docs/a.md": "a\n"})
	s.promote("soak/m")
	s.hold("soak/m", "1.0.1")
	s.unhold("soak/m", "1.0.1")
	s.ask("promote", "soak/n", "").Runs = []Run{{Exit: 5}}
	s.ask("promote", "soak/n", "").Runs = []Run{{Exit: Killed}, {Exit: 8}}
}

// copy is a story of its own that goes on from here.
func (s *story) copy(t *testing.T) *story {
	t.Helper()
	own := *s
	hub := *s.hub
	hub.Dir = filepath.Join(t.TempDir(), "deploy.git")
	if err := os.CopyFS(hub.Dir, os.DirFS(s.hub.Dir)); err != nil {
		t.Fatal(err)
	}
	own.t, own.ctx, own.hub, own.now, own.ops = t, t.Context(), &hub, map[string]*record{}, slices.Clone(s.ops)
	for model, r := range s.now {
		now := *r
		own.now[model] = &now
	}
	return &own
}

func TestGoodHistory(t *testing.T) {
	s := newStory(t)
	s.good()
	s.promote("soak/m").Runs = []Run{{Exit: Killed}} // a killed one may have arrived
	faults, err := Check(t.Context(), s.hub.Dir, s.ops)
	if err != nil || len(faults) > 0 {
		t.Errorf("%v %q", err, faults)
	}
}

// TestJudgeSees breaks one thing at a time.
func TestJudgeSees(t *testing.T) {
	good := newStory(t)
	good.good()
	for want, spoil := range map[string]func(*story){
		"is lost: the history has []": func(s *story) { // an acknowledged commit that a force push took away
			s.promote("soak/n")
			s.git("update-ref", "refs/heads/main", "main~1")
		},
		"an update is lost": func(s *story) { // made from the record before the newest one
			before := *s.now["soak/m"]
			s.promote("soak/m")
			s.now["soak/m"] = &before
			s.promote("soak/m")
		},
		"was applied 2 times": func(s *story) {
			op := s.promote("soak/m")
			r := s.next("soak/m", "promote")
			r.Spec.Current = entryOf(op.Version)
			s.write(op, r, releaseFile(op.Version))
		},
		"was told that nothing was pushed": func(s *story) {
			s.promote("soak/m").Runs = []Run{{Exit: 5, Text: "nothing was pushed"}}
		},
		"touches models/soak/n/staging/release.yaml": func(s *story) {
			op := s.ask("promote", "soak/m", "")
			r := s.next("soak/m", "promote")
			r.Spec.Current = entryOf(op.Version)
			s.write(op, r, releaseFile(op.Version), map[string]string{overlay("soak/n") + "/release.yaml": "x\n"})
		},
		"touches models/soak/m/staging/release.yaml": func(s *story) { // by a hold
			op := s.ask("hold", "soak/m", "1.0.1")
			r := *s.now["soak/m"]
			r.Spec.Holds = append(r.Spec.Holds, hold{Version: "1.0.1", Reason: "held"})
			s.write(op, r, "", map[string]string{overlay("soak/m") + "/release.yaml": releaseFile("1.0.9")})
		},
		"is nobody's change of an overlay": func(s *story) {
			s.commit("by hand", map[string]string{overlay("soak/m") + "/release.yaml": "x\n"})
		},
		"is of no op that was asked for": func(s *story) {
			s.promote("soak/m")
			s.ops = s.ops[:len(s.ops)-1]
		},
		"the folder's tree is": func(s *story) {
			op := s.ask("promote", "soak/m", "")
			r := s.next("soak/m", "promote")
			r.Spec.Current = entryOf(op.Version)
			r.Spec.Current.Tree = strings.Repeat("1", 40)
			s.write(op, r, releaseFile(op.Version))
		},
		"release.yaml is 1.0.77": func(s *story) {
			op := s.ask("promote", "soak/m", "")
			r := s.next("soak/m", "promote")
			r.Spec.Current = entryOf(op.Version)
			s.write(op, r, releaseFile("1.0.77"))
		},
		"it was held": func(s *story) {
			s.hold("soak/m", fmt.Sprintf("1.0.%d", len(s.ops)+2))
			s.promote("soak/m")
		},
		"was held: held": func(s *story) { // a revert to what is held
			s.hold("soak/m", s.now["soak/m"].Spec.Past[0].Version)
			s.revert("soak/m")
		},
		"was never there": func(s *story) {
			op := s.ask("revert", "soak/m", s.now["soak/m"].Spec.Current.Version)
			r := s.next("soak/m", "revert")
			r.Spec.Current = entryOf("1.0.55")
			s.write(op, r, releaseFile("1.0.55"))
		},
		"does not hold tree": func(s *story) {
			op := s.ask("revert", "soak/m", s.now["soak/m"].Spec.Current.Version)
			r := s.next("soak/m", "revert")
			back := s.now["soak/m"].Spec.Past[0]
			r.Spec.Current = &entry{Version: back.Version, ID: back.ID, Image: back.Image, Tree: back.Tree}
			r.Spec.Past[0].Commit = s.git("rev-list", "--max-parents=0", "main")
			s.write(op, r, releaseFile(back.Version))
		},
		"holds changed": func(s *story) { // a promote that forgets a hold which came in between
			op := s.ask("promote", "soak/m", "")
			r := s.next("soak/m", "promote")
			r.Spec.Current, r.Spec.Holds = entryOf(op.Version), nil
			s.write(op, r, releaseFile(op.Version))
		},
		"a hold changed the releases": func(s *story) {
			s.now["soak/m"].Spec.Past = s.now["soak/m"].Spec.Past[1:]
			s.hold("soak/m", "1.0.1")
		},
		"the change line is not a new one": func(s *story) {
			s.line--
			s.hold("soak/m", "1.0.1")
		},
		"has 2 parents": func(s *story) {
			s.promote("soak/m")
			merge := s.git("commit-tree", "-p", "main~1", "-p", "main~2", "-m", s.message(&s.ops[len(s.ops)-1]), "main^{tree}")
			s.git("update-ref", "refs/heads/main", merge)
		},
		"ended with exit 1": func(s *story) { s.ask("promote", "soak/m", "").Runs = []Run{{Exit: 1, Text: "panic"}} },
	} {
		t.Run(want, func(t *testing.T) {
			s := good.copy(t)
			spoil(s)
			faults, err := Check(t.Context(), s.hub.Dir, s.ops)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(strings.Join(faults, "\n"), want) {
				t.Errorf("the judge saw only %q", faults)
			}
		})
	}
}
