// Package policy judges objects by the policies that a platform keeps in its repository: ValidatingAdmissionPolicies, Gatekeeper's
// templates and constraints, and plain Rego. They are strangers' programs: they run without network, environment and files, and
// only so long and so large.
package policy

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/modelops/modelops/internal/parallel"
	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/validate/report"
)

// Dir is the folder where policies lie where no other is named.
const Dir = "policies"

// The checks that the findings belong to.
const (
	idBroken     = "MO900"
	idAdmission  = "MO901"
	idGatekeeper = "MO902"
	idRego       = "MO903"
)

// Policies are what a folder holds, compiled. They may be used by several goroutines.
type Policies struct {
	// Default, where it is set, gives an object as the API server stores it, with its defaults filled in: that is what policies
	// see in a cluster. It must not change its argument.
	Default func(map[string]any) map[string]any
	// Patience is how long one policy may take over one object; beyond it the policy is given up.
	Patience time.Duration

	rules  []rule
	params []*manifest.Object // everything else in the folder: what policies may be parametrized by
	broken []finding.Finding
	gaps   []report.Gap
}

// rule is one policy.
type rule interface {
	// name of it, as findings give it.
	name() string
	// at is where it is written.
	at() finding.Position
	// start makes ready for one run.
	start(ctx context.Context, w *world) (judgement, error)
}

// judgement looks at one subject. Its error says why there is none.
type judgement func(ctx context.Context, s *subject) ([]finding.Finding, error)

// Load reads a folder of policies. A policy that is wrong in itself is a finding of Judge, since the others still count; an
// error is about the folder: one that is not there is fs.ErrNotExist.
func Load(fsys fs.FS, dir string) (*Policies, error) {
	p := &Policies{Patience: 10 * time.Second}
	files, err := p.read(fsys, dir)
	if err != nil {
		return nil, fmt.Errorf("read policies: %w", err)
	}
	p.admission(files.objects)
	p.gatekeeper(files.objects)
	p.plainRego(files.rego)
	p.unread(files.objects)
	return p, nil
}

// Len is how many policies there are.
func (p *Policies) Len() int { return len(p.rules) }

// Judge judges every object, and the pods that workloads would run, by every policy, and says what could not be judged.
func (p *Policies) Judge(ctx context.Context, set *manifest.Set) ([]finding.Finding, []report.Gap) {
	found, gaps := slices.Clone(p.broken), slices.Clone(p.gaps)
	if len(p.rules) == 0 {
		return found, gaps
	}
	w := p.world(set)
	ctx, done := bounded(ctx)
	defer done()
	type outcome struct {
		found []finding.Finding
		gaps  []report.Gap
	}
	outcomes := make([]outcome, len(p.rules))
	parallel.For(len(p.rules), func(i int) { outcomes[i].found, outcomes[i].gaps = p.judge(ctx, w, p.rules[i]) })
	for _, o := range outcomes {
		found, gaps = append(found, o.found...), append(gaps, o.gaps...)
	}
	return found, gaps
}

// judge judges all objects by one policy. A policy that does not come to an end is given up: it would not for the next object.
func (p *Policies) judge(ctx context.Context, w *world, r rule) (found []finding.Finding, gaps []report.Gap) {
	look, err := r.start(ctx, w)
	if err != nil {
		return nil, []report.Gap{{What: r.name(), Why: oneLine(err)}}
	}
	said := map[string]bool{}
	for _, s := range w.subjects {
		if s.beside {
			continue
		}
		own, cancel := context.WithTimeoutCause(ctx, p.Patience, errSlow)
		f, err := look(own, s)
		cause := context.Cause(own)
		cancel()
		found = append(found, f...)
		switch {
		case err == nil:
		case cause != nil:
			return append(found, unfinished(r, s, cause)), append(gaps, report.Gap{What: r.name(), Why: cause.Error()})
		case !said[err.Error()]:
			said[err.Error()] = true
			gaps = append(gaps, report.Gap{What: r.name() + " for " + s.object.Object.String(), Why: err.Error()})
		}
	}
	return found, gaps
}

func unfinished(r rule, s *subject, cause error) finding.Finding {
	return finding.Finding{Check: idBroken, Name: "policy-usable", Severity: finding.Error, At: r.at(), Judge: r.name(),
		Message: fmt.Sprintf("given up over %s: %v; nothing is checked by it", s.object.Object, cause),
		Why:     "What a policy did not judge must not pass for judged.", Fix: "make the policy do less: fewer nested loops, shorter lists"}
}

// unusable notes a policy that is wrong in itself.
func (p *Policies) unusable(name string, at finding.Position, err error) {
	p.broken = append(p.broken, finding.Finding{Check: idBroken, Name: "policy-usable", Severity: finding.Error, At: at, Judge: name, Message: oneLine(err),
		Why: "A policy that does not compile judges nothing, here or in a cluster.", Fix: "correct the policy"})
}

// gap notes what is not checked whatever the objects are.
func (p *Policies) gap(what, why string) {
	p.gaps = append(p.gaps, report.Gap{What: what, Why: why})
}
