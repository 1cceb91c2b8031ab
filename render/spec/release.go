package spec

// Release is release.yaml: everything that an overlay is rendered from, beside the patches in its folder.
type Release struct {
	APIVersion string      `yaml:"apiVersion" spec:"required"`
	Kind       string      `yaml:"kind" spec:"required"`
	Metadata   TargetNames `yaml:"metadata" spec:"required"`
	Spec       ReleaseSpec `yaml:"spec" spec:"required"`
}

// TargetNames names the overlay that a document belongs to.
type TargetNames struct {
	// Team of the model.
	Team string `yaml:"team" spec:"required,dns"`
	// Model that is served.
	Model string `yaml:"model" spec:"required,dns"`
	// Environment that it is served in.
	Environment string `yaml:"environment" spec:"required,env"`
}

// ReleaseSpec is the same in every environment that the release reaches.
type ReleaseSpec struct {
	// ID is a short digest of all other fields of the spec.
	ID string `yaml:"id" spec:"required"`
	// Version that people call this content by.
	Version string `yaml:"version" spec:"required,version"`
	// Image of the server, by digest.
	Image Image `yaml:"image" spec:"required"`
	// Artifact with the weights, where the image does not contain them.
	Artifact *ReleasedArtifact `yaml:"artifact,omitempty"`
	// Standard that the overlay is rendered by.
	Standard StandardRef `yaml:"standard" spec:"required"`
	// Patches that lay beside model.yaml, by content.
	Patches []PatchRef `yaml:"patches,omitempty"`
	// Retired takes the workload away: no replicas, no autoscaler.
	Retired bool `yaml:"retired,omitempty"`
	// Model is the model's spec as it stood at the promote, with every environment's changes.
	Model ModelSpec `yaml:"model" spec:"required"`
	// Platform is what rendering takes from modelops.yaml, as it stood at the promote.
	Platform PlatformSnapshot `yaml:"platform,omitempty"`
}

// Image is a container image by digest.
type Image struct {
	// Name is the repository, with its registry.
	Name string `yaml:"name" spec:"required"`
	// Digest, sha256:HEX.
	Digest string `yaml:"digest" spec:"required,digest"`
	// Tag that the digest was resolved from, for people to read.
	Tag string `yaml:"tag,omitempty"`
}

// ReleasedArtifact is an artifact with its version filled in.
type ReleasedArtifact struct {
	// URI of the artifact.
	URI string `yaml:"uri" spec:"required"`
	// Digest of an OCI artifact, sha256:HEX.
	Digest string `yaml:"digest,omitempty" spec:"digest"`
}

// StandardRef names a standard and pins its content.
type StandardRef struct {
	// Name of the standard.
	Name string `yaml:"name" spec:"required,dns"`
	// Digest of the standard's files, sha256:HEX.
	Digest string `yaml:"digest" spec:"required,digest"`
}

// PatchRef pins one patch.
type PatchRef struct {
	// Path under patches/.
	Path string `yaml:"path" spec:"required"`
	// Digest of the file, sha256:HEX.
	Digest string `yaml:"digest" spec:"required,digest"`
}

// PlatformSnapshot is the part of the platform spec that decides what an overlay contains.
type PlatformSnapshot struct {
	// Gateways that may call the model.
	Gateways []Peer `yaml:"gateways,omitempty"`
	// PriorityClass of the pods.
	PriorityClass string `yaml:"priorityClass,omitempty"`
}
