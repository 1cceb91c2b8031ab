package spec

// Team is team.yaml: a tenant. It has one namespace per environment.
type Team struct {
	APIVersion string   `yaml:"apiVersion" spec:"required"`
	Kind       string   `yaml:"kind" spec:"required"`
	Metadata   Metadata `yaml:"metadata" spec:"required"`
	Spec       TeamSpec `yaml:"spec" spec:"required"`
}

// TeamSpec says who owns the tenant and how much it may use.
type TeamSpec struct {
	// Owners are groups of the identity provider that may look into the namespaces and drive the team's Applications.
	Owners []string `yaml:"owners,omitempty"`
	// Environments that the team has; all of the platform's when left out.
	Environments []string `yaml:"environments,omitempty"`
	// Tenancy that holds in every environment unless changed below.
	Tenancy `yaml:",inline"`
	// PerEnvironment changes by environment: maps merge, all else replaces.
	PerEnvironment map[string]Tenancy `yaml:"perEnvironment,omitempty"`
}

// Tenancy is what a team may use in one environment.
type Tenancy struct {
	// Quota of the namespace, summed over all pods.
	Quota Quota `yaml:"quota,omitempty"`
	// Limits of one container, and what a container gets that names none.
	Limits ContainerLimits `yaml:"limits,omitempty"`
	// Network peers of this team beside the platform's.
	Network TeamNetwork `yaml:"network,omitempty"`
}

// Quota bounds a namespace. What is left out is not bounded, but for load balancers and node ports, which are never allowed.
type Quota struct {
	// CPU requests, in cores.
	CPU Quantity `yaml:"cpu,omitempty"`
	// Memory requests and limits, in bytes.
	Memory Quantity `yaml:"memory,omitempty"`
	// EphemeralStorage requests, in bytes.
	EphemeralStorage Quantity `yaml:"ephemeralStorage,omitempty"`
	// GPUs requested, by resource name such as nvidia.com/gpu.
	GPUs map[string]Quantity `yaml:"gpus,omitempty"`
	// Pods at once; remember the surge pod of a rollout.
	Pods int `yaml:"pods,omitempty" spec:"min=1"`
	// Storage requested by claims, in bytes.
	Storage Quantity `yaml:"storage,omitempty"`
	// Claims on persistent volumes.
	Claims int `yaml:"claims,omitempty" spec:"min=0"`
}

// ContainerLimits bound one container. GPUs are not here on purpose: a LimitRange would give one to every container.
type ContainerLimits struct {
	// MaxMemory of one container, in bytes.
	MaxMemory Quantity `yaml:"maxMemory,omitempty"`
	// DefaultMemory of a container that sets no limit, in bytes; 512Mi when left out.
	DefaultMemory Quantity `yaml:"defaultMemory,omitempty"`
	// DefaultCPU requested for a container that requests none, in cores; 100m when left out.
	DefaultCPU Quantity `yaml:"defaultCPU,omitempty"`
}

// TeamNetwork adds peers for one team.
type TeamNetwork struct {
	// ModelStores that this team's pods may reach.
	ModelStores []Store `yaml:"modelStores,omitempty"`
}
