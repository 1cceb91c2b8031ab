package build

import "sigs.k8s.io/kustomize/kyaml/openapi"

// LoadSchema loads kustomize's whole schema, or the part of it.
func LoadSchema(whole bool) {
	schema.Lock()
	defer schema.Unlock()
	if whole {
		load(all)
	} else {
		load(aPart)
	}
}

// UseSchema asks for something of the schema, on which kustomize loads its own.
func UseSchema() { openapi.SchemaForResourceType(partKinds[0]) }
