package spec

import (
	"bytes"
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

// writtenID is the id of a release.yaml that stands there as Encode wrote it: the same digest, without decoding and
// encoding anything; "" where the text has another form.
func writtenID(data []byte) string {
	_, body, ok := bytes.Cut(data, []byte("\nspec:\n  id: "))
	if !ok {
		return ""
	}
	sum := sha256.New()
	sum.Write([]byte(`id: ""`))
	_, body, _ = bytes.Cut(body, []byte("\n"))
	sum.Write([]byte("\n"))
	for line := range bytes.Lines(body) {
		switch {
		case bytes.HasPrefix(line, []byte("  ")):
			sum.Write(line[2:])
		case len(line) == 1:
			sum.Write(line)
		default:
			return ""
		}
	}
	return hex.EncodeToString(sum.Sum(nil))[:IDLength]
}

// Digest of a file's bytes as a patch reference records it.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
