package manifest

import (
	"fmt"
	"strings"
)

// Field writes a path as the API server does: spec.containers[0].image, metadata.labels[app.kubernetes.io/name].
func Field(path ...any) string {
	var b strings.Builder
	for _, p := range path {
		switch step := p.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", step)
		case string:
			switch {
			case strings.ContainsAny(step, "./"):
				fmt.Fprintf(&b, "[%s]", step)
			case b.Len() == 0:
				b.WriteString(step)
			default:
				b.WriteString("." + step)
			}
		}
	}
	return b.String()
}
