package render

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/modelops/modelops/render/spec"
	"github.com/modelops/modelops/render/standard"
)

// The defaults that the spec's fields document. They are part of v1alpha1: a change here would render old releases anew.
const (
	defaultPath         = "/mnt/models"
	defaultScratch      = "1Gi"
	defaultDownload     = "10Gi"
	defaultDrain        = 60 * time.Second
	defaultStartup      = 10 * time.Minute
	defaultGPU          = "nvidia.com/gpu"
	defaultUtilization  = 70
	defaultUser         = 1000
	defaultPort         = 8080
	artifactOCI         = "oci"
	artifactClaim       = "pvc"
	artifactDownload    = "download"
	versionPlaceholder  = "{version}"
	apiModelPlaceholder = "{model}"
)

// overlayVars makes the variables of an overlay's expressions: those for the manifests, and beside them the release,
// which only what a version changes may see.
func overlayVars(in OverlayInput) (vars, release standard.Vars, err error) {
	rel := &in.Release.Spec
	s, err := rel.Model.For(in.Target.Env)
	if err != nil {
		return nil, nil, err
	}
	rt, err := in.Standard.Runtime(rel.Model.Runtime)
	if err != nil {
		return nil, nil, err
	}
	a, err := artifactOf(rel, s.Artifact)
	if err != nil {
		return nil, nil, err
	}
	model, err := resolve(in.Target, s, rt, a)
	if err != nil {
		return nil, nil, err
	}
	vars = standard.Vars{
		"target":   targetVars(in.Target),
		"model":    model,
		"runtime":  map[string]any{"name": rt.Name},
		"platform": standard.Value(rel.Platform),
		"retired":  rel.Retired,
	}
	return vars, standard.Vars{"release": map[string]any{
		"id": rel.ID, "version": rel.Version, "image": standard.Value(rel.Image), "artifact": a.release,
	}}, nil
}

func targetVars(t spec.Target) map[string]any {
	return map[string]any{"team": t.Team, "model": t.Model, "environment": t.Env, "namespace": t.Namespace(), "project": t.Project(), "app": t.App()}
}

// artifact is where the weights are, in two parts: what holds for every version, and what a version changes.
type artifact struct{ model, release map[string]any }

func (a artifact) kind() string { k, _ := a.model["kind"].(string); return k }

func artifactOf(rel *spec.ReleaseSpec, s *spec.Artifact) (artifact, error) {
	a := artifact{
		model:   map[string]any{"kind": nil, "path": defaultPath, "claim": nil, "downloader": standard.Value(spec.Downloader{})},
		release: map[string]any{"uri": nil, "reference": nil, "folder": nil},
	}
	if s != nil && s.Path != "" {
		a.model["path"] = s.Path
	}
	if rel.Artifact == nil {
		return a, nil
	}
	uri := rel.Artifact.URI
	scheme, rest, ok := strings.Cut(uri, "://")
	if !ok || rest == "" {
		return a, fmt.Errorf("artifact %q is not SCHEME://PLACE", uri)
	}
	a.release["uri"] = uri
	switch scheme {
	case artifactOCI:
		a.model["kind"], a.release["reference"] = artifactOCI, reference(rest, rel.Artifact.Digest)
	case artifactClaim:
		claim, folder, _ := strings.Cut(rest, "/")
		a.model["kind"], a.model["claim"] = artifactClaim, claim
		if folder = strings.Trim(folder, "/"); folder != "" {
			a.release["folder"] = folder
		}
	default:
		if s == nil || s.Downloader == nil {
			return a, fmt.Errorf("artifact %q is fetched before the server starts, but spec.artifact.downloader names no image that does it", uri)
		}
		d := *s.Downloader
		d.Size = or(d.Size, defaultDownload)
		a.model["kind"], a.model["downloader"] = artifactDownload, standard.Value(d)
	}
	return a, nil
}

// reference pins an OCI artifact by its digest where that is known. The tag goes then: runtimes differ in how they read
// a name with both.
func reference(place, digest string) string {
	if digest == "" {
		return place
	}
	return spec.Repository(place) + "@" + digest
}

