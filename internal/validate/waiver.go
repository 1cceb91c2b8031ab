package validate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/validate/report"
)

// WaiverAnnotation is the beginning of the annotation that accepts a check's findings in an object; the check's id follows.
// Its value is a reason, and, after a semicolon, until=2006-01-02.
const WaiverAnnotation = "modelops.dev/ignore."

// waiver accepts the findings of one check in one object.
type waiver struct {
	reason, until string
}

// waive sets the findings that somebody accepted apart from those that count. A waiver that is not right is a finding
// itself, and accepts nothing.
func waive(found []finding.Finding, set *manifest.Set, o Options) (left []finding.Finding, waived []report.Waived) {
	if o.NoWaivers {
		return found, nil
	}
	waivers := map[finding.Object]map[string]waiver{}
	set.Objects(func(obj *manifest.Object) {
		given := annotated(obj)
		for _, id := range slices.Sorted(maps.Keys(given)) {
			w, err := parseWaiver(given[id], o.Now)
			if err != nil {
				if f := badWaiver(obj, id, err); !o.unwanted(f) && !obj.Unit.Context {
					left = append(left, f)
				}
				continue
			}
			if waivers[obj.Object] == nil {
				waivers[obj.Object] = map[string]waiver{}
			}
			waivers[obj.Object][id] = w
		}
	})
	for _, f := range found {
		if w, ok := waivers[f.Object][f.Check]; ok && f.Object.Kind != "" {
			waived = append(waived, report.Waived{Finding: f, Reason: w.reason, Until: w.until})
		} else {
			left = append(left, f)
		}
	}
	return left, waived
}

// annotated are the waivers of an object, by check.
func annotated(o *manifest.Object) map[string]string {
	out := map[string]string{}
	annotations, _ := o.At("metadata", "annotations").(map[string]any)
	for key, v := range annotations {
		if id, ok := strings.CutPrefix(key, WaiverAnnotation); ok {
			out[id], _ = v.(string)
		}
	}
	return out
}

func parseWaiver(text string, now time.Time) (waiver, error) {
	var w waiver
	for i, part := range strings.Split(text, ";") {
		part = strings.TrimSpace(part)
		until, isUntil := strings.CutPrefix(part, "until=")
		switch {
		case isUntil:
			w.until = until
		case i == 0:
			w.reason = part
		case part != "":
			return w, fmt.Errorf("%q is not until=YYYY-MM-DD", part)
		}
	}
	if w.reason == "" {
		return w, fmt.Errorf("it gives no reason")
	}
	if w.until == "" {
		return w, nil
	}
	end, err := time.Parse(time.DateOnly, w.until)
	switch {
	case err != nil:
		return w, fmt.Errorf("until=%s is no date such as 2027-01-31", w.until)
	case !now.Before(end.AddDate(0, 0, 1)):
		return w, fmt.Errorf("it ended on %s", w.until)
	}
	return w, nil
}

func badWaiver(o *manifest.Object, id string, err error) finding.Finding {
	path := []any{"metadata", "annotations", WaiverAnnotation + id}
	return finding.Finding{Check: "MO008", Name: "waiver", Severity: finding.Error, Object: o.Object, Field: manifest.Field(path...),
		At: o.Source.Position(path...), Message: fmt.Sprintf("the waiver of %s does not count: %v", id, err),
		Why: "A waiver without a reason or an end that is past is nobody's decision any more.",
		Fix: fmt.Sprintf("write %s%s: \"REASON; until=YYYY-MM-DD\", or take it away", WaiverAnnotation, id)}
}
