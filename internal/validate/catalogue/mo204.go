package catalogue

import (
	"fmt"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO204", Name: "probe-matches-runtime", Severity: finding.Error, Object: probeMatches,
		What: "A probe asks a port that the container has, and, of a server that is known (Triton, vLLM, TensorFlow Serving, MLServer, TorchServe), a path that it answers. " +
			"A livenessProbe that waits for an answer waits longer than one second (a warning).",
		Why:     "The API server accepts any name and path: the pods then never become ready, or are restarted for ever. One second is the default, and a server under load takes longer.",
		Fix:     "Use the name of a port in the container's ports, and the path that the server documents: /v2/health/live and /v2/health/ready (Triton, MLServer), /health (vLLM), /v1/models/NAME (TensorFlow Serving), /ping (TorchServe).",
		Sources: []string{"https://github.com/triton-inference-server/server/blob/main/docs/protocol/README.md", "https://docs.vllm.ai/", "https://www.tensorflow.org/tfx/serving/api_rest", "https://mlserver.readthedocs.io/", "https://pytorch.org/serve/inference_api.html"}})
}

func probeMatches(p *Pass, o *manifest.Object) {
	w, ok := servingWorkload(o)
	if !ok {
		return
	}
	for _, c := range w.containers() {
		for _, pr := range c.probes() {
			kind, h := pr.handler()
			if port := h["port"]; port != nil && (text(port) != "" || len(list(c.content["ports"])) > 0) {
				if _, has := c.port(port); !has {
					p.Report(o, fmt.Sprintf("the %s of container %s asks port %v, which the container does not have", pr.name, c.name(), port),
						"name one of its ports: "+portNames(c), c.in(pr.name, kind, "port")...)
				}
			}
			r := runtimeOf(w, c)
			if path := text(h["path"]); kind == "httpGet" && r != nil && !r.health().MatchString(path) {
				p.Report(o, fmt.Sprintf("the %s of container %s asks %q, which %s does not answer", pr.name, c.name(), path, r.name),
					"ask "+r.ask, c.in(pr.name, kind, "path")...)
			}
			if waits := kind == "httpGet" || kind == "grpc"; waits && pr.name == "livenessProbe" && numberOr(pr.content["timeoutSeconds"], 1) <= 1 {
				f := p.Warn(o, fmt.Sprintf("the livenessProbe of container %s waits one second: a busy server is restarted", c.name()),
					"set timeoutSeconds: 5", c.in(pr.name, "timeoutSeconds")...)
				if pr.content["timeoutSeconds"] != nil {
					rewrite(f, "timeoutSeconds", "1", "5")
				}
			}
		}
	}
}

// portNames lists the ports of a container for a hint.
func portNames(c container) string {
	out := ""
	for _, p := range list(c.content["ports"]) {
		name := text(fields(p)["name"])
		if name == "" {
			name = fmt.Sprint(fields(p)["containerPort"])
		}
		if out != "" {
			out += ", "
		}
		out += name
	}
	if out == "" {
		return "it has none"
	}
	return out
}
