package release

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/render"
	"github.com/modelops/modelops/render/build"
	"github.com/modelops/modelops/render/spec"
)

// Plan is what one command changes: decided once, shown, then applied.
type Plan struct {
	// Action is promote, revert, retire, remove, hold or unhold.
	Action string
	// Items are the targets, in their order.
	Items []Item
	// Base is the snapshot that it was decided on.
	Base *gitops.Snapshot
	// Change is the commit; it has no paths where nothing changes.
	Change gitops.Change
}

// Item is the part of a plan that is about one target.
type Item struct {
	Target spec.Target
	Action string
	// From is what the overlay holds now, To what it will hold; From is nil before the first promote, To is nil for
	// holds and removals.
	From, To *spec.Entry
	// FromEnv is the environment that a release is promoted from.
	FromEnv string
	// Unchanged says why nothing is to be done; empty where something is.
	Unchanged string
	// Hold is the hold that is written, Lifted are those that are taken away.
	Hold   *spec.Hold
	Lifted []spec.Hold
	// Skipped are the releases that a revert passed over, and why.
	Skipped []Skipped
	// Edited says that the folder was changed by hand since its release was written.
	Edited bool
	// Edits are the files that were changed by hand.
	Edits []string
	// Notes are facts that the user should know.
	Notes []string
	// Diff is what changes in the built manifests, by object.
	Diff []build.ObjectDiff

	files map[string][]byte
	trees map[string]gitops.Hash
	scope []string
}

// Skipped is a release that a revert did not choose.
type Skipped struct {
	Entry spec.Entry
	Why   string
}

// Changed says whether the plan commits anything.
func (p *Plan) Changed() bool {
	return slices.ContainsFunc(p.Items, func(i Item) bool { return i.Unchanged == "" })
}

// same says whether a plan that was made again is still the one that was shown, and if not, which item was shown.
func (p *Plan) same(shown *Plan) (Item, bool) {
	for i, item := range p.Items {
		was := shown.Items[i]
		if entryID(item.From) != entryID(was.From) || entryID(item.To) != entryID(was.To) ||
			(item.Unchanged == "") != (was.Unchanged == "") {
			return was, false
		}
	}
	return Item{}, true
}

func entryID(e *spec.Entry) string {
	if e == nil {
		return ""
	}
	return e.ID + " " + e.Tree
}

func entryName(e *spec.Entry) string {
	if e == nil {
		return "nothing"
	}
	return e.Version
}

// Planner makes the plan of one request on a snapshot.
type Planner func(ctx context.Context, snap *gitops.Snapshot) (*Plan, error)

// Desk is what every plan needs beside its request and its snapshot.
type Desk struct {
	Repo *gitops.Repo
	// Now is the time that records carry.
	Now time.Time
	// By is who does it, as a Git ident: Name <address>.
	By string
	// Style of the commit's message.
	Style Style
	// Resolve finds an image's digest.
	Resolve Resolver
	// Rand makes change lines; nil takes the system's.
	Rand io.Reader
}

// Resolver turns an image reference into a repository, a digest and the tag that it had.
type Resolver func(ctx context.Context, ref string) (spec.Image, error)

// changeLine is the random word that makes any two changes of one overlay conflict in Git.
func (d *Desk) changeLine() (string, error) {
	r := d.Rand
	if r == nil {
		r = rand.Reader
	}
	b := make([]byte, 8)
	if _, err := io.ReadFull(r, b); err != nil {
		return "", fmt.Errorf("make a change line: %w", err)
	}
	return hex.EncodeToString(b), nil
}

// each plans every target, lists every refusal, and joins what is left into one change.
func (d *Desk) each(r *Reader, action string, targets []spec.Target, plan func(spec.Target) (Item, error)) (*Plan, error) {
	p := &Plan{Action: action, Base: r.snap}
	var refused Refusals
	for _, t := range targets {
		item, err := plan(t)
		switch {
		case err != nil && len(targets) == 1:
			return nil, err
		case err != nil:
			refused = append(refused, err)
		default:
			p.Items = append(p.Items, item)
		}
	}
	if len(refused) > 0 {
		return nil, refused
	}
	p.join()
	return p, nil
}

func (p *Plan) join() {
	p.Change = gitops.Change{Files: map[string][]byte{}, Trees: map[string]gitops.Hash{}}
	for _, i := range p.Items {
		if i.Unchanged != "" {
			continue
		}
		p.Change.Scope = append(p.Change.Scope, i.scope...)
		for path, data := range i.files {
			p.Change.Files[path] = data
		}
		for path, tree := range i.trees {
			p.Change.Trees[path] = tree
		}
	}
}

