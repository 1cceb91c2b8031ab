package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"

	"github.com/modelops/modelops/internal/validate/finding"
)

// Fingerprints gives each finding a mark that stays the same when lines move, so that a platform shows it once and knows it again.
// It is made of who says it about what, not of the message, whose figures may change; equal ones are counted.
func Fingerprints(all []finding.Finding) []string {
	seen := map[string]int{}
	marks := make([]string, len(all))
	for i, f := range all {
		about := fmt.Sprintf("%q", []string{f.Object.APIVersion, f.Object.Kind, f.Object.Namespace, f.Object.Name, f.Field})
		if f.Object.Kind == "" {
			about = fmt.Sprintf("%q", f.At.File)
		}
		key := fmt.Sprintf("%q %q %s", f.Check, f.Judge, about)
		seen[key]++
		sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", key, seen[key]))
		marks[i] = hex.EncodeToString(sum[:16])
	}
	return marks
}

// pages is where the documentation of the checks is read.
const pages = "https://github.com/modelops/modelops/blob/main/docs/checks/"

var ours = regexp.MustCompile(`^MO[0-9]{3}$`)

// Page is the address of the page about a check; empty where there is none.
func Page(check string) string {
	if !ours.MatchString(check) {
		return ""
	}
	return pages + check + ".md"
}
