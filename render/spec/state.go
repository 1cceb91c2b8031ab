package spec

import "time"

// State is state/ENV.yaml: the tool's record of one overlay.
type State struct {
	APIVersion string      `yaml:"apiVersion" spec:"required"`
	Kind       string      `yaml:"kind" spec:"required"`
	Metadata   TargetNames `yaml:"metadata" spec:"required"`
	Spec       StateSpec   `yaml:"spec" spec:"required"`
}

// StateSpec records what runs, what ran before, and what must not run.
type StateSpec struct {
	// Change is a random word that every promote, revert and hold rewrites, so that Git refuses to merge two of them.
	Change string `yaml:"change" spec:"required"`
	// Current release; absent before the first promote and after the model was removed from the environment.
	Current *Entry `yaml:"current,omitempty"`
	// Past releases, newest first, at most twenty.
	Past []Entry `yaml:"past,omitempty"`
	// Holds on this environment and every later one.
	Holds []Hold `yaml:"holds,omitempty"`
}

// The actions that an entry or a step of the history records.
const (
	ActionPromote = "promote"
	ActionRevert  = "revert"
	ActionRetire  = "retire"
	ActionRemove  = "remove"
	ActionHold    = "hold"
	ActionUnhold  = "unhold"
)

// Entry is one release that an overlay has or had.
type Entry struct {
	// ID of the release.
	ID string `yaml:"id" spec:"required"`
	// Version of the release.
	Version string `yaml:"version" spec:"required"`
	// Image digest of the release.
	Image string `yaml:"image" spec:"required,digest"`
	// Artifact of the release.
	Artifact string `yaml:"artifact,omitempty"`
	// Tree is the id of the overlay's Git tree.
	Tree string `yaml:"tree" spec:"required,object"`
	// Commit that holds the tree at the overlay's path; absent for the current release, which the branch itself holds.
	Commit string `yaml:"commit,omitempty" spec:"object"`
	// Edited says that the folder was not the release's own when it was left: somebody had changed files by hand.
	Edited bool `yaml:"edited,omitempty"`
	// Action that brought it in: promote, revert or retire.
	Action string `yaml:"action" spec:"required,enum=promote|revert|retire"`
	// From is the environment that it was promoted from.
	From string `yaml:"from,omitempty"`
	// By whom.
	By string `yaml:"by,omitempty"`
	// At what time.
	At time.Time `yaml:"at,omitempty"`
	// Reason given.
	Reason string `yaml:"reason,omitempty"`
	// Left says how it was replaced; absent for the current release.
	Left *Leave `yaml:"left,omitempty"`
}

// Leave is the end of a release in an environment.
type Leave struct {
	// Action that replaced it: a promote, or a revert, which marks it as failed.
	Action string `yaml:"action" spec:"required,enum=promote|revert|retire"`
	// By whom.
	By string `yaml:"by,omitempty"`
	// At what time.
	At time.Time `yaml:"at,omitempty"`
	// Reason given.
	Reason string `yaml:"reason,omitempty"`
}

// Hold is a written refusal. It matches a release that has any of the fields set: its version, id, image digest or
// artifact; a hold with none of them set matches everything.
type Hold struct {
	// Version that is refused.
	Version string `yaml:"version,omitempty"`
	// ID of the release that is refused.
	ID string `yaml:"id,omitempty"`
	// Image digest that is refused, under whatever version.
	Image string `yaml:"image,omitempty" spec:"digest"`
	// Artifact that is refused, under whatever version.
	Artifact string `yaml:"artifact,omitempty"`
	// Reason why.
	Reason string `yaml:"reason" spec:"required"`
	// By whom.
	By string `yaml:"by,omitempty"`
	// At what time.
	At time.Time `yaml:"at,omitempty"`
	// Until when; without it, until somebody takes the hold away.
	Until *time.Time `yaml:"until,omitempty"`
}

// TeamHold is a file under tenants/TEAM/holds: a hold on every model of a team.
type TeamHold struct {
	APIVersion string       `yaml:"apiVersion" spec:"required"`
	Kind       string       `yaml:"kind" spec:"required"`
	Metadata   TeamHoldName `yaml:"metadata" spec:"required"`
	Spec       Hold         `yaml:"spec" spec:"required"`
}

// TeamHoldName names a team's hold and where it begins.
type TeamHoldName struct {
	// Name of the file without its ending.
	Name string `yaml:"name" spec:"required,dns"`
	// Team that is held.
	Team string `yaml:"team" spec:"required,dns"`
	// Environment from which on it holds.
	Environment string `yaml:"environment" spec:"required,env"`
}
