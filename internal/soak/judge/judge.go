// Package judge says whether the history of a deployment repository is what a crowd of writers was told while they made
// it. It shares no code with what it judges: it reads the repository with the git program alone, decodes records into
// types of its own, and believes nothing but the journal of what each command was told and answered.
package judge

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Op is one change that a writer asked for. It is run again where a run was killed or its outcome is not known.
type Op struct {
	// ID is in the reason that the change carries, as "op ID".
	ID     int
	Action string // promote, revert, hold or unhold
	Model  string // TEAM/MODEL
	// Version that is promoted, left, held or let go.
	Version string
	Runs    []Run
}

// Run is one command and its answer.
type Run struct {
	Exit    int // as the process ended; Killed where it was killed
	Changed bool
	Commit  string // that it says it made
	Text    string // what it printed
}

// Killed is the exit of a run that was killed.
const Killed = -1

// Environment that all changes are made in.
const Environment = "staging"

// certain exits say that nothing was pushed: done without a change, refused, lost to others.
func (r Run) certain() bool { return r.Exit == 0 || r.Exit == 4 || r.Exit == 5 }

// expected exits are those that contention, kills and faults of the transport can lead to.
func (r Run) expected() bool { return r.certain() || r.Exit == Killed || r.Exit == 8 }

// verdict collects what is wrong.
type verdict struct {
	repo    *reader
	ops     map[int]*Op
	commits []commit
	place   map[string]int    // of a commit on the first-parent line
	made    map[int][]string  // commits by op
	records map[string]record // the newest by model
	faults  []string
}

func (v *verdict) fault(format string, args ...any) {
	v.faults = append(v.faults, fmt.Sprintf(format, args...))
}

// Check lists everything that is wrong with branch main of the bare repository at dir, after these ops; none is good.
func Check(ctx context.Context, dir string, ops []Op) ([]string, error) {
	r, err := open(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer r.close()
	v := &verdict{repo: r, ops: map[int]*Op{}, place: map[string]int{}, made: map[int][]string{}, records: map[string]record{}}
	for i := range ops {
		v.ops[ops[i].ID] = &ops[i]
	}
	if v.commits, err = history(ctx, dir); err != nil {
		return nil, err
	}
	for i, c := range v.commits {
		v.place[c.id] = i
		if err := v.commit(c); err != nil {
			return nil, err
		}
	}
	for i := range ops {
		v.op(&ops[i])
	}
	if out, err := git(ctx, dir, "fsck", "--strict", "--no-dangling", "--no-progress"); err != nil || out != "" {
		v.fault("git fsck: %v %s", err, out)
	}
	return v.faults, nil
}

// op holds what the writer was told against what is there.
func (v *verdict) op(op *Op) {
	made := v.made[op.ID]
	if len(made) > 1 {
		v.fault("op %d (%s %s %s) was applied %d times: %s", op.ID, op.Action, op.Model, op.Version, len(made), strings.Join(made, " "))
	}
	uncertain := false
	for _, run := range op.Runs {
		uncertain = uncertain || !run.certain()
		if !run.expected() {
			v.fault("op %d (%s %s %s) ended with exit %d: %s", op.ID, op.Action, op.Model, op.Version, run.Exit, run.Text)
		}
		if run.Exit == 0 && run.Changed && !slices.Contains(made, run.Commit) {
			v.fault("op %d (%s %s %s) was acknowledged with %s, and is lost: the history has %q", op.ID, op.Action, op.Model, op.Version, run.Commit, made)
		}
	}
	acknowledged := slices.ContainsFunc(op.Runs, func(r Run) bool { return r.Exit == 0 && r.Changed })
	if len(made) > 0 && !acknowledged && !uncertain {
		v.fault("op %d (%s %s %s) is in the history as %s, but was told that nothing was pushed", op.ID, op.Action, op.Model, op.Version, made[0])
	}
}

// commit judges one commit by what it says it is: ours, or somebody's beside.
func (v *verdict) commit(c commit) error {
	action := c.trailers["Modelops-Action"]
	if action == "" {
		for _, ch := range c.changes {
			if len(v.records) > 0 && (strings.HasPrefix(ch.path, "models/") || strings.HasPrefix(ch.path, "tenants/")) {
				v.fault("%s is nobody's change of an overlay, and touches %s", c.id, ch.path)
			}
		}
		return nil
	}
	op, ok := v.ops[c.op()]
	if !ok || op.Action != action || c.trailers["Modelops-Target"] != op.Model+"/"+Environment {
		v.fault("%s (%s %s, %q) is of no op that was asked for", c.id, action, c.trailers["Modelops-Target"], c.trailers["Modelops-Reason"])
		return nil
	}
	v.made[op.ID] = append(v.made[op.ID], c.id)
	if len(c.parents) != 1 {
		v.fault("%s (op %d) has %d parents", c.id, op.ID, len(c.parents))
	}
	v.paths(c, op)
	return v.record(c, op)
}

// paths holds a commit to the files of its overlay, and of those to what its action writes.
func (v *verdict) paths(c commit, op *Op) {
	state, folder := stateFile(op.Model), overlay(op.Model)+"/"
	for _, ch := range c.changes {
		inFolder := strings.HasPrefix(ch.path, folder) && (op.Action == "promote" || op.Action == "revert")
		if ch.path != state && !inFolder {
			v.fault("%s (op %d, %s %s) touches %s", c.id, op.ID, op.Action, op.Model, ch.path)
		}
		if ch.mode != "100644" && ch.mode != "000000" {
			v.fault("%s (op %d) leaves %s with mode %s", c.id, op.ID, ch.path, ch.mode)
		}
	}
}

func overlay(model string) string   { return "models/" + model + "/" + Environment }
func stateFile(model string) string { return "models/" + model + "/state/" + Environment + ".yaml" }
