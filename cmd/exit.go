package cmd

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/modelops/modelops/argocd"
	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/internal/hook"
	"github.com/modelops/modelops/internal/registry"
	"github.com/modelops/modelops/internal/release"
	"github.com/modelops/modelops/internal/validate/source"
	"github.com/modelops/modelops/internal/view"
	"github.com/modelops/modelops/internal/workspace"
	"github.com/modelops/modelops/render/spec"
	"github.com/modelops/modelops/render/standard"
)

// The exit codes. They are part of the interface: docs/exit-codes.md describes them, and a code never changes its meaning.
const (
	exitDone        = 0
	exitUnexpected  = 1
	exitUsage       = 2
	exitFindings    = 3
	exitRefused     = 4
	exitConflict    = 5
	exitSync        = 6
	exitTimeout     = 7
	exitTransport   = 8
	exitInterrupted = 130
)

// exitMeaning is what help says of each code.
var exitMeaning = map[int]string{
	exitDone:        "done, or nothing to do",
	exitUnexpected:  "unexpected error",
	exitUsage:       "wrong usage, or a spec that is not valid",
	exitFindings:    "findings, edits or drift",
	exitRefused:     "refused: a hold, the order of environments, a policy, a protected branch",
	exitConflict:    "conflict: changed meanwhile, superseded, or contention not resolved",
	exitSync:        "the sync failed, or the workload is degraded",
	exitTimeout:     "timed out before it was proven",
	exitTransport:   "transport or authentication failed",
	exitInterrupted: "interrupted",
}

// rule is one line of the table from errors to exits.
type rule struct {
	kind  string
	code  int
	match func(error) bool
	hints []string
}

// is matches an error of a type anywhere in the chain.
func is[T error]() func(error) bool {
	return func(err error) bool {
		var t T
		return errors.As(err, &t)
	}
}

// both matches an error that is one thing because of another.
func both(a, b func(error) bool) func(error) bool {
	return func(err error) bool { return a(err) && b(err) }
}

