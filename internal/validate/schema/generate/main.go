// Command generate writes the custom resource definitions that modelops carries, from the Go modules that publish them:
// go generate ./internal/validate/schema
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"
)

// source is a module, where in it the definitions are, and which kinds of them are taken.
type source struct {
	module, version string
	files           string
	kinds           []string
}

var sources = []source{
	{"github.com/argoproj/argo-cd/v3", "v3.2.6", "manifests/crds/*-crd.yaml", []string{"Application", "AppProject", "ApplicationSet"}},
	{"github.com/argoproj/argo-rollouts", "v1.8.3", "manifests/crds/*-crd.yaml", []string{"Rollout", "AnalysisTemplate", "ClusterAnalysisTemplate", "AnalysisRun", "Experiment"}},
	{"sigs.k8s.io/gateway-api", "v1.4.1", "config/crd/standard/*.yaml", []string{"GatewayClass", "Gateway", "HTTPRoute", "GRPCRoute", "ReferenceGrant", "BackendTLSPolicy"}},
	{"istio.io/api", "v1.28.0", "kubernetes/customresourcedefinitions.gen.yaml", []string{"VirtualService", "DestinationRule", "Gateway", "ServiceEntry", "Sidecar", "AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication", "Telemetry"}},
	{"github.com/prometheus-operator/prometheus-operator", "v0.85.0", "example/prometheus-operator-crd/*.yaml", []string{"ServiceMonitor", "PodMonitor", "PrometheusRule", "Probe", "ScrapeConfig", "AlertmanagerConfig"}},
}

// sourceAnnotation says in each definition where it comes from.
const sourceAnnotation = "modelops.dev/source"

func main() {
	if err := run("crds"); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	old, err := filepath.Glob(filepath.Join(dir, "*.json.gz"))
	if err != nil {
		return err
	}
	for _, name := range old {
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	var notice strings.Builder
	notice.WriteString("The custom resource definitions in this folder come from these Go modules, which are under the Apache License,\n" +
		"Version 2.0 (see LICENSE). They were changed: descriptions were left out, and where each comes from was noted in it.\n")
	for _, s := range sources {
		module, err := download(s)
		if err != nil {
			return err
		}
		taken, err := s.write(module, dir)
		if err != nil {
			return fmt.Errorf("%s: %w", s.module, err)
		}
		fmt.Fprintf(&notice, "\n%s %s: %s\n", s.module, s.version, strings.Join(taken, ", "))
		if own, err := os.ReadFile(filepath.Join(module, "NOTICE")); err == nil {
			notice.Write(own)
		}
		license, err := os.ReadFile(filepath.Join(module, "LICENSE"))
		if err != nil {
			return err
		}
		if !bytes.Contains(license, []byte("Apache License")) {
			return fmt.Errorf("%s: its license is another one", s.module)
		}
		if s.module == "sigs.k8s.io/gateway-api" {
			// The text without anybody's name in it.
			if err := os.WriteFile(filepath.Join(dir, "LICENSE"), license, 0o644); err != nil {
				return err
			}
		}
	}
	return os.WriteFile(filepath.Join(dir, "NOTICE"), []byte(notice.String()), 0o644)
}

// download gives the folder of a module.
func download(s source) (string, error) {
	cmd := exec.Command("go", "mod", "download", "-json", s.module+"@"+s.version)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("download %s: %w", s.module, err)
	}
	var m struct{ Dir string }
	return m.Dir, json.Unmarshal(out, &m)
}

// write writes the definitions of a module and returns their kinds.
func (s source) write(module, dir string) ([]string, error) {
	names, err := filepath.Glob(filepath.Join(module, filepath.FromSlash(s.files)))
	if err != nil {
		return nil, err
	}
	var taken []string
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		for d := yaml.NewDecoder(bytes.NewReader(data)); ; {
			var crd map[string]any
			if err := d.Decode(&crd); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			kind, err := s.one(crd, dir)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			if kind != "" {
				taken = append(taken, kind)
			}
		}
	}
	if len(taken) != len(s.kinds) {
		return nil, fmt.Errorf("only %v of %v are there", taken, s.kinds)
	}
	return taken, nil
}

// one writes a definition if it is wanted, and returns its kind.
func (s source) one(crd map[string]any, dir string) (string, error) {
	if crd["kind"] != "CustomResourceDefinition" {
		return "", nil
	}
	spec := crd["spec"].(map[string]any)
	kind := spec["names"].(map[string]any)["kind"].(string)
	wanted := false
	for _, k := range s.kinds {
		wanted = wanted || k == kind
	}
	if !wanted {
		return "", nil
	}
	for _, v := range spec["versions"].([]any) {
		version := v.(map[string]any)
		delete(version, "additionalPrinterColumns")
		strip(version["schema"].(map[string]any)["openAPIV3Schema"].(map[string]any))
	}
	metadata := crd["metadata"].(map[string]any)
	annotations := map[string]any{sourceAnnotation: s.module + " " + s.version}
	// Groups of Kubernetes' own domain are only taken with the approval that they have.
	if old, ok := metadata["annotations"].(map[string]any); ok && old["api-approved.kubernetes.io"] != nil {
		annotations["api-approved.kubernetes.io"] = old["api-approved.kubernetes.io"]
	}
	out := map[string]any{"apiVersion": crd["apiVersion"], "kind": crd["kind"], "spec": spec,
		"metadata": map[string]any{"name": metadata["name"], "annotations": annotations}}
	data, err := json.Marshal(out)
	if err != nil {
		return "", err
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := w.Write(data); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return kind, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s_%s.json.gz", spec["group"], kind)), packed.Bytes(), 0o644)
}

// strip leaves the descriptions out of a schema.
func strip(schema map[string]any) {
	delete(schema, "description")
	for _, key := range []string{"properties", "patternProperties"} {
		if m, ok := schema[key].(map[string]any); ok {
			for _, s := range m {
				stripAny(s)
			}
		}
	}
	for _, key := range []string{"items", "additionalProperties", "not"} {
		stripAny(schema[key])
	}
	for _, key := range []string{"allOf", "anyOf", "oneOf"} {
		if l, ok := schema[key].([]any); ok {
			for _, s := range l {
				stripAny(s)
			}
		}
	}
}

func stripAny(schema any) {
	if m, ok := schema.(map[string]any); ok {
		strip(m)
	}
}
