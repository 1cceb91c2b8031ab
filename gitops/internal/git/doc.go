// Package git is the user's git: the program, and what it is set to.
//
// A Program runs git in one folder, tied to no repository but the one that is meant. A Config is git's configuration,
// which git is asked for; where there is no git it is read from the files that git would read, and a setting then counts
// just where it would count for git. The package knows no objects and no network.
package git
