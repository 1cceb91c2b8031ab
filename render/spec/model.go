package spec

// Model is model.yaml: one served model of a team.
type Model struct {
	APIVersion string        `yaml:"apiVersion" spec:"required"`
	Kind       string        `yaml:"kind" spec:"required"`
	Metadata   ModelMetadata `yaml:"metadata" spec:"required"`
	Spec       ModelSpec     `yaml:"spec" spec:"required"`
}

// ModelMetadata names a model and its team.
type ModelMetadata struct {
	// Name of the model; a DNS label that begins with a letter.
	Name string `yaml:"name" spec:"required,dns"`
	// Team that owns it.
	Team string `yaml:"team" spec:"required,dns"`
}

// ModelSpec is how a model is served.
type ModelSpec struct {
	// Runtime that serves the model; one of the standard's runtimes, such as triton, vllm or custom.
	Runtime string `yaml:"runtime" spec:"required,dns"`
	// Standard that the model is rendered by; the platform's when left out.
	Standard string `yaml:"standard,omitempty" spec:"dns"`
	// Serving that holds in every environment unless changed below.
	Serving `yaml:",inline"`
	// Environments change the serving in one of them: maps merge, all else replaces.
	Environments map[string]Serving `yaml:"environments,omitempty"`
}

// Serving is everything about a model that may differ between environments.
type Serving struct {
	// Image of the server: a repository, with a tag, a digest, or {version} in the tag. A repository alone stands for REPOSITORY:{version}.
	Image string `yaml:"image,omitempty" spec:"image"`
	// Artifact with the model's weights; left out where the image contains them.
	Artifact *Artifact `yaml:"artifact,omitempty"`
	// ModelName is the name that clients use at the runtime's API; the model's own when left out.
	ModelName string `yaml:"modelName,omitempty"`
	// Command replaces the image's entry point.
	Command []string `yaml:"command,omitempty"`
	// Args are appended to the arguments that the runtime gives its server.
	Args []string `yaml:"args,omitempty"`
	// Env of the server, after the runtime's own.
	Env []EnvVar `yaml:"env,omitempty"`
	// Ports of a custom runtime, or where a runtime's own are changed.
	Ports *Ports `yaml:"ports,omitempty"`
	// Health endpoints of a custom runtime, or where a runtime's own are changed.
	Health *Health `yaml:"health,omitempty"`
	// Metrics path that is scraped on the metrics port.
	MetricsPath string `yaml:"metricsPath,omitempty"`
	// Resources of one replica.
	Resources Resources `yaml:"resources,omitempty"`
	// SharedMemory mounted at /dev/shm, in bytes; it counts against the memory limit.
	SharedMemory Quantity `yaml:"sharedMemory,omitempty"`
	// Scratch space mounted at /tmp for caches, in bytes; 1Gi when left out.
	Scratch Quantity `yaml:"scratch,omitempty"`
	// Scaling of replicas.
	Scaling Scaling `yaml:"scaling,omitempty"`
	// StartupTimeout is how long loading the model may take, such as 30m; the runtime's when left out.
	StartupTimeout string `yaml:"startupTimeout,omitempty" spec:"duration"`
	// DrainTimeout is how long requests in flight may take when a pod stops, such as 60s; 60s when left out.
	DrainTimeout string `yaml:"drainTimeout,omitempty" spec:"duration"`
	// User id that the server runs as; the runtime's when left out.
	User int `yaml:"user,omitempty" spec:"min=1"`
	// ServiceAccountAnnotations bind the pod's account to a cloud identity.
	ServiceAccountAnnotations map[string]string `yaml:"serviceAccountAnnotations,omitempty"`
	// Clients are pods of other namespaces that may call the model, beside the platform's gateways.
	Clients []Peer `yaml:"clients,omitempty"`
	// Egress that the model needs beside DNS and its model stores.
	Egress []Store `yaml:"egress,omitempty"`
	// NodeSelector of the pods.
	NodeSelector map[string]string `yaml:"nodeSelector,omitempty" spec:"label"`
	// Tolerations of the pods, beside those for GPUs.
	Tolerations []Toleration `yaml:"tolerations,omitempty"`
}

// Artifact is where the model's weights are.
type Artifact struct {
	// URI of the artifact; {version} stands for the version. oci://REPOSITORY[:TAG|@DIGEST] is mounted as an image volume,
	// pvc://CLAIM[/PATH] as a claim, and any other is fetched by the downloader.
	URI string `yaml:"uri" spec:"required"`
	// Path in the container; /mnt/models when left out.
	Path string `yaml:"path,omitempty"`
	// Downloader fetches artifacts of other schemes before the server starts.
	Downloader *Downloader `yaml:"downloader,omitempty"`
}

