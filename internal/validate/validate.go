// Package validate runs every layer of validation over what was read, and says what they found, what somebody accepted,
// and what nobody looked at.
package validate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/modelops/modelops/internal/parallel"
	"github.com/modelops/modelops/internal/validate/catalogue"
	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/isolation"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/validate/policy"
	"github.com/modelops/modelops/internal/validate/report"
	"github.com/modelops/modelops/internal/validate/schema"
	"github.com/modelops/modelops/internal/validate/server"
	"github.com/modelops/modelops/internal/validate/source"
)

// Options say how to validate.
type Options struct {
	// Only are the ids of the checks whose findings count, Skip those whose do not; no Only means all.
	Only, Skip []string
	// Target is the version of the cluster; the newest that is known where it is zero.
	Target server.Version
	// Schemas of custom resources; those that are carried along where it is nil.
	Schemas *schema.Library
	// Policies of the platform's own; nil where there are none.
	Policies *policy.Policies
	// NoWaivers counts what was waived like everything else.
	NoWaivers bool
	// Now is the time by which waivers end.
	Now time.Time
}

// layer is one judge.
type layer struct {
	name, version string
	judge         func(*manifest.Set) ([]finding.Finding, []report.Gap)
}

// layers in the order in which reports name them.
func (o Options) layers(ctx context.Context) []layer {
	target := o.Target
	if target == 0 {
		target = server.Newest
	}
	kubernetes := server.Options{Target: target}
	list := []layer{
		{"API server", fmt.Sprintf("of Kubernetes %s, by the code of %s", target, server.Linked), func(set *manifest.Set) ([]finding.Finding, []report.Gap) {
			found, skipped := server.Judge(set, kubernetes)
			return found, gaps(skipped)
		}},
		{"Pod Security", "of Kubernetes " + target.String(), func(set *manifest.Set) ([]finding.Finding, []report.Gap) {
			found, skipped := server.PodSecurity(set, kubernetes)
			return found, gaps(skipped)
		}},
		{"custom resources", "", func(set *manifest.Set) ([]finding.Finding, []report.Gap) {
			found, skipped := schema.Judge(set, schema.Options{Library: o.Schemas, Builtin: server.Builtin})
			return found, gaps(skipped)
		}},
		{"modelops checks", "", checks},
		{"isolation", "", isolation.Judge},
	}
	if o.Policies != nil {
		list = append(list, layer{"policies", "", func(set *manifest.Set) ([]finding.Finding, []report.Gap) { return o.Policies.Judge(ctx, set) }})
	}
	return list
}

// gaps says once of each kind of thing that was skipped what it is and where it was seen first.
func gaps(skipped []finding.Skipped) []report.Gap {
	type kind struct{ apiVersion, kind, field, reason string }
	var order []kind
	first, count := map[kind]finding.Skipped{}, map[kind]int{}
	slices.SortFunc(skipped, finding.CompareSkipped)
	for _, s := range skipped {
		k := kind{s.Object.APIVersion, s.Object.Kind, s.Field, s.Reason}
		if count[k]++; count[k] == 1 {
			order, first[k] = append(order, k), s
		}
	}
	var out []report.Gap
	for _, k := range order {
		what := strings.TrimSpace(first[k].Object.String() + " " + k.field)
		if first[k].At.File != "" {
			what += " (" + first[k].At.String() + ")"
		}
		if n := count[k] - 1; n > 0 {
			what += fmt.Sprintf(" and %d more of its kind", n)
		}
		out = append(out, report.Gap{What: what, Why: k.reason})
	}
	return out
}

// checks runs our own, each by itself.
func checks(set *manifest.Set) ([]finding.Finding, []report.Gap) {
	all := catalogue.All()
	found := make([][]finding.Finding, len(all))
	parallel.For(len(all), func(i int) {
		found[i] = guarded(all[i].ID, all[i].Name, func() []finding.Finding { return all[i].Run(set) })
	})
	return slices.Concat(found...), nil
}

// Run judges what was read, and then what would be there once everything that waits in the specs is promoted. Its error is
// only that of ctx.
func Run(ctx context.Context, read *source.Result, o Options) (*report.Report, error) {
	r := &report.Report{NotChecked: read.Gaps, Files: read.Files}
	r.Findings = slices.DeleteFunc(slices.Clone(read.Findings), o.unwanted)
	for _, set := range []*manifest.Set{read.Set, read.Pending} {
		if set == nil {
			continue
		}
		pending := set == read.Pending
		counted(r, set, pending)
		if err := o.judge(ctx, r, set, pending); err != nil {
			return nil, err
		}
	}
	for _, l := range o.layers(ctx) {
		r.Checked = append(r.Checked, report.Judge{Name: l.name, Version: l.version, Objects: r.Objects})
	}
	finding.Sort(r.Findings)
	return r, ctx.Err()
}

