// Package workspace reads a deployment repository's folders, from a work tree or from a commit: anything that is an
// fs.FS. It lists teams, models and overlays, selects models by what a user wrote, and writes files into a work tree
// without ever leaving it.
package workspace
