package workspace

import "fmt"

// NoPlatformError says that there is no modelops.yaml.
type NoPlatformError struct {
	// Where was looked: a folder or a commit.
	Where string
}

func (e *NoPlatformError) Error() string {
	return fmt.Sprintf("%s: no %s, so this is no deployment repository", e.Where, PlatformFile)
}

// Hints say how to start one.
func (e *NoPlatformError) Hints() []string {
	return []string{"modelops init starts one; --repo PATH names another folder"}
}

// SelectorError says that a selector is malformed or matches nothing.
type SelectorError struct {
	Selector string
	Why      string
	Next     []string
}

func (e *SelectorError) Error() string { return fmt.Sprintf("selector %q: %s", e.Selector, e.Why) }

// Hints name what is there.
func (e *SelectorError) Hints() []string { return e.Next }

// UnsafeError says that a path is not a plain file or folder inside the work tree.
type UnsafeError struct{ Path, Why string }

func (e *UnsafeError) Error() string { return fmt.Sprintf("write %s: %s", e.Path, e.Why) }
