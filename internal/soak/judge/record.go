package judge

import (
	"fmt"
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"
)

// record is an overlay's state, as far as it matters here.
type record struct {
	Spec struct {
		Change  string  `yaml:"change"`
		Current *entry  `yaml:"current"`
		Past    []entry `yaml:"past"`
		Holds   []hold  `yaml:"holds"`
	} `yaml:"spec"`
}

type entry struct {
	ID      string `yaml:"id"`
	Version string `yaml:"version"`
	Image   string `yaml:"image"`
	Tree    string `yaml:"tree"`
	Commit  string `yaml:"commit"`
	Action  string `yaml:"action"`
	Reason  string `yaml:"reason"`
	Left    *struct {
		Action string `yaml:"action"`
		Reason string `yaml:"reason"`
	} `yaml:"left"`
}

// content is what an entry is, wherever it stands.
func (e entry) content() [4]string { return [4]string{e.ID, e.Version, e.Image, e.Tree} }

type hold struct {
	Version string `yaml:"version"`
	ID      string `yaml:"id"`
	Reason  string `yaml:"reason"`
}

type release struct {
	Spec struct {
		ID      string `yaml:"id"`
		Version string `yaml:"version"`
		Image   struct {
			Digest string `yaml:"digest"`
		} `yaml:"image"`
	} `yaml:"spec"`
}

// maxPast is how many releases a record remembers.
const maxPast = 20

// record judges the step from the overlay's last record to the one in a commit.
func (v *verdict) record(c commit, op *Op) error {
	text, err := v.repo.contents(c.id + ":" + stateFile(op.Model))
	if err != nil {
		return err
	}
	var now record
	if err := yaml.Unmarshal([]byte(text), &now); err != nil {
		v.fault("%s (op %d): the record cannot be read: %v", c.id, op.ID, err)
		return nil
	}
	was := v.records[op.Model]
	v.records[op.Model] = now
	fault := func(format string, args ...any) {
		v.fault("%s (op %d, %s %s %s): %s", c.id, op.ID, op.Action, op.Model, op.Version, fmt.Sprintf(format, args...))
	}
	if now.Spec.Change == was.Spec.Change || now.Spec.Change == "" {
		fault("the change line is not a new one: %q", now.Spec.Change)
	}
	steps := map[string]func(was, now record, op *Op, fault func(string, ...any)){"promote": promoted, "revert": v.reverted, "hold": held, "unhold": unheld}
	steps[op.Action](was, now, op, fault)
	return v.folder(c, op, now, fault)
}

// folder holds the overlay to its record: its tree, and what its release says of itself.
func (v *verdict) folder(c commit, op *Op, now record, fault func(string, ...any)) error {
	if now.Spec.Current == nil {
		return nil
	}
	tree, err := v.repo.id(c.id + ":" + overlay(op.Model))
	if err != nil {
		return err
	}
	if tree != now.Spec.Current.Tree {
		fault("the folder's tree is %s, the record says %s", tree, now.Spec.Current.Tree)
	}
	text, err := v.repo.contents(c.id + ":" + overlay(op.Model) + "/release.yaml")
	if err != nil {
		return err
	}
	var r release
	if err := yaml.Unmarshal([]byte(text), &r); err != nil {
		fault("release.yaml cannot be read: %v", err)
	}
	if r.Spec.Version != now.Spec.Current.Version || r.Spec.ID != now.Spec.Current.ID || r.Spec.Image.Digest != Digest(r.Spec.Version) {
		fault("release.yaml is %s %s %s, the record says %s %s", r.Spec.Version, r.Spec.ID, r.Spec.Image.Digest, now.Spec.Current.Version, now.Spec.Current.ID)
	}
	return nil
}

// Digest is the image that a version has, by agreement with the writers: the op's number, in hexadecimal.
func Digest(version string) string {
	number := 0
	if _, err := fmt.Sscanf(version, "1.0.%d", &number); err != nil {
		return "no version of an op: " + version
	}
	return fmt.Sprintf("sha256:%064x", number)
}

func promoted(was, now record, op *Op, fault func(string, ...any)) {
	if now.Spec.Current == nil || now.Spec.Current.Version != op.Version {
		fault("what came in is %+v", now.Spec.Current)
		return
	}
	for _, h := range was.Spec.Holds {
		if h.Version == op.Version || h.Version == "" && h.ID == "" {
			fault("it was held: %s", h.Reason)
		}
	}
	if !reflect.DeepEqual(was.Spec.Holds, now.Spec.Holds) {
		fault("holds changed from %v to %v", was.Spec.Holds, now.Spec.Holds)
	}
	left(was, now, op, fault)
}

