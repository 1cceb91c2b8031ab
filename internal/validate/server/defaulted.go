package server

import (
	"encoding/json"

	kruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
)

// Defaulted is an object with the defaults that the API server fills in before policies see it. What is of no kind that is carried
// along, or cannot be read as one, stays as it is.
func Defaulted(content map[string]any) map[string]any {
	data, err := json.Marshal(content)
	if err != nil {
		return content
	}
	typed, _, err := legacyscheme.Codecs.UniversalDeserializer().Decode(data, nil, nil)
	if err != nil {
		return content
	}
	legacyscheme.Scheme.Default(typed)
	out, err := kruntime.DefaultUnstructuredConverter.ToUnstructured(typed)
	if err != nil {
		return content
	}
	return out
}
