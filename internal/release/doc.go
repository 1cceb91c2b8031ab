// Package release decides what a promote, a revert, a hold or a retirement changes, and applies it. A plan is made
// from one immutable snapshot and decides everything; it is shown, and then applied as it was shown. Where the branch
// moved meanwhile, the plan is made again on the new tip, and refused if it is no longer the same.
//
// It joins Git and rendering, and knows nothing of Argo CD: what is in Git and what runs are two facts.
package release
