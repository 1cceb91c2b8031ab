package release

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/render/spec"
)

// held returns the hold that refuses a release here, if any: one of this environment or an earlier one, or of the team.
func (d *Desk) held(r *Reader, action string, t spec.Target, e spec.Entry) error {
	h, where, err := d.holdOn(r, t, e)
	if err != nil || h == nil {
		return err
	}
	return &HeldError{Action: action, Version: e.Version, Target: t, Where: where, Hold: *h}
}

func (d *Desk) holdOn(r *Reader, t spec.Target, e spec.Entry) (*spec.Hold, string, error) {
	envs, err := r.upTo(t.Env)
	if err != nil {
		return nil, "", err
	}
	for _, env := range envs {
		s, err := r.State(spec.Target{Team: t.Team, Model: t.Model, Env: env})
		if err != nil {
			return nil, "", err
		}
		if s == nil {
			continue
		}
		for _, h := range s.Spec.Holds {
			if !h.Expired(d.Now) && h.Matches(e.ID, e.Version, e.Image, e.Artifact) {
				return &h, env, nil
			}
		}
	}
	return d.teamHoldOn(r, t, e, envs)
}

func (d *Desk) teamHoldOn(r *Reader, t spec.Target, e spec.Entry, envs []string) (*spec.Hold, string, error) {
	holds, err := r.teamHolds(t.Team)
	if err != nil {
		return nil, "", err
	}
	for _, h := range holds {
		if slices.Contains(envs, h.Metadata.Environment) && !h.Spec.Expired(d.Now) && h.Spec.Matches(e.ID, e.Version, e.Image, e.Artifact) {
			return &h.Spec, teamHoldFile(h.Metadata.Team, h.Metadata.Name), nil
		}
	}
	return nil, "", nil
}

func teamHoldFile(team, name string) string { return "tenants/" + team + "/holds/" + name + ".yaml" }

// HoldRequest asks for a hold, or for one to be taken away.
type HoldRequest struct {
	// Who is TEAM or TEAM/MODEL.
	Who     string
	Env     string
	Version string
	ID      string
	Reason  string
	Until   *time.Time
}

func (req HoldRequest) hold(d *Desk) spec.Hold {
	return spec.Hold{Version: req.Version, ID: req.ID, Reason: req.Reason, By: d.By, At: d.Now, Until: req.Until}
}

func (req HoldRequest) check(now time.Time) error {
	switch {
	case req.Reason == "":
		return &UsageError{Message: "a hold needs --reason: whoever meets it must know why"}
	case req.Until != nil && !req.Until.After(now):
		return &UsageError{Message: fmt.Sprintf("--until %s is in the past", req.Until.Format(time.RFC3339))}
	case req.Version != "" && req.ID != "":
		return &UsageError{Message: "--version and --id are both given; a hold names one of them"}
	}
	return nil
}

// PlanHold decides a hold: of a version or release of one model, of a whole model, or of a whole team.
func (d *Desk) PlanHold(ctx context.Context, snap *gitops.Snapshot, req HoldRequest) (*Plan, error) {
	if err := req.check(d.Now); err != nil {
		return nil, err
	}
	return d.planHold(ctx, snap, spec.ActionHold, req, d.addHold)
}

// PlanUnhold decides to take holds away: those that name just what the request names, or, where it names nothing, all
// holds of the model in this environment.
func (d *Desk) PlanUnhold(ctx context.Context, snap *gitops.Snapshot, req HoldRequest) (*Plan, error) {
	if req.Reason == "" {
		return nil, &UsageError{Message: "an unhold needs --reason: the record says why it was safe"}
	}
	return d.planHold(ctx, snap, spec.ActionUnhold, req, d.dropHolds)
}

type holdChange func(r *Reader, item *Item, req HoldRequest) error

func (d *Desk) planHold(ctx context.Context, snap *gitops.Snapshot, action string, req HoldRequest, change holdChange) (*Plan, error) {
	r, err := readerFor(ctx, snap, req.Who)
	if err != nil {
		return nil, err
	}
	if _, err := r.EnvIndex(req.Env); err != nil {
		return nil, err
	}
	team, model, isModel := strings.Cut(req.Who, "/")
	t := spec.Target{Team: team, Model: model, Env: req.Env}
	if _, err := r.Team(team); err != nil {
		return nil, err
	}
	if isModel {
		if _, err := r.Model(t); err != nil {
			return nil, err
		}
	}
	p, err := d.each(r, action, []spec.Target{t}, func(t spec.Target) (Item, error) {
		item := Item{Target: t, Action: action}
		return item, change(r, &item, req)
	})
	if err != nil {
		return nil, err
	}
	p.Change.Message, err = d.message(r, p, req.Reason)
	return p, err
}

