package check

import (
	"fmt"

	"github.com/modelops/modelops/render/build"
)

// replicas belong to one owner: the autoscaler where there is one, else the Deployment. A retired model has none.
func replicas(in Input, found report) {
	o, ok := deployment(in, in.After)
	if !ok {
		return
	}
	count := at(o.Content, "spec", "replicas")
	var scaler *build.Object
	for i := range in.After {
		if in.After[i].Kind == "HorizontalPodAutoscaler" {
			scaler = &in.After[i]
		}
	}
	switch {
	case in.Release.Spec.Retired && (scaler != nil || fmt.Sprint(count) != "0"):
		found(o, "spec.replicas", "the release is retired, but the overlay still builds replicas", byPatch)
	case scaler != nil && count != nil:
		found(o, "spec.replicas", fmt.Sprintf("%v replicas are fixed while %s scales them", count, scaler), byPatch)
	case scaler != nil && at(scaler.Content, "spec", "scaleTargetRef", "name") != o.Name:
		found(*scaler, "spec.scaleTargetRef.name", "it scales another object than "+o.String(), byPatch)
	case scaler != nil && number(at(scaler.Content, "spec", "minReplicas")) > number(at(scaler.Content, "spec", "maxReplicas")):
		found(*scaler, "spec.maxReplicas", "it is less than minReplicas", "change spec.scaling in model.yaml")
	case scaler == nil && count == nil && !in.Release.Spec.Retired:
		found(o, "spec.replicas", "neither the Deployment nor an autoscaler says how many replicas there are", byPatch)
	}
}

// number reads an integer whatever type it was decoded into.
func number(v any) float64 {
	switch v := v.(type) {
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case float64:
		return v
	}
	return 0
}
