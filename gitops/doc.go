// Package gitops commits to a deployment repository without surprises.
//
// It knows paths, trees, commits and pushes, and nothing of what the files mean. A Snapshot is one commit, read-only. A
// Change says what the next commit holds and which folders it may touch. Repo.Commit builds that commit in memory,
// Repo.Push moves the branch by compare-and-swap on the commit that the change was planned on, and Repo.Follow brings
// the user's clone along. Nothing is written anywhere before the branch moves.
//
// One rule holds for the whole package: what is not certain is an error. A push that is not acknowledged for our branch
// by name is not a success, a missing object is not an absent file, and a difference outside the scope of a change is
// not committed.
//
// A Repo is a clone, a remote without one, or both: internal/clone is the clone's folder, internal/odb has the objects of
// either, internal/transport talks with the remote's server, and internal/git is the user's own git with its settings.
// What is decided is decided here: what a commit holds, whether a push arrived, what a refusal means, and what becomes of
// the clone.
package gitops