// same matches one error value.
func same(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

// rejected matches a push that was refused for one of these reasons.
func rejected(classes ...string) func(error) bool {
	return func(err error) bool {
		var r *gitops.RejectedError
		return errors.As(err, &r) && slices.Contains(classes, r.Class)
	}
}

// table is the only place that decides what an error means to the caller. The first line that matches counts, so what
// wraps others stands before them.
func table() []rule {
	return []rule{
		{"interrupted", exitInterrupted, is[*interruptedError](), nil},
		{"contended", exitConflict, is[*release.ContendedError](), nil},
		{"git-unreachable", exitTransport, both(is[*release.BusyError](), is[*gitops.TransportError]()), nil},
		{"busy", exitConflict, is[*release.BusyError](), nil},
		{"superseded", exitConflict, is[*argocd.SupersededError](), nil},
		{"sync-failed", exitSync, is[*argocd.FailedError](), nil},
		{"timeout", exitTimeout, is[*argocd.TimeoutError](), nil},
		{"argocd-unreachable", exitTransport, is[*argocd.UnavailableError](), []string{"modelops doctor checks the connection to Argo CD"}},
		{"argocd-authentication", exitTransport, is[*argocd.AuthError](), []string{"argocd login SERVER, or set ARGOCD_AUTH_TOKEN"}},
		{"argocd-permission", exitTransport, is[*argocd.PermissionError](), []string{"modelops doctor lists the rights that are missing"}},
		{"argocd-not-configured", exitTransport, is[*argocd.NotConfiguredError](), nil},
		{"no-application", exitSync, is[*argocd.NoAppError](), []string{"kubectl apply -k argocd/ once, then wait for the ApplicationSet controller"}},
		{"ambiguous-application", exitSync, is[*argocd.AmbiguousError](), []string{"delete the Application that does not belong to this folder"}},
		{"argocd", exitTransport, is[*argocd.ServerError](), nil},
		{"timeout", exitTimeout, same(context.DeadlineExceeded), []string{"--timeout gives it longer"}},
		{"held", exitRefused, is[*release.HeldError](), nil},
		{"policy", exitRefused, is[*release.PolicyError](), nil},
		{"link", exitRefused, is[*release.LinkError](), nil},
		{"refused", exitRefused, is[*release.RefusedError](), nil},
		{"protected", exitRefused, rejected(gitops.RejectProtected), []string{"the branch is changed through a pull request here"}},
		{"declined", exitRefused, rejected(gitops.RejectHook), []string{"a rule of the server declined the commit; its own words say which"}},
		{"uncommitted", exitRefused, is[*gitops.DirtyError](), []string{"commit or stash them, then run the command again"}},
		{"uncommitted", exitRefused, rejected(gitops.RejectDirty), []string{"commit or stash the work, then run the command again"}},
		{"diverged", exitRefused, rejected(gitops.RejectDiverged), []string{"git pull --rebase && git push, then run the command again"}},
		{"scope", exitRefused, is[*gitops.ScopeError](), nil},
		{"attributes", exitRefused, is[*gitops.AttributeError](), nil},
		{"signing", exitRefused, is[*gitops.SignError](), nil},
		{"taken", exitRefused, is[*workspace.TakenError](), nil},
		{"path", exitRefused, is[*workspace.UnsafeError](), nil},
		{"hook", exitRefused, is[*hook.ForeignError](), nil},
		{"refused", exitRefused, is[*refusedError](), nil},
		{"locked", exitConflict, is[*gitops.LockedError](), nil},
		{"stale", exitConflict, is[*gitops.StaleError](), []string{"run the command again"}},
		{"transport", exitTransport, rejected(gitops.RejectPermission), []string{"the credential needs write on this repository"}},
		{"rejected", exitTransport, rejected(gitops.RejectShallow), []string{"git fetch --unshallow completes this clone"}},
		{"rejected", exitTransport, rejected(gitops.RejectSize), []string{"the server limits how large a push, a file or the repository may be"}},
		{"rejected", exitTransport, rejected(gitops.RejectConflict), []string{"choose another branch with --branch, or delete the one whose name is in the way"}},
		{"busy", exitConflict, rejected(gitops.RejectLocked), []string{"run the command again"}},
		{"rejected", exitTransport, is[*gitops.RejectedError](), nil},
		{"git-authentication", exitTransport, is[*gitops.AuthError](), nil},
		{"git-unreachable", exitTransport, is[*gitops.TransportError](), nil},
		{"registry-authentication", exitTransport, is[*registry.AuthError](), nil},
		{"registry-unreachable", exitTransport, is[*registry.UnreachableError](), nil},
		{"no-image", exitUsage, is[*registry.NotFoundError](), nil},
		{"bad-reference", exitUsage, is[*registry.ReferenceError](), nil},
		{"findings", exitFindings, is[*findingsError](), nil},
		{"usage", exitUsage, is[*usageError](), nil},
		{"usage", exitUsage, is[*release.UsageError](), nil},
		{"selector", exitUsage, is[*workspace.SelectorError](), nil},
		{"no-platform", exitUsage, is[*workspace.NoPlatformError](), nil},
		{"invalid-spec", exitUsage, is[spec.Problems](), nil},
		{"unknown-standard", exitUsage, is[*standard.UnknownError](), nil},
		{"unknown-runtime", exitUsage, is[*standard.UnknownRuntimeError](), nil},
		{"too-much", exitUsage, is[*source.TooMuchError](), nil},
		{"unmerged", exitUsage, is[*gitops.UnmergedError](), nil},
		{"no-repository", exitUsage, is[*gitops.NotRepoError](), []string{"modelops init starts a deployment repository; --repo names another one"}},
		{"empty-repository", exitUsage, is[*gitops.EmptyRepoError](), []string{"commit and push what modelops init wrote"}},
		{"no-branch", exitUsage, is[*gitops.NoBranchError](), []string{"--branch names another one"}},
		{"no-revision", exitUsage, is[*gitops.NoRevisionError](), nil},
		{"no-identity", exitUsage, is[*gitops.IdentityError](), nil},
		{"interrupted", exitInterrupted, same(context.Canceled), nil},
	}
}

// failureOf turns an error into what is shown and the code to exit with.
func failureOf(err error) view.Failure {
	f := view.Failure{Kind: "unexpected", Exit: exitUnexpected}
	for _, r := range table() {
		if r.match(err) {
			f.Kind, f.Exit, f.Hints = r.kind, r.code, r.hints
			break
		}
	}
	lines := strings.Split(strings.TrimRight(err.Error(), "\n"), "\n")
	f.Message, f.Details = lines[0], trimIndent(lines[1:])
	walk(err, func(e error) {
		switch e := e.(type) {
		case *interruptedError:
			f.Details = append(f.Details, trimIndent(e.Details())...)
		case *leftError:
			f.Details = withLeft(f.Details, e.left)
		case *targetError:
			f.Target = e.target
		}
		if h, ok := e.(interface{ Hints() []string }); ok {
			f.Hints = append(slices.Clone(h.Hints()), f.Hints...)
		}
	})
	if f.Hints = distinct(f.Hints); f.Exit == exitInterrupted {
		f.Hints = nil
	}
	return f
}

// withLeft adds the state that is left behind, unless the error says so itself.
func withLeft(details []string, left string) []string {
	if slices.ContainsFunc(details, func(d string) bool { return strings.HasPrefix(d, "nothing was ") }) {
		return details
	}
	return append(details, left)
}

func trimIndent(lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = strings.TrimPrefix(l, "  ")
	}
	return out
}

// walk visits an error and everything that it wraps.
func walk(err error, visit func(error)) {
	if err == nil {
		return
	}
	visit(err)
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		walk(e.Unwrap(), visit)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			walk(inner, visit)
		}
	}
}

func distinct(list []string) []string {
	var out []string
	for _, s := range list {
		if s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
