// Package standard loads standards and fills their manifests with values. A standard is data: a folder of Kubernetes
// manifests that are valid as they stand, sheets that bind values to field paths, components that apply under a
// condition, and runtimes. Values and conditions are CEL expressions without I/O and with a bounded cost; what they give
// is put into the manifests as YAML nodes, never as text, so that a value cannot become structure.
//
// The folder of a standard:
//
//	overlay.yaml     overlay/*.yaml     the sheet and the manifests of a model in one environment
//	components/*.yaml                   sheets with a condition that add to the manifests of overlay/
//	runtimes/*.yaml                     one serving runtime each
//	tenant.yaml      tenant/*.yaml      the objects of a team in one environment
//	argocd.yaml      argocd/*.yaml      Argo CD's objects of a team in one environment
//	environment.yaml environment/*.yaml Argo CD's objects of one environment
//	platform.yaml    platform/*.yaml    Argo CD's objects of the whole platform
package standard