// replaceFolder notes the files that make a folder hold just these.
func (i *Item) replaceFolder(dir string, before, after render.Files) {
	for name := range before {
		if _, kept := after[name]; !kept {
			i.put(dir+"/"+name, nil)
		}
	}
	for name, data := range after {
		i.put(dir+"/"+name, data)
	}
}

func (i *Item) put(path string, data []byte) {
	if i.files == nil {
		i.files = map[string][]byte{}
	}
	i.files[path] = data
}

// record writes the state as the last part of an item.
func (d *Desk) record(i *Item, s *spec.State) error {
	line, err := d.changeLine()
	if err != nil {
		return err
	}
	s.Spec.Change = line
	data, err := spec.Encode(s)
	if err != nil {
		return err
	}
	i.put(i.Target.StateFile(), append([]byte(stateHeader), data...))
	i.scope = append(i.scope, i.Target.StateFile())
	return nil
}

const stateHeader = "# Written by modelops: the record of this overlay. Change it only through promote, revert, hold and unhold.\n"

func newState(t spec.Target) *spec.State {
	return &spec.State{APIVersion: spec.APIVersion, Kind: spec.KindState, Metadata: t.Names()}
}

// leave moves the current release to the past: with the tree that the folder really has, and the commit that holds it.
func (d *Desk) leave(s *spec.State, now overlayNow, left spec.Leave) {
	if s.Spec.Current == nil {
		return
	}
	e := *s.Spec.Current
	e.Commit = now.commit.String()
	e.Left = &left
	if now.tree.String() != e.Tree {
		e.Edited = true
		e.Tree = now.tree.String()
	}
	s.Spec.Current = nil
	if now.tree.IsZero() {
		return
	}
	s.Spec.Past = append([]spec.Entry{e}, s.Spec.Past...)
	if len(s.Spec.Past) > spec.MaxPast {
		s.Spec.Past = s.Spec.Past[:spec.MaxPast]
	}
}

// overlayNow is an overlay as it stands on the tip.
type overlayNow struct {
	state  *spec.State
	tree   gitops.Hash
	commit gitops.Hash
	files  render.Files
}

func (o overlayNow) edited() bool {
	return o.state.Spec.Current != nil && o.tree.String() != o.state.Spec.Current.Tree
}

// now reads an overlay and its record.
func (r *Reader) now(t spec.Target) (overlayNow, error) {
	o := overlayNow{commit: r.snap.Commit()}
	var err error
	if o.state, err = r.stateOrNew(t); err != nil {
		return o, err
	}
	if o.tree, err = r.snap.Tree(t.Dir()); err != nil {
		return o, err
	}
	if o.files, err = r.Folder(t.Dir()); err != nil {
		return o, err
	}
	if o.state.Spec.Current == nil && !o.tree.IsZero() {
		return o, &RefusedError{Action: "read", Target: t, Why: fmt.Sprintf("the folder %s is there, but %s does not record it", t.Dir(), t.StateFile()),
			Next: []string{"restore the state file from Git, or remove the folder: git log -- " + t.StateFile()}}
	}
	return o, nil
}

// edits names the files by which a folder differs from the tree that its state records.
func (d *Desk) edits(ctx context.Context, r *Reader, t spec.Target, o overlayNow) []string {
	if !o.edited() {
		return nil
	}
	rel, err := r.Release(t)
	if err != nil || rel == nil {
		return []string{t.ReleaseFile()}
	}
	want, err := renderAgain(r, t, rel, o.files)
	if err != nil {
		return nil
	}
	var names []string
	for _, name := range sortedKeys(o.files, want) {
		if string(o.files[name]) != string(want[name]) {
			names = append(names, t.Dir()+"/"+name)
		}
	}
	return names
}

// renderAgain renders an overlay from its own release and patches, as they lie in the folder.
func renderAgain(r *Reader, t spec.Target, rel *spec.Release, folder render.Files) (render.Files, error) {
	std, err := r.Standard(rel.Spec.Standard.Name)
	if err != nil {
		return nil, err
	}
	return render.Overlay(render.OverlayInput{Target: t, Release: rel, Standard: std, Patches: under(folder, "patches/")})
}

func under(files render.Files, prefix string) render.Files {
	out := render.Files{}
	for name, data := range files {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			out[rest] = data
		}
	}
	return out
}

func sortedKeys(maps ...render.Files) []string {
	var names []string
	for _, m := range maps {
		for n := range m {
			names = append(names, n)
		}
	}
	sort.Strings(names)
	return slices.Compact(names)
}