// resolve joins a model's serving with its runtime's values and the spec's defaults.
func resolve(t spec.Target, s spec.Serving, rt standard.Runtime, a artifact) (map[string]any, error) {
	ports := portsOf(s.Ports, rt.Ports)
	startup, err := seconds(or(s.StartupTimeout, rt.StartupTimeout), defaultStartup)
	if err != nil {
		return nil, fmt.Errorf("spec.startupTimeout: %w", err)
	}
	drain, err := seconds(s.DrainTimeout, defaultDrain)
	if err != nil {
		return nil, fmt.Errorf("spec.drainTimeout: %w", err)
	}
	name := or(s.ModelName, t.Model)
	replace := placeholders(name, a, ports, s.Resources.GPU, drain).Replace
	s.Ports, s.Resources = ports, resourcesOf(s.Resources)
	s.Health = healthOf(s.Health, rt.Health, ports, name)
	s.MetricsPath = or(s.MetricsPath, rt.MetricsPath)
	s.Command, s.Args = commandOf(s, rt, a.kind() != "", replace)
	s.Env = append(envOf(rt.Env, replace), s.Env...)
	s.SharedMemory, s.Scratch = or(s.SharedMemory, rt.SharedMemory), or(s.Scratch, defaultScratch)
	s.Scaling = scalingOf(s.Scaling)
	s.User = or(or(s.User, rt.User), defaultUser)
	model, _ := standard.Value(s).(map[string]any)
	model["name"], model["artifact"] = name, a.model
	model["startupSeconds"], model["drainSeconds"] = startup, drain
	return model, nil
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

func seconds(text string, otherwise time.Duration) (int64, error) {
	if text == "" {
		return int64(otherwise / time.Second), nil
	}
	d, err := time.ParseDuration(text)
	return int64(d / time.Second), err
}

// portsOf falls back to one HTTP port where neither the model nor its runtime names a port to serve on.
func portsOf(s *spec.Ports, rt spec.Ports) *spec.Ports {
	p := rt
	if s != nil {
		p = spec.Ports{HTTP: or(s.HTTP, rt.HTTP), GRPC: or(s.GRPC, rt.GRPC), Metrics: or(s.Metrics, rt.Metrics)}
	}
	if p.HTTP == 0 && p.GRPC == 0 {
		p.HTTP = defaultPort
	}
	return &p
}

// healthOf leaves all endpoints out where there is no HTTP port to ask them on.
func healthOf(s *spec.Health, rt spec.Health, ports *spec.Ports, name string) *spec.Health {
	if ports.HTTP == 0 {
		return &spec.Health{}
	}
	h := rt
	if s != nil {
		h = spec.Health{Startup: or(s.Startup, s.Ready), Ready: or(s.Ready, rt.Ready), Live: or(s.Live, rt.Live)}
		h.Startup = or(h.Startup, rt.Startup)
	}
	h.Startup = or(h.Startup, h.Ready)
	for _, p := range []*string{&h.Startup, &h.Ready, &h.Live} {
		*p = strings.ReplaceAll(*p, apiModelPlaceholder, name)
	}
	return &h
}

func resourcesOf(r spec.Resources) spec.Resources {
	if r.GPU != nil {
		gpu := *r.GPU
		gpu.Resource = or(gpu.Resource, defaultGPU)
		r.GPU = &gpu
	}
	return r
}

func scalingOf(s spec.Scaling) spec.Scaling {
	s.Min = or(s.Min, 1)
	s.Max = or(s.Max, s.Min)
	s.CPUUtilization = or(s.CPUUtilization, defaultUtilization)
	return s
}

// placeholders of a runtime's arguments and variables. A model's own are taken as they stand.
func placeholders(name string, a artifact, ports *spec.Ports, gpu *spec.GPU, drain int64) *strings.Replacer {
	path, _ := a.model["path"].(string)
	gpus := 1
	if gpu != nil {
		gpus = gpu.Count
	}
	return strings.NewReplacer(apiModelPlaceholder, name, "{path}", path, "{http}", strconv.Itoa(ports.HTTP), "{grpc}", strconv.Itoa(ports.GRPC),
		"{metrics}", strconv.Itoa(ports.Metrics), "{gpus}", strconv.Itoa(gpus), "{drain}", strconv.FormatInt(drain, 10))
}

// commandOf gives the command and the arguments. A model with a command of its own starts another program, to which the
// runtime's arguments mean nothing.
func commandOf(s spec.Serving, rt standard.Runtime, artifact bool, replace func(string) string) (command, args []string) {
	if len(s.Command) > 0 {
		return s.Command, s.Args
	}
	args = append(args, rt.Args...)
	if artifact {
		args = append(args, rt.ArtifactArgs...)
	}
	for i := range args {
		args[i] = replace(args[i])
	}
	for _, c := range rt.Command {
		command = append(command, replace(c))
	}
	return command, append(args, s.Args...)
}

func envOf(env []spec.EnvVar, replace func(string) string) []spec.EnvVar {
	var out []spec.EnvVar
	for _, e := range env {
		e.Value = replace(e.Value)
		out = append(out, e)
	}
	return out
}