// counted adds what is judged of a set.
func counted(r *report.Report, set *manifest.Set, pending bool) {
	for _, u := range set.Units {
		switch {
		case !u.Context:
			r.Units, r.Objects = r.Units+1, r.Objects+len(u.Objects)
		case !pending:
			r.Beside++
		}
		if u.Pending {
			r.Pending++
		}
	}
}

// judge adds what every layer says of a set. Of what is pending only that is said which is not so already.
func (o Options) judge(ctx context.Context, r *report.Report, set *manifest.Set, pending bool) error {
	layers := o.layers(ctx)
	said := make([][]finding.Finding, len(layers))
	gaps := make([][]report.Gap, len(layers))
	parallel.For(len(layers), func(i int) {
		if l := layers[i]; ctx.Err() == nil {
			said[i] = guarded("MO000", l.name, func() (out []finding.Finding) {
				out, gaps[i] = l.judge(set)
				return out
			})
		}
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	found := slices.Concat(said...)
	for _, g := range slices.Concat(gaps...) {
		if !pending || !slices.Contains(r.NotChecked, g) {
			r.NotChecked = append(r.NotChecked, g)
		}
	}
	beside := besides(set)
	found = slices.DeleteFunc(found, func(f finding.Finding) bool { return o.unwanted(f) || beside.only(f) })
	found, waived := waive(distinct(found), set, o)
	if pending {
		found, waived = awaited(r, found, waived)
	}
	r.Findings, r.Waived = distinct(append(r.Findings, found...)), append(r.Waived, waived...)
	return nil
}

// awaited marks findings about what is pending, and leaves out what is found, or waived, in what is there as well.
func awaited(r *report.Report, found []finding.Finding, waived []report.Waived) ([]finding.Finding, []report.Waived) {
	known := map[same]bool{}
	for _, f := range r.Findings {
		known[sameAs(f)] = true
	}
	for _, w := range r.Waived {
		known[sameAs(w.Finding)] = true
	}
	found = slices.DeleteFunc(found, func(f finding.Finding) bool { return known[sameAs(f)] })
	waived = slices.DeleteFunc(waived, func(w report.Waived) bool { return known[sameAs(w.Finding)] })
	for i := range found {
		found[i].Pending = true
	}
	for i := range waived {
		waived[i].Pending = true
	}
	return found, waived
}

func (o Options) unwanted(f finding.Finding) bool {
	return len(o.Only) > 0 && !slices.Contains(o.Only, f.Check) || slices.Contains(o.Skip, f.Check)
}

// bystanders are the objects that were only read because others are judged beside them, with the folder of their own: of an
// overlay that is the model's, where its fields are written.
type bystanders map[finding.Object]string

func besides(set *manifest.Set) bystanders {
	out := bystanders{}
	for _, u := range set.Units {
		if !u.Context {
			continue
		}
		dir := u.Path
		if u.Kind == manifest.Overlay {
			dir = u.Target.ModelDir()
		}
		for _, o := range u.Objects {
			out[o.Object] = dir
		}
	}
	return out
}

// only says that a finding is about such an object and about nothing else: one that a change of another object brought
// names a place where that, or their common bound, is written.
func (b bystanders) only(f finding.Finding) bool {
	dir, ok := b[f.Object]
	return ok && (f.At.File == dir || strings.HasPrefix(f.At.File, dir+"/"))
}

// guarded makes a finding of a judge that breaks down over what it sees: what it could not judge must not pass.
func guarded(id, name string, judge func() []finding.Finding) (found []finding.Finding) {
	defer func() {
		if p := recover(); p != nil {
			found = []finding.Finding{{Check: id, Name: name, Severity: finding.Error, Message: fmt.Sprintf("the check broke down: %v", p),
				Why: "What it did not look at may be wrong.", Fix: "please report this with the manifest; --skip " + id + " goes on without it"}}
		}
	}()
	return judge()
}

// same is what two findings have in common that say one thing.
type same struct {
	check, field, message string
	object                finding.Object
	at                    finding.Position
}

func sameAs(f finding.Finding) same {
	key := same{f.Check, f.Field, f.Message, f.Object, f.At}
	if ofServer[f.Check] && f.Field != "" {
		key.check, key.message = "", ""
	}
	return key
}

// distinct keeps each finding once, and of two judges that copy the API server's word about one field the one that says
// more.
func distinct(all []finding.Finding) []finding.Finding {
	finding.Sort(all)
	seen := map[same]int{}
	var out []finding.Finding
	for _, f := range all {
		key := sameAs(f)
		at, twice := seen[key]
		switch {
		case !twice:
			seen[key] = len(out)
			out = append(out, f)
		case f.Severity == out[at].Severity && len(f.Message) > len(out[at].Message):
			out[at] = f
		}
	}
	return out
}

// ofServer are the checks that say what the API server would.
var ofServer = map[string]bool{"MO002": true, "MO003": true, "MO005": true}
