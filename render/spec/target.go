package spec

import "fmt"

// Target is one model in one environment: an overlay.
type Target struct{ Team, Model, Env string }

// String writes the target as people do in commits: TEAM/MODEL/ENV.
func (t Target) String() string { return t.Team + "/" + t.Model + "/" + t.Env }

// ModelName writes TEAM/MODEL.
func (t Target) ModelName() string { return t.Team + "/" + t.Model }

// ModelDir is the folder that people own.
func (t Target) ModelDir() string { return "models/" + t.Team + "/" + t.Model }

// ModelFile is the path of model.yaml.
func (t Target) ModelFile() string { return t.ModelDir() + "/model.yaml" }

// PatchesDir is the folder of patches that people write.
func (t Target) PatchesDir() string { return t.ModelDir() + "/patches" }

// Dir is the overlay's folder.
func (t Target) Dir() string { return t.ModelDir() + "/" + t.Env }

// ReleaseFile is the path of the overlay's release.yaml.
func (t Target) ReleaseFile() string { return t.Dir() + "/release.yaml" }

// StateFile is the path of the overlay's state.
func (t Target) StateFile() string { return t.ModelDir() + "/state/" + t.Env + ".yaml" }

// Namespace that the overlay is deployed to: one per team and environment.
func (t Target) Namespace() string { return t.Team + "-" + t.Env }

// App is the name of the Argo CD Application. Dots cannot occur in the parts, so two targets never share a name.
func (t Target) App() string { return t.Team + "." + t.Model + "." + t.Env }

// Project is the name of the Argo CD AppProject: one per team and environment, as an Application of a project that
// had both could write into the other environment's namespace.
func (t Target) Project() string { return t.Team + "-" + t.Env }

// Names writes the target into a document's metadata.
func (t Target) Names() TargetNames {
	return TargetNames{Team: t.Team, Model: t.Model, Environment: t.Env}
}

// Target reads it back.
func (n TargetNames) Target() Target { return Target{Team: n.Team, Model: n.Model, Env: n.Environment} }

// MaxAppName is the longest name of an Application: Argo CD 2.14 tracks objects by a label that carries it, and a
// label's value has at most 63 characters.
const MaxAppName = 63

// Check says whether the target's names are valid together.
func (t Target) Check() error {
	if n := t.App(); len(n) > MaxAppName {
		return fmt.Errorf("target %s: Application name %q has %d characters, at most %d are possible", t, n, len(n), MaxAppName)
	}
	return nil
}
