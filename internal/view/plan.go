package view

import (
	"github.com/modelops/modelops/internal/release"
	"github.com/modelops/modelops/render/spec"
)

// Change is the result of promote, revert, hold, unhold and model remove --env.
type Change struct {
	// Action is promote, revert, hold, unhold, retire or remove.
	Action string `json:"action"`
	// Changed says whether a commit was made, or would be made by a dry run.
	Changed bool `json:"changed"`
	DryRun  bool `json:"dryRun"`
	// Branch that is worked on, and the remote it is on; empty where the local branch is the truth.
	Branch string `json:"branch"`
	Remote string `json:"remote,omitempty"`
	// Base is the commit that it was built on, Commit the new one, or that of the tip where nothing changed; empty for a
	// dry run.
	Base   string `json:"base"`
	Commit string `json:"commit,omitempty"`
	// Attempts counts the pushes, where the first did not get through.
	Attempts int `json:"attempts,omitempty"`
	// Pushed says that the commit is on the remote's branch.
	Pushed bool `json:"pushed"`
	// Message is the commit's message, for a dry run.
	Message string `json:"message,omitempty"`
	// Targets in their order.
	Targets []Item `json:"targets"`
	// Waits are the outcomes of --sync and --wait, by target.
	Waits []Outcome `json:"waits,omitempty"`
	// Notes are facts about the user's clone and the like.
	Notes []string `json:"notes,omitempty"`
}

// Item is one target of a change.
type Item struct {
	// Target is TEAM/MODEL/ENV; a hold of a whole team has TEAM//ENV.
	Target string `json:"target"`
	// Model is TEAM/MODEL, Environment where.
	Model       string `json:"model"`
	Environment string `json:"environment"`
	Action      string `json:"action"`
	// Unchanged says why there is nothing to do; absent where there is.
	Unchanged string `json:"unchanged,omitempty"`
	// From and To are the releases before and after; null where there is none.
	From *Release `json:"from"`
	To   *Release `json:"to"`
	// FromEnvironment is where a promoted release was taken from.
	FromEnvironment string `json:"fromEnvironment,omitempty"`
	// Hold that is written, and those that are taken away.
	Hold   *Hold  `json:"hold,omitempty"`
	Lifted []Hold `json:"lifted,omitempty"`
	// Skipped are the releases that a revert passed over.
	Skipped []Skip `json:"skipped,omitempty"`
	// Edited says that the overlay was changed by hand; Edits are the files.
	Edited bool     `json:"edited,omitempty"`
	Edits  []string `json:"edits,omitempty"`
	Notes  []string `json:"notes,omitempty"`
	// Diff is what changes in the built manifests.
	Diff []ObjectDiff `json:"diff,omitempty"`
}

// Release is one release as its record has it.
type Release struct {
	Version  string `json:"version"`
	ID       string `json:"id"`
	Image    string `json:"image"`
	Artifact string `json:"artifact,omitempty"`
	Tree     string `json:"tree"`
	// Action that brought it in, by whom, when, and why.
	Action string `json:"action"`
	By     string `json:"by,omitempty"`
	At     string `json:"at,omitempty"`
	Reason string `json:"reason,omitempty"`
	From   string `json:"from,omitempty"`
}

// Hold is a written refusal; a hold that names nothing refuses everything.
type Hold struct {
	Version  string `json:"version,omitempty"`
	ID       string `json:"id,omitempty"`
	Image    string `json:"image,omitempty"`
	Artifact string `json:"artifact,omitempty"`
	Reason   string `json:"reason"`
	By       string `json:"by,omitempty"`
	At       string `json:"at,omitempty"`
	Until    string `json:"until,omitempty"`
}

// Skip is a release that a revert did not choose.
type Skip struct {
	Version string `json:"version"`
	ID      string `json:"id"`
	Why     string `json:"why"`
}

// FromPlan is the view of a plan before it is carried out.
func FromPlan(p *release.Plan) Change {
	c := Change{Action: p.Action, Changed: p.Changed(), Targets: []Item{}}
	if p.Base != nil {
		c.Base = p.Base.Commit().String()
	}
	for _, i := range p.Items {
		c.Targets = append(c.Targets, fromItem(i))
	}
	return c
}

func fromItem(i release.Item) Item {
	out := Item{
		Target: i.Target.String(), Model: modelName(i.Target), Environment: i.Target.Env, Action: i.Action, Unchanged: i.Unchanged,
		From: FromEntry(i.From), To: FromEntry(i.To), FromEnvironment: i.FromEnv,
		Edited: i.Edited, Edits: i.Edits, Notes: i.Notes, Diff: FromDiff(i.Diff),
	}
	if i.Hold != nil {
		h := FromHold(*i.Hold)
		out.Hold = &h
	}
	for _, h := range i.Lifted {
		out.Lifted = append(out.Lifted, FromHold(h))
	}
	for _, s := range i.Skipped {
		out.Skipped = append(out.Skipped, Skip{Version: s.Entry.Version, ID: s.Entry.ID, Why: s.Why})
	}
	return out
}

func modelName(t spec.Target) string {
	if t.Model == "" {
		return t.Team
	}
	return t.ModelName()
}

// FromEntry is the view of a recorded release; nil stays nil.
func FromEntry(e *spec.Entry) *Release {
	if e == nil {
		return nil
	}
	return &Release{
		Version: e.Version, ID: e.ID, Image: e.Image, Artifact: e.Artifact, Tree: e.Tree,
		Action: e.Action, By: e.By, At: stamp(e.At), Reason: e.Reason, From: e.From,
	}
}

// FromHold is the view of a hold.
func FromHold(h spec.Hold) Hold {
	out := Hold{Version: h.Version, ID: h.ID, Image: h.Image, Artifact: h.Artifact, Reason: h.Reason, By: h.By, At: stamp(h.At)}
	if h.Until != nil {
		out.Until = stamp(*h.Until)
	}
	return out
}
