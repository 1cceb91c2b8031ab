// Package cmd is the command line of modelops as a library: Run takes arguments and the parts of the process that they
// act on, and returns the exit code. Only the main package around it touches the process.
//
// A command is flags, one request, one call and one view; it decides nothing. What an error means to the caller of the
// program (code, kind, hints) stands in one table, in exit.go.
package cmd
