package sandbox

import (
	"context"
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Push puts an image into the registry and returns its digest, sha256:HEX.
func (s *Sandbox) Push(ctx context.Context, repository, tag string) (string, error) {
	ref, err := name.NewTag(fmt.Sprintf("%s/%s:%s", s.Registry, repository, tag), name.Insecure)
	if err != nil {
		return "", err
	}
	image, err := random.Image(512, 1)
	if err != nil {
		return "", err
	}
	if err := remote.Write(ref, image, remote.WithContext(ctx)); err != nil {
		return "", err
	}
	digest, err := image.Digest()
	return digest.String(), err
}
