package corpus

import (
	"fmt"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/validate/schema"
	"github.com/modelops/modelops/internal/validate/server"
	"github.com/modelops/modelops/internal/validate/source"
	"github.com/modelops/modelops/internal/validate/traps"
)

// Verdict is what somebody says of a manifest.
type Verdict struct {
	// Passed says that it is taken.
	Passed bool
	// Judged is false where it passed because nobody looked.
	Judged bool
	// Why it is refused, or who did not look.
	Why string
}

// Offline is the verdict of the layers that copy the API server. A deprecated version is a warning there too.
func Offline(c Case, target server.Version) (Verdict, error) {
	setup, err := unit("setup.yaml", Setup())
	if err != nil {
		return Verdict{}, err
	}
	found := traps.File(c.Name, []byte(c.Text))
	u, err := unit(c.Name, c.Text)
	if err != nil {
		// What cannot be parsed is refused, as it is by whoever sends it.
		return Verdict{Judged: true, Why: err.Error()}, nil
	}
	set := &manifest.Set{Units: []*manifest.Unit{setup, u}}
	options := server.Options{Target: target}
	more, skipped := server.Judge(set, options)
	found = append(found, more...)
	more, left := schema.Judge(set, schema.Options{Builtin: server.Builtin})
	found, skipped = append(found, more...), append(skipped, left...)
	if u.Objects[0].Kind == "Pod" {
		// A cluster looks at the pods of workloads only when it makes them.
		more, _ := server.PodSecurity(set, options)
		found = append(found, more...)
	}
	for _, f := range found {
		if f.Severity == finding.Error {
			return Verdict{Judged: true, Why: fmt.Sprintf("%s %s: %s", f.Check, f.Field, f.Message)}, nil
		}
	}
	v := Verdict{Passed: true, Judged: len(skipped) == 0}
	for _, s := range skipped {
		v.Why += fmt.Sprintf("%s: %s; ", s.Field, s.Reason)
	}
	return v, nil
}

func unit(file, text string) (*manifest.Unit, error) {
	objects, err := source.Manifests(file, []byte(text))
	if err != nil {
		return nil, err
	}
	if len(objects) == 0 {
		return nil, fmt.Errorf("%s: no object", file)
	}
	u := &manifest.Unit{Kind: manifest.File, Path: file, Objects: objects}
	u.Own(objects)
	return u, nil
}
