package cmd

import (
	"strings"

	"github.com/modelops/modelops/render/spec"
)

// nearest is the candidate that somebody who typed word most likely meant; "" when none is near.
func nearest(word string, candidates []string) string {
	best, at := "", len(word)/3+2
	for _, c := range candidates {
		d := spec.Distance(strings.ToLower(word), c)
		if len(word) >= 3 && strings.HasPrefix(c, strings.ToLower(word)) {
			d = 1
		}
		if d < at {
			best, at = c, d
		}
	}
	return best
}

// quote puts a word between quotes for a message; what is in it is escaped where it is shown.
func quote(s string) string { return `"` + s + `"` }
