// Package argocd asks Argo CD to apply what is already in Git and proves that it runs.
//
// Its one rule: success is a proof, never the absence of bad news. Every word that Argo CD shows may be older than the
// push, belong to another revision or to pods of an earlier rollout, so a verdict is reached only by [Judge], a pure
// function over everything that was gathered, and what is unknown keeps it pending.
//
// It is the only package that talks to Argo CD. It knows no Git: whether a revision contains the wanted commit is
// answered by a function that the caller brings (see [Want]).
//
// Text that comes from the server (messages, reasons, log lines, names) is handed on exactly as it was received and
// may hold control characters; the fields that carry it say so, and whoever shows it escapes it.
package argocd
