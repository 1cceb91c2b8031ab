package catalogue

// Guard is a check as the API server can make it: an expression over one object alone, from which policies for a cluster
// are written. Whatever it refuses, the check finds as well; the check may find more, by what it knows beside the object.
type Guard struct {
	// Kinds that it is about, as GROUP/Kind, or PodSpec.
	Kinds []string
	// Expression in CEL that is true where all is well, over `object`, or over `variables.pod` where it is about PodSpec.
	Expression string
	// Message of a refusal.
	Message string
}

// PodSpec stands in Guard.Kinds for every kind that runs pods. The expression sees the pod's spec as `variables.pod`.
const PodSpec = "PodSpec"

// PodVariable is the CEL expression of `variables.pod`.
const PodVariable = `object.kind == "Pod" ? object.spec : object.kind == "CronJob" ? object.spec.jobTemplate.spec.template.spec : object.spec.template.spec`

// containers is the CEL expression of all containers of a pod.
const containers = `(variables.pod.containers + (has(variables.pod.initContainers) ? variables.pod.initContainers : []))`

// Holds says what the guard is about: whether an object is of one of its kinds.
func (g *Guard) Holds(apiVersion, kind string) bool {
	group := ""
	for i := range apiVersion {
		if apiVersion[i] == '/' {
			group = apiVersion[:i]
		}
	}
	for _, k := range g.Kinds {
		if k == PodSpec && podSpecs[kind] != nil || k == group+"/"+kind {
			return true
		}
	}
	return false
}
