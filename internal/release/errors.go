package release

import (
	"errors"
	"fmt"
	"strings"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/render/check"
	"github.com/modelops/modelops/render/spec"
)

// UsageError says that a request does not fit the repository: an unknown model or environment, a missing version.
type UsageError struct {
	// What was asked for, and why it cannot be.
	Message string
	// Next are commands or facts that help.
	Next []string
}

func (e *UsageError) Error() string { return e.Message }

// Hints are what to do next.
func (e *UsageError) Hints() []string { return e.Next }

// HeldError says that a hold refuses a release.
type HeldError struct {
	Action, Version string
	Target          spec.Target
	// Where the hold is written: an environment, or a file of the team.
	Where string
	Hold  spec.Hold
}

func (e *HeldError) Error() string {
	what := "version " + e.Version + " is held"
	if e.Hold.Version == "" && e.Hold.ID != "" {
		what = fmt.Sprintf("release %s of version %s is held", e.Hold.ID, e.Version)
	}
	if e.Hold.Version == "" && e.Hold.ID == "" && e.Hold.Image == "" && e.Hold.Artifact == "" {
		what = "everything is held"
	}
	return fmt.Sprintf("%s %s in %s: %s (in %s)\nheld %s", e.Action, e.Target.ModelName(), e.Target.Env, what, e.Where, HoldText(e.Hold))
}

// Hints name the command that takes the hold away.
func (e *HeldError) Hints() []string {
	flag := ""
	switch {
	case e.Hold.Version != "":
		flag = " --version " + e.Hold.Version
	case e.Hold.ID != "":
		flag = " --id " + e.Hold.ID
	}
	who := e.Target.ModelName()
	env := e.Where
	if strings.HasPrefix(e.Where, "tenants/") {
		who, env = e.Target.Team, e.Target.Env
	}
	hints := []string{fmt.Sprintf("modelops unhold %s --env %s%s --reason \"...\"", who, env, flag)}
	if e.Action == spec.ActionRevert {
		hints = append(hints, "--override-hold reverts to it all the same")
	}
	return hints
}

// HoldText says in words by whom, since when, until when and why something is held.
func HoldText(h spec.Hold) string {
	s := ""
	if h.By != "" {
		s = "by " + h.By + " "
	}
	s += "since " + h.At.Format("2006-01-02")
	if h.Until != nil {
		s += " until " + h.Until.Format("2006-01-02 15:04 MST")
	}
	return s + ": " + h.Reason
}

// RefusedError says that a rule of the platform or of the tool refuses the change.
type RefusedError struct {
	Action string
	Target spec.Target
	Why    string
	Next   []string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s %s in %s: %s", e.Action, e.Target.ModelName(), e.Target.Env, e.Why)
}

// Hints are what to do next.
func (e *RefusedError) Hints() []string { return e.Next }

// PolicyError says that what the plan builds is not allowed.
type PolicyError struct {
	Action   string
	Target   spec.Target
	Findings []check.Finding
}

func (e *PolicyError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s in %s: what it builds is refused", e.Action, e.Target.ModelName(), e.Target.Env)
	for _, f := range e.Findings {
		fmt.Fprintf(&b, "\n%s: %s: %s", f.Rule, strings.TrimSuffix(f.Object+" "+f.Path, " "), f.Message)
	}
	return b.String()
}

// Hints are the findings' fixes.
func (e *PolicyError) Hints() []string {
	var out []string
	for _, f := range e.Findings {
		if f.Fix != "" {
			out = append(out, f.Fix)
		}
	}
	return out
}

// Refusals are the errors of several targets: all of them are listed, and nothing is done.
type Refusals []error

func (r Refusals) Error() string {
	lines := make([]string, len(r))
	for i, e := range r {
		lines[i] = e.Error()
	}
	return fmt.Sprintf("%d of the models are refused, so nothing is done:\n%s", len(r), strings.Join(lines, "\n"))
}

// Unwrap lists the errors.
func (r Refusals) Unwrap() []error { return r }

// LinkError says that the tree of an earlier release cannot be trusted, or not be found.
type LinkError struct {
	Target spec.Target
	Entry  spec.Entry
	// Forged is true where the record contradicts the repository, rather than naming something that is gone.
	Forged bool
	Why    string
}

func (e *LinkError) Error() string {
	return fmt.Sprintf("revert %s in %s to %s: the recorded tree %.10s cannot be used: %s",
		e.Target.ModelName(), e.Target.Env, e.Entry.Version, e.Entry.Tree, e.Why)
}

// Hints name the ways around the record.
func (e *LinkError) Hints() []string {
	return []string{
		fmt.Sprintf("modelops history %s --env %s", e.Target.ModelName(), e.Target.Env),
		fmt.Sprintf("modelops revert %s --env %s --to-commit SHA --reason \"...\"", e.Target.ModelName(), e.Target.Env),
	}
}

// ContendedError says that a plan was no longer the one that was shown when its turn to be pushed came.
type ContendedError struct {
	Action string
	Target spec.Target
	// Was and Is are the release that the plan left when it was shown, and that is there now.
	Was, Is string
	// By whom and in which commit it changed, where that is known.
	By     string
	Commit gitops.Hash
	// Cause is the refusal that the new plan met, if any.
	Cause error
}

func (e *ContendedError) Error() string {
	s := fmt.Sprintf("%s %s in %s: changed meanwhile", e.Action, e.Target.ModelName(), e.Target.Env)
	if e.Was != e.Is {
		s += fmt.Sprintf(" from %s to %s", e.Was, e.Is)
	}
	if e.By != "" {
		s += " by " + e.By
	}
	if !e.Commit.IsZero() {
		s += fmt.Sprintf(" in %.10s", e.Commit)
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s + "\nnothing was pushed"
}

// Unwrap is the refusal behind it.
func (e *ContendedError) Unwrap() error { return e.Cause }

// Hints show what happened.
func (e *ContendedError) Hints() []string {
	return []string{fmt.Sprintf("modelops history %s --env %s", e.Target.ModelName(), e.Target.Env)}
}

// BusyError says that trying again has not helped: other writers kept winning, a lock stayed, or the server could not be
// reached.
type BusyError struct {
	Branch   string
	Attempts int
	// Last is how the last attempt ended.
	Last error
	// Unsure says that an attempt may have arrived, or may arrive yet.
	Unsure bool
}

func (e *BusyError) Error() string {
	s := fmt.Sprintf("push to %s: given up after %s: %v", e.Branch, attempts(e.Attempts), e.Last)
	switch {
	case e.Unsure:
		return s + "\nwhether an attempt arrived is not certain, and running the command again is safe"
	case gitops.InPush(e.Last):
		return s
	}
	return s + "\nnothing was pushed"
}

func attempts(n int) string {
	if n == 1 {
		return "one attempt"
	}
	return fmt.Sprintf("%d attempts", n)
}

// Unwrap is how the last attempt ended.
func (e *BusyError) Unwrap() error { return e.Last }

// Hints say how to go on.
func (e *BusyError) Hints() []string {
	var locked *gitops.LockedError
	var rejected *gitops.RejectedError
	if errors.As(e.Last, &locked) || errors.As(e.Last, &rejected) {
		return []string{"a program that was killed may have left the lock: remove the file where it lies, then run the command again"}
	}
	return []string{"run the command again, or give it more --timeout"}
}