// Downloader is an init container that fetches an artifact; it is given the URI and the target folder as its last two arguments.
type Downloader struct {
	// Image by digest.
	Image string `yaml:"image" spec:"required,image"`
	// Args before the URI and the folder.
	Args []string `yaml:"args,omitempty"`
	// Env of the downloader, such as credentials from secrets.
	Env []EnvVar `yaml:"env,omitempty"`
	// Size of the folder, in bytes; 10Gi when left out.
	Size Quantity `yaml:"size,omitempty"`
}

// EnvVar is one environment variable: a value, or a key of a Secret.
type EnvVar struct {
	// Name of the variable.
	Name string `yaml:"name" spec:"required,envname"`
	// Value as it stands; never a secret.
	Value string `yaml:"value,omitempty"`
	// Secret that holds the value.
	Secret *SecretKey `yaml:"secret,omitempty"`
}

// SecretKey is a key of a Secret in the model's namespace.
type SecretKey struct {
	// Name of the Secret.
	Name string `yaml:"name" spec:"required"`
	// Key in it.
	Key string `yaml:"key" spec:"required"`
}

// Ports of the server; a port that is left out is the runtime's, or absent.
type Ports struct {
	// HTTP port.
	HTTP int `yaml:"http,omitempty" spec:"min=1024,max=65535"`
	// GRPC port.
	GRPC int `yaml:"grpc,omitempty" spec:"min=1024,max=65535"`
	// Metrics port, where it is not the HTTP port.
	Metrics int `yaml:"metrics,omitempty" spec:"min=1024,max=65535"`
}

// Health endpoints on the HTTP port; {model} stands for the model's name at the API.
type Health struct {
	// Startup answers 200 once the model is loaded; Ready when left out.
	Startup string `yaml:"startup,omitempty" spec:"path"`
	// Ready answers 200 while the server takes requests.
	Ready string `yaml:"ready,omitempty" spec:"path"`
	// Live answers 200 while the process works at all.
	Live string `yaml:"live,omitempty" spec:"path"`
}

// Resources of one replica. The memory limit equals the request, so that a neighbour cannot take it.
type Resources struct {
	// CPU request, in cores.
	CPU Quantity `yaml:"cpu,omitempty"`
	// Memory request and limit, in bytes.
	Memory Quantity `yaml:"memory,omitempty"`
	// EphemeralStorage request and limit, in bytes; scratch and image layers count.
	EphemeralStorage Quantity `yaml:"ephemeralStorage,omitempty"`
	// GPU of one replica.
	GPU *GPU `yaml:"gpu,omitempty"`
}

// GPU request; whole devices only.
type GPU struct {
	// Count of devices.
	Count int `yaml:"count" spec:"required,min=1"`
	// Resource name; nvidia.com/gpu when left out.
	Resource string `yaml:"resource,omitempty"`
	// Product that the node must have, by the label nvidia.com/gpu.product.
	Product string `yaml:"product,omitempty"`
}

// Scaling of replicas: fixed where min equals max, else by a metric.
type Scaling struct {
	// Min replicas; 1 when left out.
	Min int `yaml:"min,omitempty" spec:"min=1"`
	// Max replicas; min when left out.
	Max int `yaml:"max,omitempty" spec:"min=1"`
	// CPUUtilization target in percent of the request; 70 where no metric is named.
	CPUUtilization int `yaml:"cpuUtilization,omitempty" spec:"min=1,max=1000"`
	// Metric of the pods to scale on instead.
	Metric *ScalingMetric `yaml:"metric,omitempty"`
}

// ScalingMetric is a custom metric with its wanted average per pod.
type ScalingMetric struct {
	// Name of the metric in the custom metrics API.
	Name string `yaml:"name" spec:"required"`
	// Average wanted per pod.
	Average Quantity `yaml:"average" spec:"required"`
}

// Toleration of a node's taint.
type Toleration struct {
	// Key of the taint.
	Key string `yaml:"key" spec:"required"`
	// Value of the taint; left out: any.
	Value string `yaml:"value,omitempty"`
	// Effect of the taint; left out: any.
	Effect string `yaml:"effect,omitempty" spec:"enum=NoSchedule|PreferNoSchedule|NoExecute"`
}
