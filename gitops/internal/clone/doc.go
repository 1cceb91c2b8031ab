// Package clone is a repository's folder on this machine.
//
// A Folder is found as git finds it, and refused where it is of a form that would be misread or belongs to somebody else.
// Its refs are read and moved so that a git which runs beside us sees nothing unusual: with git's lock files, reflogs and
// permissions. The package knows no objects and no server.
package clone
