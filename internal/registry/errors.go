package registry

import "fmt"

// ReferenceError says that a text is no image reference.
type ReferenceError struct{ Ref, Why string }

func (e *ReferenceError) Error() string { return fmt.Sprintf("image %q: %s", e.Ref, e.Why) }

// Hints show the two forms.
func (e *ReferenceError) Hints() []string {
	return []string{"write REGISTRY/REPOSITORY:TAG, or REGISTRY/REPOSITORY@sha256:DIGEST, which needs no network"}
}

// NotFoundError says that the registry has no such repository or tag.
type NotFoundError struct{ Ref, Registry string }

func (e *NotFoundError) Error() string {
	return fmt.Sprintf("image %s: the registry %s has no such tag", e.Ref, e.Registry)
}

// Hints say what may be the reason.
func (e *NotFoundError) Hints() []string {
	return []string{"push the image first, or check the tag: some registries also answer so where a login is missing (docker login)"}
}

// AuthError says that the registry wants a credential, or refuses the one that it got.
type AuthError struct {
	Ref, Registry string
	// Status is the HTTP status, 401 or 403.
	Status int
}

func (e *AuthError) Error() string {
	return fmt.Sprintf("image %s: the registry %s refused access (HTTP %d)", e.Ref, e.Registry, e.Status)
}

// Hints name the ways out.
func (e *AuthError) Hints() []string {
	return []string{"docker login " + e.Registry, "or name the image by digest, which needs no network: --image REPOSITORY@sha256:DIGEST"}
}

// UnreachableError says that the registry could not be asked.
type UnreachableError struct {
	Ref, Registry string
	Err           error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("image %s: the registry %s cannot be reached: %v", e.Ref, e.Registry, e.Err)
}

// Unwrap is the cause.
func (e *UnreachableError) Unwrap() error { return e.Err }

// Hints name the way without a registry.
func (e *UnreachableError) Hints() []string {
	return []string{"an image by digest needs no network: --image REPOSITORY@sha256:DIGEST"}
}
