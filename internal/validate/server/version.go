package server

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/util/validation/field"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/kubernetes/pkg/capabilities"
)

// Version is a minor version of Kubernetes 1.
type Version int

// Linked is the version whose code is linked, Newest the last that the tables here know.
const (
	Linked Version = 33
	Newest Version = 35
)

func (v Version) String() string { return fmt.Sprintf("1.%d", int(v)) }

// ParseVersion reads a version of Kubernetes: 1.35, v1.35.4.
func ParseVersion(s string) (Version, error) {
	parts := strings.Split(strings.TrimPrefix(s, "v"), ".")
	if len(parts) < 2 || parts[0] != "1" {
		return 0, fmt.Errorf("%q is no version of Kubernetes: write it as 1.35", s)
	}
	minor, err := strconv.Atoi(parts[1])
	if err != nil || minor < 1 {
		return 0, fmt.Errorf("%q is no version of Kubernetes: write it as 1.35", s)
	}
	if v := Version(minor); v <= Newest {
		return v, nil
	}
	return 0, fmt.Errorf("version 1.%d of Kubernetes is newer than %s, the newest that is known here", minor, Newest)
}

// features of Kubernetes that the linked code has switched off, and the version that has them on. The code is told to
// judge as that version does.
var features = map[string]Version{
	"DRAAdminAccess": 34, "DRAPrioritizedList": 34, "DynamicResourceAllocation": 34, "PodLevelResources": 34,
	"PreferSameTrafficDistribution": 34, "VolumeAttributesClass": 34,
	"HPAConfigurableTolerance": 35, "ImageVolume": 35, "MutableCSINodeAllocatableCount": 35,
}

var (
	// The switches are the process's. So is what the API server may do on nodes, of which clusters allow privileged pods:
	// whether a namespace does is for Pod Security to say.
	switches sync.Mutex
	switched Version
	clusters sync.Once
)

// use makes the linked code judge as this version does, until what it returns is called.
func (v Version) use() (done func()) {
	switches.Lock()
	clusters.Do(func() { capabilities.Setup(true, 0) })
	if switched != v {
		on := map[string]bool{}
		for name, since := range features {
			on[name] = v >= since
		}
		if err := utilfeature.DefaultMutableFeatureGate.SetFromMap(on); err != nil {
			panic(err) // A name in the table is wrong: the tests set every one.
		}
		switched = v
	}
	return switches.Unlock
}

// newer are fields that came after the linked version, by their type and name, and the version that takes them.
var newer = map[string]Version{
	"v1.PodSpec.hostnameOverride":                    34,
	"v1.PodSpec.workloadRef":                         35,
	"v1.Container.restartPolicyRules":                34,
	"v1.EphemeralContainerCommon.restartPolicyRules": 34,
	"v1.EnvVarSource.fileKeyRef":                     34,
	"v1.VolumeProjection.podCertificate":             34,
	"v1.CSIDriverSpec.serviceAccountTokenInSecrets":  35,
}

// isNewer says whether a field is one that the target knows although the linked code does not. Nobody here judges what
// is in it, and that is noted.
func (r *request) isNewer(t reflect.Type, key string, path []any) bool {
	since, ok := newer[t.String()+"."+key]
	if !ok || r.target < since {
		return false
	}
	r.newer = append(r.newer, path)
	r.skip(fmt.Sprintf("the field is of Kubernetes %s: it is taken, what it says is not judged", since), path...)
	return true
}

// judgedByNewer says whether an error is only there because the linked code does not see a newer field beside it, or
// does not know the newer rule.
func (r *request) judgedByNewer(e *field.Error, path []any) bool {
	for _, n := range r.newer {
		if slices.Equal(path, n[:len(n)-1]) {
			return true
		}
	}
	// From 1.35 on each container may have a restart policy of its own.
	if r.target >= 35 && len(path) > 2 && path[len(path)-1] == "restartPolicy" && slices.Contains([]string{"Never", "OnFailure", "Always"}, fmt.Sprint(r.At(path...))) {
		if list := path[len(path)-3]; list == "containers" || list == "initContainers" {
			r.skip("a restart policy of a container is of Kubernetes 1.35: it is taken, what it means together with others is not judged", path...)
			return true
		}
	}
	return false
}
