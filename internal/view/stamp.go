package view

import (
	"strings"
	"time"
)

// stamp is a time as JSON carries it; "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// day shortens a stamp to what a person reads: date and minutes.
func day(s string) string {
	if len(s) < 16 {
		return s
	}
	return strings.Replace(s[:16], "T", " ", 1)
}

// digest shortens an image digest to what tells two apart.
func digest(s string) string {
	if len(s) > 19 && strings.HasPrefix(s, "sha256:") {
		return s[:19]
	}
	return s
}

// commit shortens a commit's id.
func commit(s string) string {
	if len(s) > 10 {
		return s[:10]
	}
	return s
}

// who shortens "Name <address>" to the name.
func who(s string) string {
	if name, _, ok := strings.Cut(s, " <"); ok && name != "" {
		return name
	}
	return s
}
