package spec

import (
	"fmt"
	"strings"
	"time"
)

// reserved names cannot be a team, a model or an environment: they are folders of the layout, or namespaces of the system.
var reserved = map[string]bool{
	"patches": true, "state": true, "holds": true, "base": true, "kube": true, "default": true, "argocd": true,
}

func (w *walker) name(path, name string) {
	switch {
	case reserved[name], strings.HasPrefix(name, "kube-"), strings.HasPrefix(name, "openshift-"):
		w.at(path, fmt.Sprintf("the name %q is reserved", name), "choose another name")
	case name != "" && (name[0] < 'a' || name[0] > 'z'):
		w.at(path, fmt.Sprintf("the name %q does not begin with a letter", name), "Service names must")
	}
}

func (p *Platform) check(w *walker) {
	seen := map[string]bool{}
	for i, e := range p.Spec.Environments {
		at := fmt.Sprintf("spec.environments[%d]", i)
		if seen[e.Name] {
			w.at("spec.environments", fmt.Sprintf("the environment %q is given twice", e.Name), "")
		}
		seen[e.Name] = true
		w.name("spec.environments", e.Name)
		if e.Cluster.Server != "" && e.Cluster.Name != "" {
			w.at("spec.environments", at+".cluster: both server and name are given", "keep one of them")
		}
	}
	for _, s := range p.Spec.Network.ModelStores {
		s.check(w, "spec.network.modelStores")
	}
}

func (s Store) check(w *walker, path string) {
	if (s.CIDR == "") == (s.Peer == nil) {
		w.at(path, "exactly one of cidr and peer is needed", "")
	}
}

func (t *Team) check(w *walker) {
	w.name("metadata.name", t.Metadata.Name)
	for env, tenancy := range t.Spec.PerEnvironment {
		if !forms["env"].pattern.MatchString(env) {
			w.at("spec.perEnvironment."+env, fmt.Sprintf("%q is not %s", env, forms["env"].what), "")
		}
		tenancy.check(w, "spec.perEnvironment."+env)
	}
	t.Spec.Tenancy.check(w, "spec")
}

func (t Tenancy) check(w *walker, path string) {
	for _, s := range t.Network.ModelStores {
		s.check(w, path+".network.modelStores")
	}
}

func (m *Model) check(w *walker) {
	w.name("metadata.name", m.Metadata.Name)
	w.name("metadata.team", m.Metadata.Team)
	for _, suffix := range []string{"-canary", "-stable", "-primary"} {
		if strings.HasSuffix(m.Metadata.Name, suffix) {
			w.at("metadata.name", fmt.Sprintf("a model's name cannot end in %s, which names objects of its own", suffix), "choose another name")
		}
	}
	m.Spec.check(w, "spec")
}

func (m *ModelSpec) check(w *walker, path string) {
	m.Serving.check(w, path)
	for env, s := range m.Environments {
		if !forms["env"].pattern.MatchString(env) {
			w.at(path+".environments."+env, fmt.Sprintf("%q is not %s", env, forms["env"].what), "")
		}
		if s.Image != "" || s.Artifact != nil {
			w.at(path+".environments."+env+".image", "image and artifact are the same in every environment: a version names one content", "give them in spec, or a version of its own")
		}
		s.check(w, path+".environments."+env)
	}
}

func (s *Serving) check(w *walker, path string) {
	if s.Scaling.Max != 0 && s.Scaling.Min > s.Scaling.Max {
		w.at(path+".scaling.max", fmt.Sprintf("max %d is less than min %d", s.Scaling.Max, s.Scaling.Min), "")
	}
	if s.Scaling.Metric != nil && s.Scaling.CPUUtilization != 0 {
		w.at(path+".scaling.metric", "both metric and cpuUtilization are given", "keep one of them")
	}
	for i, e := range s.Env {
		if e.Secret != nil && e.Value != "" {
			w.at(path+".env", fmt.Sprintf("env[%d] %s has both value and secret", i, e.Name), "keep one of them")
		}
	}
	for _, e := range s.Egress {
		e.check(w, path+".egress")
	}
	if s.Artifact != nil {
		s.Artifact.check(w, path+".artifact")
	}
}

func (a *Artifact) check(w *walker, path string) {
	scheme, rest, ok := strings.Cut(a.URI, "://")
	if !ok || scheme == "" || rest == "" {
		w.at(path+".uri", fmt.Sprintf("%q is not SCHEME://PLACE", a.URI), "such as oci://REPOSITORY:{version}, pvc://CLAIM/PATH or s3://BUCKET/{version}")
		return
	}
	if a.Path != "" && !strings.HasPrefix(a.Path, "/") {
		w.at(path+".path", fmt.Sprintf("%q is not an absolute path", a.Path), "")
	}
	if a.Downloader != nil && !strings.Contains(a.Downloader.Image, "@sha256:") {
		w.at(path+".downloader.image", "the downloader's image is not pinned by digest", "write REPOSITORY@sha256:DIGEST")
	}
}

func (r *Release) check(w *walker) {
	r.Spec.Model.check(w, "spec.model")
	if writtenID(w.data) == r.Spec.ID {
		return
	}
	if id := ReleaseID(r.Spec); id != r.Spec.ID {
		w.at("spec.id", fmt.Sprintf("the id is %s, but the content's is %s: the file was edited by hand", r.Spec.ID, id),
			"releases are written by modelops promote; restore the file with git checkout")
	}
}

func (s *State) check(w *walker) {
	if len(s.Spec.Past) > MaxPast {
		w.at("spec.past", fmt.Sprintf("%d entries, at most %d are kept", len(s.Spec.Past), MaxPast), "")
	}
}

// MaxPast is how many earlier releases a state keeps.
const MaxPast = 20

// Expired says whether the hold no longer holds at this time.
func (h Hold) Expired(now time.Time) bool { return h.Until != nil && !now.Before(*h.Until) }

// Matches says whether the hold refuses this release.
func (h Hold) Matches(id, version, image, artifact string) bool {
	if h.Version == "" && h.ID == "" && h.Image == "" && h.Artifact == "" {
		return true
	}
	return h.Version != "" && h.Version == version || h.ID != "" && h.ID == id ||
		h.Image != "" && h.Image == image || h.Artifact != "" && h.Artifact == artifact
}
