// Package spec holds the documents of a deployment repository as typed values: the platform, its teams and models, the
// releases that overlays are rendered from, and the state that records them. Decoding is strict: what a document says
// is either understood in full or refused with its file, line and column, since a field that is silently dropped is a
// limit that silently does not hold.
//
// The Go types are the one source of the format: the field comments are the descriptions in the JSON Schemas under
// docs/schemas, and the `spec` tags are the rules that Decode enforces:
//
//	required   the field must be present and not empty
//	dns        a DNS label (RFC 1123): lower case letters, digits and dashes, at most 63
//	env        a DNS label without dashes (an environment's name)
//	enum=a|b   one of the words
//	min=N      an integer of at least N;  max=N: of at most N
//	quantity, duration, image, digest, cidr, url, label: the form that the name says
package spec

// APIVersion is the version of every document of this package.
const APIVersion = "modelops.dev/v1alpha1"

// The kinds of documents.
const (
	KindPlatform = "Platform"
	KindTeam     = "Team"
	KindModel    = "Model"
	KindRelease  = "Release"
	KindState    = "State"
	KindHold     = "Hold"
)