func (d *Desk) addHold(r *Reader, item *Item, req HoldRequest) error {
	h := req.hold(d)
	if item.Target.Model == "" {
		return d.addTeamHold(r, item, h)
	}
	s, err := r.stateOrNew(item.Target)
	if err != nil {
		return err
	}
	for _, old := range s.Spec.Holds {
		if old.Version == h.Version && old.ID == h.ID && old.Reason == h.Reason && sameTime(old.Until, h.Until) && !old.Expired(d.Now) {
			item.Unchanged = "the same hold is there already, " + HoldText(old)
			return nil
		}
	}
	if req.Version != "" {
		fillContent(&h, s)
	}
	s.Spec.Holds = append(s.Spec.Holds, h)
	item.Hold = &h
	return d.record(item, s)
}

// fillContent adds what the version is known to contain, so that the same content under another version is held too.
func fillContent(h *spec.Hold, s *spec.State) {
	for _, e := range (&envRecord{s}).entries() {
		if e.Version == h.Version {
			if e.Artifact != "" {
				h.Artifact = e.Artifact
			} else {
				h.Image = e.Image
			}
			return
		}
	}
}

func sameTime(a, b *time.Time) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Equal(*b)
}

// stateOrNew is a record to write into: a copy of the one that is there, or an empty one.
func (r *Reader) stateOrNew(t spec.Target) (*spec.State, error) {
	s, err := r.State(t)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return newState(t), nil
	}
	copied := *s
	copied.Spec.Past, copied.Spec.Holds = slices.Clip(s.Spec.Past), slices.Clip(s.Spec.Holds)
	return &copied, nil
}

func (d *Desk) addTeamHold(r *Reader, item *Item, h spec.Hold) error {
	t := item.Target
	sum := sha256.Sum256([]byte(h.Version + "\x00" + h.ID + "\x00" + h.Reason))
	name := t.Env + "-" + hex.EncodeToString(sum[:4])
	file := teamHoldFile(t.Team, name)
	if files, err := r.Folder("tenants/" + t.Team + "/holds"); err != nil {
		return err
	} else if _, there := files[name+".yaml"]; there {
		item.Unchanged = "the same hold is there already, in " + file
		return nil
	}
	data, err := spec.Encode(spec.TeamHold{APIVersion: spec.APIVersion, Kind: spec.KindHold,
		Metadata: spec.TeamHoldName{Name: name, Team: t.Team, Environment: t.Env}, Spec: h})
	if err != nil {
		return err
	}
	item.Hold, item.scope = &h, []string{file}
	item.put(file, data)
	return nil
}

func (d *Desk) dropHolds(r *Reader, item *Item, req HoldRequest) error {
	if item.Target.Model == "" {
		return d.dropTeamHolds(r, item, req)
	}
	s, err := r.stateOrNew(item.Target)
	if err != nil {
		return err
	}
	var kept []spec.Hold
	for _, h := range s.Spec.Holds {
		if req.means(h) {
			item.Lifted = append(item.Lifted, h)
		} else {
			kept = append(kept, h)
		}
	}
	if len(item.Lifted) == 0 {
		item.Unchanged = "no such hold in " + item.Target.Env + d.elsewhere(r, item.Target, req)
		return nil
	}
	s.Spec.Holds = kept
	return d.record(item, s)
}

// elsewhere names the environments that have the hold which was looked for here.
func (d *Desk) elsewhere(r *Reader, t spec.Target, req HoldRequest) string {
	states, err := r.states(t)
	if err != nil {
		return ""
	}
	platform, err := r.Platform()
	if err != nil {
		return ""
	}
	for _, env := range platform.Spec.Environments {
		if s := states[env.Name]; s != nil {
			for _, h := range s.state.Spec.Holds {
				if req.means(h) {
					return fmt.Sprintf("; %s has one: modelops unhold %s --env %s", env.Name, t.ModelName(), env.Name)
				}
			}
		}
	}
	return ""
}

func (req HoldRequest) means(h spec.Hold) bool {
	switch {
	case req.Version != "":
		return h.Version == req.Version
	case req.ID != "":
		return h.ID == req.ID
	}
	return true
}

func (d *Desk) dropTeamHolds(r *Reader, item *Item, req HoldRequest) error {
	holds, err := r.teamHolds(item.Target.Team)
	if err != nil {
		return err
	}
	for _, h := range holds {
		if h.Metadata.Environment == item.Target.Env && req.means(h.Spec) {
			file := teamHoldFile(h.Metadata.Team, h.Metadata.Name)
			item.put(file, nil)
			item.scope = append(item.scope, file)
			item.Lifted = append(item.Lifted, h.Spec)
		}
	}
	if len(item.Lifted) == 0 {
		item.Unchanged = "the team has no such hold in " + item.Target.Env
	}
	return nil
}
