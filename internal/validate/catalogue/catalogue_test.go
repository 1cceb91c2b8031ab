package catalogue_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/modelops/modelops/internal/validate/catalogue"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/validate/source"
	"github.com/modelops/modelops/render/spec"
)

// TestExamples runs every check on its examples. A comment with the check's id marks each line on which it finds
// something, as often as it finds something there; the first line stands for the whole file.
func TestExamples(t *testing.T) {
	for _, c := range catalogue.All() {
		t.Run(c.ID, func(t *testing.T) {
			failing, passing := 0, 0
			for _, path := range examples(t, c.ID) {
				t.Run(filepath.Base(path), func(t *testing.T) {
					e := read(t, path)
					if diff := cmp.Diff(e.marked(c.ID), e.found(t, c)); diff != "" {
						t.Errorf("-want +got:\n%s", diff)
					}
					if len(e.marked(c.ID)) > 0 {
						failing++
					} else {
						passing++
					}
				})
			}
			if failing == 0 || passing == 0 {
				t.Errorf("%d examples that fail, %d that pass: there must be one of each", failing, passing)
			}
		})
	}
}

// examples of a check: files, or folders.
func examples(t *testing.T, id string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", id, "*"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no examples", err)
	}
	return paths
}

// example is a set with the text of its files.
type example struct {
	set   *manifest.Set
	texts map[string]string
	files []string
	// called are the names that findings give to files which have another one here.
	called map[string]string
}

// read makes a set of an example: every file is a unit, but for those of a folder that have a meaning there.
//
//	modelops.yaml                     the platform
//	release.yaml                      all manifests are one overlay of this release
//	before.yaml                       what all units built before
//	state-ENV.yaml                    the state of the release's model in an environment
//	before-state-ENV.yaml             what that state was
//	hold.yaml                         a hold of the team
//	first line `# unit: tenant T E`   the file is the tenant of a team in an environment
func read(t *testing.T, path string) *example {
	t.Helper()
	e := &example{texts: map[string]string{}, called: map[string]string{},
		set: &manifest.Set{Whole: true, States: map[string]*spec.State{}, Now: time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)}}
	e.files = []string{path}
	if info, err := os.Stat(path); err != nil {
		t.Fatal(err)
	} else if info.IsDir() {
		e.files, _ = filepath.Glob(filepath.Join(path, "*.yaml"))
	}
	var release *spec.Release
	var before []*manifest.Object
	for _, file := range e.files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		e.texts[file] = string(data)
		switch base := filepath.Base(file); {
		case base == "modelops.yaml":
			e.set.Platform = must(spec.DecodePlatform(file, data))(t)
		case base == "release.yaml":
			release = &spec.Release{}
			if err := yaml.Unmarshal(data, release); err != nil {
				t.Fatal(err)
			}
		case base == "before.yaml":
			before = must(source.Manifests(file, data))(t)
		case base == "hold.yaml":
			e.set.TeamHolds = append(e.set.TeamHolds, must(spec.DecodeTeamHold(file, data))(t))
		case strings.HasPrefix(base, "before-state-"):
			s := must(spec.DecodeState(file, data))(t)
			e.set.StatesBefore = map[string]*spec.State{s.Metadata.Target().String(): s}
		case strings.HasPrefix(base, "state-"):
			s := must(spec.DecodeState(file, data))(t)
			e.set.States[s.Metadata.Target().String()] = s
			e.called[s.Metadata.Target().StateFile()] = file
		default:
			e.add(&manifest.Unit{Kind: manifest.File, Path: file, Objects: must(source.Manifests(file, data))(t)}, string(data))
		}
	}
	if release != nil {
		e.overlay(release)
	}
	for _, u := range e.set.Units {
		u.Before = before
	}
	return e
}

func (e *example) add(u *manifest.Unit, text string) {
	if words := strings.Fields(strings.SplitN(text, "\n", 2)[0]); len(words) == 5 && words[1] == "unit:" {
		u.Kind, u.Target = manifest.Kind(words[2]), spec.Target{Team: words[3], Env: words[4]}
	}
	u.Own(u.Objects)
	e.set.Units = append(e.set.Units, u)
}

// overlay makes one unit of all.
func (e *example) overlay(r *spec.Release) {
	u := &manifest.Unit{Kind: manifest.Overlay, Path: r.Metadata.Target().Dir(), Target: r.Metadata.Target(), Release: r}
	for _, file := range e.set.Units {
		for _, o := range file.Objects {
			o.Unit = u
			u.Objects = append(u.Objects, o)
		}
	}
	e.set.Units = []*manifest.Unit{u}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// marked are the places that the example's comments name.
func (e *example) marked(id string) []string {
	var out []string
	for _, file := range e.files {
		for i, line := range strings.Split(e.texts[file], "\n") {
			for range strings.Count(line, "# "+id) {
				out = append(out, fmt.Sprintf("%s:%d", file, i+1))
			}
		}
	}
	slices.Sort(out)
	return out
}

// found are the places at which the check finds something.
func (e *example) found(t *testing.T, c *catalogue.Check) []string {
	t.Helper()
	var out []string
	for _, f := range c.Run(e.set) {
		file := f.At.File
		if e.called[file] != "" {
			file = e.called[file]
		}
		out = append(out, fmt.Sprintf("%s:%d", file, max(1, f.At.Line)))
		if f.Message == "" || f.Fix == "" || f.Check != c.ID {
			t.Errorf("a finding without words: %+v", f)
		}
		t.Logf("%s:%d %s: %s [%s] (%s)", file, f.At.Line, f.Severity, f.Message, f.Field, f.Fix)
	}
	slices.Sort(out)
	return out
}
