package isolation

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/render/spec"
)

// crowd is a set of many teams with two models each, all like the vision team.
func crowd(b *testing.B, teams int) *manifest.Set {
	b.Helper()
	from := unbroken()
	set := &manifest.Set{Platform: from.Platform, Teams: map[string]*spec.Team{}, Whole: true}
	for i := range teams {
		name := fmt.Sprintf("vision%d", i)
		set.Teams[name] = from.Teams["vision"]
		for _, u := range from.Units {
			if strings.HasPrefix(u.Path, tenant) || u.Path == resnet || u.Path == detect {
				set.Units = append(set.Units, renamed(b, u, name))
			}
		}
	}
	return set
}

func renamed(b *testing.B, u *manifest.Unit, team string) *manifest.Unit {
	b.Helper()
	out := *u
	out.Target.Team, out.Path, out.Objects = team, strings.Replace(u.Path, "vision", team, 1), nil
	for _, o := range u.Objects {
		c := *o
		data, err := json.Marshal(o.Content)
		if err != nil {
			b.Fatal(err)
		}
		if err := json.Unmarshal([]byte(strings.ReplaceAll(string(data), "vision", team)), &c.Content); err != nil {
			b.Fatal(err)
		}
		c.Name, c.Namespace, c.Unit = strings.ReplaceAll(o.Name, "vision", team), strings.ReplaceAll(o.Namespace, "vision", team), &out
		out.Objects = append(out.Objects, &c)
	}
	return &out
}

// BenchmarkJudge judges a thousand overlays of five hundred teams.
func BenchmarkJudge(b *testing.B) {
	set := crowd(b, 500)
	for b.Loop() {
		if found, _ := Judge(set); len(found) > 0 {
			b.Fatalf("%d findings, the first: %+v", len(found), found[0])
		}
	}
}

// BenchmarkReachability computes who reaches whom among as many.
func BenchmarkReachability(b *testing.B) {
	set := crowd(b, 500)
	for b.Loop() {
		if m := Reachability(set); len(m.Connections) < 1000 {
			b.Fatalf("%d connections", len(m.Connections))
		}
	}
}
