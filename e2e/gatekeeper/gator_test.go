//go:build e2e

// Package gatekeeper compares what modelops says by Gatekeeper's templates and constraints with what Gatekeeper's own
// engine says: gator, which is its webhook as a command.
package gatekeeper

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/modelops/modelops/e2e/stack"
	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/validate/policy"
	"github.com/modelops/modelops/internal/validate/source"
)

// object is one manifest, with an annotation by which it is told from others of the same name.
type object struct {
	id      string
	content map[string]any
}

const idAnnotation = "e2e/id"

// objects reads manifests. Their ids begin with a prefix.
func objects(t *testing.T, prefix string, text []byte) []object {
	t.Helper()
	all, err := source.Manifests(prefix, text)
	if err != nil {
		t.Fatal(err)
	}
	var out []object
	for i, o := range all {
		out = append(out, object{fmt.Sprintf("%s#%d", prefix, i), o.Content})
		set(o.Content, out[i].id, "metadata", "annotations", idAnnotation)
	}
	return out
}

// set writes a field, and the maps above it that are not there.
func set(m map[string]any, v any, path ...string) {
	for _, step := range path[:len(path)-1] {
		sub, ok := m[step].(map[string]any)
		if !ok {
			sub = map[string]any{}
			m[step] = sub
		}
		m = sub
	}
	m[path[len(path)-1]] = v
}

// expansion makes Gatekeeper look at the pods of workloads. modelops does so anyway.
const expansion = `apiVersion: expansion.gatekeeper.sh/v1beta1
kind: ExpansionTemplate
metadata: {name: pods}
spec:
  applyTo:
  - {groups: [apps], versions: [v1], kinds: [Deployment, StatefulSet, DaemonSet, ReplicaSet]}
  - {groups: [batch], versions: [v1], kinds: [Job]}
  templateSource: spec.template
  generatedGVK: {group: "", version: v1, kind: Pod}
---
apiVersion: expansion.gatekeeper.sh/v1beta1
kind: ExpansionTemplate
metadata: {name: cron}
spec:
  applyTo: [{groups: [batch], versions: [v1], kinds: [CronJob]}]
  templateSource: spec.jobTemplate.spec.template
  generatedGVK: {group: "", version: v1, kind: Pod}
`

// program builds gator, once.
func program(t *testing.T) string {
	t.Helper()
	cache, err := stack.Cache(os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	built, err := stack.Linters(t.Context(), cache, t.Logf, stack.Gator)
	if err != nil {
		t.Fatal(err)
	}
	return built[stack.Gator].Path
}

// byGator is what gator says: a line for each violation, with action, constraint, object and message.
func byGator(t *testing.T, program, policies string, all []object) []string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "policies.yaml"), []byte(policies+"---\n"+expansion))
	for i, o := range all {
		data, err := yaml.Marshal(o.content)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, fmt.Sprintf("%04d.yaml", i)), data)
	}
	var results []struct {
		Msg               string
		Constraint        struct{ Kind, Metadata any }
		EnforcementAction string
		ScopedActions     []string
		ViolatingObject   struct {
			Metadata struct{ Annotations map[string]string }
		}
	}
	out := gator(t.Context(), t, program, dir)
	if err := json.Unmarshal(out, &results); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var lines []string
	for _, r := range results {
		id := r.ViolatingObject.Metadata.Annotations[idAnnotation]
		if id == "" {
			continue // a policy
		}
		metadata, _ := r.Constraint.Metadata.(map[string]any)
		action := r.EnforcementAction
		if action == "scoped" {
			action = r.ScopedActions[0]
		}
		lines = append(lines, fmt.Sprintf("%s %v/%v %s: %s", action, r.Constraint.Kind, metadata["name"], id, plain(r.Msg)))
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

// plain is a message without the name of the template that made the pod.
func plain(msg string) string {
	if _, rest, ok := strings.Cut(msg, "] "); ok && strings.HasPrefix(msg, "[Implied by ") {
		return rest
	}
	return msg
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// gator runs it over a folder. It exits with 1 where something is denied.
func gator(ctx context.Context, t *testing.T, program, dir string) []byte {
	t.Helper()
	cmd := exec.CommandContext(ctx, program, "test", "-f", dir, "-o", "json")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) || len(out) == 0 {
		t.Fatalf("gator: %v\n%s", err, stderr.Bytes())
	}
	return out
}

var actions = map[finding.Severity]string{finding.Error: "deny", finding.Warning: "warn", finding.Info: "dryrun"}

// byModelops is what modelops says of the same, in the same form. What it does not judge fails the test.
func byModelops(t *testing.T, policies string, all []object) []string {
	t.Helper()
	p, err := policy.Load(fstest.MapFS{"policies/all.yaml": {Data: []byte(policies)}, "policies/pods.yaml": {Data: []byte(expansion)}}, policy.Dir)
	if err != nil {
		t.Fatal(err)
	}
	set := &manifest.Set{Whole: true}
	for _, o := range all {
		data, err := yaml.Marshal(o.content)
		if err != nil {
			t.Fatal(err)
		}
		read, err := source.Manifests(o.id, data)
		if err != nil {
			t.Fatal(err)
		}
		u := &manifest.Unit{Kind: manifest.File, Path: o.id, Objects: read}
		u.Own(read)
		set.Units = append(set.Units, u)
	}
	found, gaps := p.Judge(t.Context(), set)
	for _, g := range gaps {
		t.Errorf("not judged by modelops: %+v", g)
	}
	var lines []string
	for _, f := range found {
		lines = append(lines, fmt.Sprintf("%s %s %s: %s", actions[f.Severity], f.Judge, f.At.File, f.Message))
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

// same fails where the two differ.
func same(t *testing.T, gator, modelops []string) {
	t.Helper()
	if diff := cmp.Diff(gator, modelops); diff != "" {
		t.Errorf("-gator +modelops\n%s", diff)
	}
}
