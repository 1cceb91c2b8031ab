package build

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// kustomize keeps one schema for all of the process, by which it merges patches. To read the whole one takes longer than
// all else of a build, so what is mostly built has a part of it here, definition by definition the same.
//
//go:embed schema.json
var part []byte

// partKinds are what part defines: what the standard renders.
var partKinds = []yaml.TypeMeta{
	{APIVersion: "v1", Kind: "Namespace"}, {APIVersion: "v1", Kind: "ResourceQuota"}, {APIVersion: "v1", Kind: "LimitRange"},
	{APIVersion: "v1", Kind: "Service"}, {APIVersion: "v1", Kind: "ServiceAccount"}, {APIVersion: "v1", Kind: "ConfigMap"},
	{APIVersion: "apps/v1", Kind: "Deployment"}, {APIVersion: "autoscaling/v2", Kind: "HorizontalPodAutoscaler"},
	{APIVersion: "policy/v1", Kind: "PodDisruptionBudget"}, {APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
	{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "Role"}, {APIVersion: "rbac.authorization.k8s.io/v1", Kind: "RoleBinding"},
}

// schema is read by builds, and written by what loads another one.
var schema struct {
	sync.RWMutex
	loaded loaded
}

// loaded is how much of the schema is; at first it is nothing.
type loaded int

const (
	// aPart is loaded, and kustomize finds no more.
	aPart loaded = iota + 1
	// all is loaded, or will be by kustomize itself when it is asked.
	all
)

// Warm begins to load the part of the schema that the first build of a process needs, so that it is there when the first
// build is. It returns at once; builds before the end of it wait for it.
func Warm() {
	go func() {
		withSchema(aPart)
		schema.RUnlock()
	}()
}

// withSchema returns with so much of the schema loaded and held for reading.
func withSchema(need loaded) {
	for schema.RLock(); schema.loaded < need; schema.RLock() {
		schema.RUnlock()
		schema.Lock()
		if schema.loaded < need {
			load(need)
		}
		schema.Unlock()
	}
}

func load(need loaded) {
	openapi.ResetOpenAPI()
	schema.loaded = all
	if need == all {
		return
	}
	var definitions spec.Definitions
	if err := json.Unmarshal(part, &definitions); err != nil {
		return // kustomize's own holds the same
	}
	openapi.SuppressBuiltInSchemaUse()
	openapi.AddDefinitions(definitions)
	openapi.SchemaForResourceType(partKinds[0])
	schema.loaded = aPart
}

// needs says how much of the schema a folder takes: all of it where it holds a kind of Kubernetes that the part has not, or
// a patch may make one. Of kinds that are not Kubernetes' own kustomize has no schema.
func (in *inspection) needs() loaded {
	kustomizations := map[string]bool{}
	for _, k := range in.list {
		kustomizations[k.file] = true
		if slices.ContainsFunc(k.Patches, func(p types.Patch) bool { return p.Options != nil }) {
			return all
		}
	}
	for file, docs := range in.read {
		if !kustomizations[file] && slices.ContainsFunc(docs, func(d *yaml.Node) bool { return !inPart(d) }) {
			return all
		}
	}
	return aPart
}

func inPart(d *yaml.Node) bool {
	var t yaml.TypeMeta
	if err := d.Decode(&t); err != nil {
		return false
	}
	group, _, grouped := strings.Cut(t.APIVersion, "/")
	ours := !grouped || !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io")
	return !ours || slices.Contains(partKinds, t)
}
