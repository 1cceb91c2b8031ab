package cmd

import (
	"context"
	"errors"
	"strings"
)

// usageError is a command line that cannot be meant.
type usageError struct {
	Message string
	Next    []string
}

func (e *usageError) Error() string { return e.Message }

// Hints are what to type instead.
func (e *usageError) Hints() []string { return e.Next }

// refusedError is a change of files that a rule forbids.
type refusedError struct {
	Message string
	Next    []string
}

func (e *refusedError) Error() string { return e.Message }

// Hints are what to do next.
func (e *refusedError) Hints() []string { return e.Next }

// findingsError ends a check that found something and has already shown it.
type findingsError struct {
	Message string
	Next    []string
}

func (e *findingsError) Error() string { return e.Message }

// Hints are what to do about it.
func (e *findingsError) Hints() []string { return e.Next }

// errShown marks an error whose text the result already carries, so that it is not printed twice.
var errShown = errors.New("already shown")

// shown ends a command with the code of err, without printing it.
func shown(err error) error { return errors.Join(err, errShown) }

// interruptedError ends a command that the user stopped.
type interruptedError struct{ cause error }

func (e *interruptedError) Error() string { return "interrupted" }

// Unwrap keeps what the command had to say when it was stopped: what it left behind.
func (e *interruptedError) Unwrap() []error { return []error{context.Canceled, e.cause} }

// Details are the command's own words, where it was more than the interruption itself.
func (e *interruptedError) Details() []string {
	if e.cause == nil || errors.Is(e.cause, context.Canceled) {
		return nil
	}
	return strings.Split(e.cause.Error(), "\n")
}

// leftError adds the state that a failure leaves behind, and what to do about it.
type leftError struct {
	err  error
	left string
	next []string
}

func (e *leftError) Error() string { return e.err.Error() }

func (e *leftError) Unwrap() error { return e.err }

// Hints are what to do about the state that is left.
func (e *leftError) Hints() []string { return e.next }

// leaving says what a failure leaves behind; nil stays nil.
func leaving(err error, left string, next ...string) error {
	if err == nil {
		return nil
	}
	return &leftError{err, left, next}
}

// targetError names what a failed command was about.
type targetError struct {
	err    error
	target string
}

func (e *targetError) Error() string { return e.err.Error() }

func (e *targetError) Unwrap() error { return e.err }

func withTarget(err error, target string) error {
	if target == "" {
		return err
	}
	return &targetError{err, target}
}
