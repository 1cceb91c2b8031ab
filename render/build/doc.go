// Package build builds an overlay in memory exactly as the kustomize CLI does, and compares two builds by object. It
// refuses before kustomize sees them what would reach out of the folder or run a program, and what kustomize itself lets
// pass in silence: keys that are given twice, and images and patches that match nothing.
package build
