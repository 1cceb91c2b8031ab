package catalogue

import (
	"github.com/modelops/modelops/render/spec"
)

type serving = spec.Serving

// servingRuntime is what is known about a model server beside its image: what it answers, and what it counts.
type servingRuntime struct {
	name string
	// images and programs by which it is known.
	known pattern
	// health are the paths that answer a probe, and ask those that a probe should ask.
	health pattern
	ask    string
	// metrics are how the names of its metrics begin.
	metrics pattern
}

var openInference = lazily(`^/v2/(health/(live|ready)|models/[^/]+(/versions/[^/]+)?/ready)/?$`)

// servingRuntimes were read from their sources: Triton's docs and command line, vLLM's instrumentator, TensorFlow
// Serving's util, MLServer's settings, TorchServe's inference API.
var servingRuntimes = []servingRuntime{
	{"triton", lazily(`(^|/)tritonserver(-|$)`), openInference, "/v2/health/ready and /v2/health/live", lazily(`^nv_`)},
	{"vllm", lazily(`(^|/)vllm(-openai|\.entrypoints\.|$)`), lazily(`^/(health|ping|load|version|v1/models|metrics)/?$`), "/health, or /v1/models while it starts", lazily(`^vllm:`)},
	{"tfserving", lazily(`(^|/)(tensorflow_model_server|tensorflow/serving)$`), lazily(`^/(v1/models/[^/]+(/(versions|labels)/[^/]+)?(/metadata)?|monitoring/prometheus/metrics)/?$`), "/v1/models/NAME", lazily(`^:tensorflow:`)},
	{"mlserver", lazily(`(^|/)mlserver(-|$)`), openInference, "/v2/health/ready and /v2/health/live", lazily(`^(model_infer_request_|rest_server_|grpc_server_)`)},
	{"torchserve", lazily(`(^|/)torchserve(-|$)`), lazily(`^/(ping|v2/health/(live|ready))/?$`), "/ping", lazily(`^ts_`)},
}

// runtimeOf knows a container's server: by its release, or by its image and program.
func runtimeOf(w workload, c container) *servingRuntime {
	if r := w.Unit.Release; r != nil && c.name() == server {
		return runtimeNamed(r.Spec.Model.Runtime)
	}
	words := []string{spec.Repository(text(c.content["image"]))}
	for _, field := range []string{"command", "args"} {
		for _, a := range list(c.content[field]) {
			words = append(words, text(a))
		}
	}
	for i := range servingRuntimes {
		for _, word := range words {
			if servingRuntimes[i].known().MatchString(word) {
				return &servingRuntimes[i]
			}
		}
	}
	return nil
}

func runtimeNamed(name string) *servingRuntime {
	for i := range servingRuntimes {
		if servingRuntimes[i].name == name {
			return &servingRuntimes[i]
		}
	}
	return nil
}
