package gitops

import "github.com/modelops/modelops/gitops/giterr"

// Sanitize makes text from elsewhere safe to print on a terminal: control and direction characters become visible
// escapes, invalid UTF-8 is replaced; line ends and tabs stay.
func Sanitize(s string) string { return giterr.Sanitize(s) }

// Redact returns a remote's URL without user, password, query and fragment.
func Redact(raw string) string { return giterr.Redact(raw) }
