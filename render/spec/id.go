package spec

import (
	"crypto/sha256"
	"encoding/hex"
)

// IDLength is the number of hexadecimal digits of a release's id: 48 bits, so that among a million releases of one model
// two share an id with a chance below one in five hundred, while the id still fits where people read it.
const IDLength = 12

// ReleaseID is the digest of everything in the spec but the id itself.
func ReleaseID(r ReleaseSpec) string {
	r.ID = ""
	data, err := Encode(r)
	if err != nil {
		// Only values that YAML cannot express fail to encode, and the type has none.
		return ""
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])[:IDLength]
}

// Digest of a file's bytes as a patch reference records it.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
