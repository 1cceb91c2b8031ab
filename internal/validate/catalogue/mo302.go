package catalogue

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO302", Name: "gpu-spec", Severity: finding.Error, Object: gpuSpec,
		What: "A container gets its GPUs by resources.limits alone: in whole numbers, with an equal request or none, and not by NVIDIA_VISIBLE_DEVICES. " +
			"A server that is told to use several (--tensor-parallel-size of vLLM) has as many.",
		Why: "GPUs cannot be shared out in parts or be overcommitted, so that the API server refuses anything else; NVIDIA_VISIBLE_DEVICES=all hands a pod every GPU of its node, " +
			"other teams' included, past quota and scheduler; and a server with fewer GPUs than it expects does not start.",
		Fix:     "Set the same number under requests and limits, and take the variable out. In a deployment repository: spec.resources.gpu in model.yaml.",
		Sources: []string{"https://kubernetes.io/docs/tasks/manage-gpus/scheduling-gpus/", "https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/docker-specialized.html"},
		Guard: &Guard{Kinds: []string{PodSpec}, Message: "NVIDIA_VISIBLE_DEVICES hands out GPUs past the scheduler",
			Expression: containers + `.all(c, !has(c.env) || c.env.all(e, e.name != "NVIDIA_VISIBLE_DEVICES" || !has(e.value) || e.value in ["", "void", "none"]))`}})
}

// gpuResource tells the resources of GPUs by their names: nvidia.com/gpu, nvidia.com/mig-1g.5gb, amd.com/gpu,
// gpu.intel.com/i915.
var gpuResource = lazily(`^(nvidia\.com/(gpu|mig-)|amd\.com/gpu|gpu\.intel\.com/)`)

func gpuSpec(p *Pass, o *manifest.Object) {
	w, ok := workloadOf(o)
	if !ok {
		return
	}
	for _, c := range w.everyContainer() {
		gpuAmounts(p, o, c)
		for i, e := range list(c.content["env"]) {
			name, value := text(fields(e)["name"]), text(fields(e)["value"])
			if name == "NVIDIA_VISIBLE_DEVICES" && value != "" && value != "void" && value != "none" {
				p.Report(o, fmt.Sprintf("container %s takes GPUs of the node past the scheduler: NVIDIA_VISIBLE_DEVICES is %q", c.name(), value),
					"take the variable out: the device plugin sets it", c.in("env", i, "value")...)
			}
		}
		gpusExpected(p, o, c)
	}
}

func gpuAmounts(p *Pass, o *manifest.Object, c container) {
	r := fields(c.content["resources"])
	limits, requests := fields(r["limits"]), fields(r["requests"])
	for _, name := range sorted(requests) {
		if gpuResource().MatchString(name) && fmt.Sprint(requests[name]) != fmt.Sprint(limits[name]) {
			limit := "nothing"
			if limits[name] != nil {
				limit = fmt.Sprint(limits[name])
			}
			p.Report(o, fmt.Sprintf("container %s requests %v %s, and its limit is %s", c.name(), requests[name], name, limit),
				"set the same number under limits", c.in("resources", "limits", name)...)
		}
	}
	for _, name := range sorted(limits) {
		if n, err := strconv.ParseUint(fmt.Sprint(limits[name]), 10, 16); gpuResource().MatchString(name) && (err != nil || n == 0) {
			p.Report(o, fmt.Sprintf("container %s has a limit of %v %s: devices are whole", c.name(), limits[name], name), "set a whole number", c.in("resources", "limits", name)...)
		}
	}
}

// gpus that a container has.
func (c container) gpus() int64 {
	var sum int64
	limits := fields(fields(c.content["resources"])["limits"])
	for name, v := range limits {
		if n, err := strconv.ParseInt(fmt.Sprint(v), 10, 32); err == nil && gpuResource().MatchString(name) {
			sum += n
		}
	}
	return sum
}

// gpusExpected compares with what a server is told. An option is written as one word or as two.
func gpusExpected(p *Pass, o *manifest.Object, c container) {
	args := list(c.content["args"])
	for i, a := range args {
		value, joined := strings.CutPrefix(text(a), "--tensor-parallel-size=")
		if !joined && text(a) == "--tensor-parallel-size" && i+1 < len(args) {
			value = text(args[i+1])
		}
		if n, err := strconv.ParseInt(value, 10, 32); err == nil && n > 1 && n > c.gpus() {
			p.Report(o, fmt.Sprintf("container %s splits its model over %d GPUs and has %d", c.name(), n, c.gpus()), "give it as many GPUs, or split over fewer", c.in("args", i)...)
		}
	}
}
