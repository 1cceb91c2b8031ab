package standard

import (
	"fmt"
	"slices"
	"strings"

	"github.com/modelops/modelops/render/spec"
	"gopkg.in/yaml.v3"
)

// Runtime is a serving runtime: what its server is started with, where it listens, and what tells its health. A model
// may change each of these.
type Runtime struct {
	// Name of the runtime: that of its file.
	Name string `yaml:"-"`
	// Description for people.
	Description string `yaml:"description,omitempty"`
	// Warning for people who choose it; empty where there is none.
	Warning string `yaml:"warning,omitempty"`
	// Ports that the server listens on.
	Ports spec.Ports `yaml:"ports,omitempty"`
	// Health endpoints on the HTTP port.
	Health spec.Health `yaml:"health,omitempty"`
	// MetricsPath on the metrics port, or on the HTTP port where there is no other.
	MetricsPath string `yaml:"metricsPath,omitempty"`
	// Command replaces the image's entry point; Args are the server's arguments, before the model's own; ArtifactArgs
	// are given after Args where the model has an artifact. All may hold the placeholders of Env.
	Command      []string `yaml:"command,omitempty"`
	Args         []string `yaml:"args,omitempty"`
	ArtifactArgs []string `yaml:"artifactArgs,omitempty"`
	// Env of the server, before the model's own. Values may hold placeholders: {model} for the model's name at the API,
	// {path} for the artifact's folder, {http}, {grpc} and {metrics} for ports, {gpus} for the number of GPUs (at least
	// 1), {drain} for the drain time in seconds.
	Env []spec.EnvVar `yaml:"env,omitempty"`
	// User id that the server runs as.
	User int `yaml:"user,omitempty"`
	// SharedMemory that the server needs, in bytes.
	SharedMemory spec.Quantity `yaml:"sharedMemory,omitempty"`
	// StartupTimeout is how long loading a model may take.
	StartupTimeout string `yaml:"startupTimeout,omitempty"`
}

// Runtime reads a runtime of the standard. The error is *UnknownRuntimeError where there is none of this name.
func (s *Standard) Runtime(name string) (Runtime, error) {
	file := "runtimes/" + name + ".yaml"
	if !slices.Contains(s.runtimes, name) {
		return Runtime{}, &UnknownRuntimeError{Standard: s.name, Name: name, Known: s.Runtimes()}
	}
	r := &reader{file: s.name + "/" + file}
	root := r.document(s.files[file])
	if len(r.problems) == 0 {
		r.header(root, "Runtime")
	}
	if len(r.problems) > 0 {
		return Runtime{}, r.problems
	}
	var doc struct {
		APIVersion string    `yaml:"apiVersion"`
		Kind       string    `yaml:"kind"`
		Metadata   yaml.Node `yaml:"metadata,omitempty"`
		Spec       Runtime   `yaml:"spec"`
	}
	d := yaml.NewDecoder(strings.NewReader(string(s.files[file])))
	d.KnownFields(true)
	if err := d.Decode(&doc); err != nil {
		return Runtime{}, fmt.Errorf("%s: %s", r.file, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	doc.Spec.Name = name
	return doc.Spec, nil
}
