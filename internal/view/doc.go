// Package view shows results to people and to programs. Every result is one struct: its JSON tags are the documented
// shape that bots rely on, and its Text method is what a person reads. A view never decides anything.
//
// Its one rule: text that others wrote is escaped for where it is shown. Text takes every argument for such text, so
// that a new line of output is safe unless its author goes out of the way.
package view