// left holds the past to what was there: the release that was left comes first, and nothing else changes.
func left(was, now record, op *Op, fault func(string, ...any)) {
	want := was.Spec.Past
	if was.Spec.Current != nil {
		want = append([]entry{*was.Spec.Current}, want...)
	}
	if len(want) > maxPast {
		want = want[:maxPast]
	}
	if len(want) != len(now.Spec.Past) {
		fault("the past has %d releases, want %d: an update is lost or made up", len(now.Spec.Past), len(want))
		return
	}
	for i := range want {
		if want[i].content() != now.Spec.Past[i].content() {
			fault("number %d of the past is %v, want %v: an update is lost", i, now.Spec.Past[i].content(), want[i].content())
		}
	}
	if was.Spec.Current != nil {
		if l := now.Spec.Past[0].Left; l == nil || l.Action != op.Action {
			fault("the release that was left is not marked so: %+v", l)
		}
	}
}

func (v *verdict) reverted(was, now record, op *Op, fault func(string, ...any)) {
	if was.Spec.Current == nil || now.Spec.Current == nil || was.Spec.Current.Version != op.Version {
		fault("it left %+v for %+v", was.Spec.Current, now.Spec.Current)
		return
	}
	left(was, now, op, fault)
	back := -1
	for i, e := range was.Spec.Past {
		if e.content() == now.Spec.Current.content() {
			back = i
		}
	}
	if back < 0 {
		fault("what came back, %v, was never there", now.Spec.Current.content())
	}
	for _, h := range was.Spec.Holds {
		if h.Version == now.Spec.Current.Version {
			fault("what came back, %s, was held: %s", h.Version, h.Reason)
		}
	}
	v.grew(was, now, fault)
	if from := now.Spec.Past[0]; v.tree(from.Commit, op.Model) != from.Tree {
		fault("the recorded commit %s does not hold tree %s, or is not of this history", from.Commit, from.Tree)
	}
}

// tree of an overlay in a commit of this history, "" where it is none.
func (v *verdict) tree(id, model string) string {
	if _, ok := v.place[id]; !ok {
		return ""
	}
	tree, err := v.repo.id(id + ":" + overlay(model))
	if err != nil {
		return err.Error()
	}
	return tree
}

// grew allows one hold more, of what was left.
func (v *verdict) grew(was, now record, fault func(string, ...any)) {
	n := len(was.Spec.Holds)
	if len(now.Spec.Holds) < n || len(now.Spec.Holds) > n+1 || n > 0 && !reflect.DeepEqual(was.Spec.Holds, now.Spec.Holds[:n]) {
		fault("holds changed from %v to %v", was.Spec.Holds, now.Spec.Holds)
		return
	}
	if len(now.Spec.Holds) > n && now.Spec.Holds[n].Version != was.Spec.Current.Version {
		fault("it holds %v, and left %s", now.Spec.Holds[n], was.Spec.Current.Version)
	}
}

func held(was, now record, op *Op, fault func(string, ...any)) {
	same(was, now, fault)
	n := len(was.Spec.Holds)
	if len(now.Spec.Holds) != n+1 || n > 0 && !reflect.DeepEqual(was.Spec.Holds, now.Spec.Holds[:n]) || now.Spec.Holds[n].Version != op.Version {
		fault("holds changed from %v to %v", was.Spec.Holds, now.Spec.Holds)
	}
}

func unheld(was, now record, op *Op, fault func(string, ...any)) {
	same(was, now, fault)
	var want []hold
	for _, h := range was.Spec.Holds {
		if h.Version != op.Version {
			want = append(want, h)
		}
	}
	if len(want) == len(was.Spec.Holds) || !reflect.DeepEqual(want, now.Spec.Holds) {
		fault("holds changed from %v to %v", was.Spec.Holds, now.Spec.Holds)
	}
}

// same holds the releases to what they were.
func same(was, now record, fault func(string, ...any)) {
	if !reflect.DeepEqual(was.Spec.Current, now.Spec.Current) || !reflect.DeepEqual(was.Spec.Past, now.Spec.Past) {
		fault("a hold changed the releases: %s", strings.TrimSpace(fmt.Sprintf("%+v to %+v", was.Spec.Current, now.Spec.Current)))
	}
}
