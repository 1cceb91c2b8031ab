package server_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/validate/server"
)

// restricted is a pod that every level takes.
const restricted = `apiVersion: v1
kind: Pod
metadata: {name: p, namespace: team-a}
spec:
  hostUsers: HOSTUSERS
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
  volumes: [{name: tmp, emptyDir: {}}]
  containers:
  - name: init
    image: registry.example/init:1
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
  - name: server
    image: registry.example/server:1
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
    readinessProbe: {httpGet: {path: /, port: 80}}
`

func namespace(labels string) string {
	return "apiVersion: v1\nkind: Namespace\nmetadata: {name: team-a, labels: {" + labels + "}}\n"
}

const enforce = "pod-security.kubernetes.io/enforce: "

// TestPodSecurity breaks one thing of a good pod at a time. What is expected is line and check of each finding.
func TestPodSecurity(t *testing.T) {
	for _, c := range []struct {
		name, labels, old, new string
		target                 server.Version
		want                   []string
	}{
		{name: "as it is", labels: enforce + "restricted"},
		{name: "escalation", labels: enforce + "restricted", old: "server:1\n    securityContext: {allowPrivilegeEscalation: false", new: "server:1\n    securityContext: {allowPrivilegeEscalation: true",
			want: []string{"14 allowPrivilegeEscalation"}},
		{name: "all capabilities", labels: enforce + "restricted", old: "drop: [ALL]", new: "drop: []", want: []string{"11 capabilities_restricted"}},
		{name: "root", labels: enforce + "restricted", old: "runAsNonRoot: true", new: "runAsNonRoot: false", want: []string{"6 runAsNonRoot"}},
		{name: "no seccomp", labels: enforce + "restricted", old: ", seccompProfile: {type: RuntimeDefault}", want: []string{"11 seccompProfile_restricted"}},
		{name: "files of the node", labels: enforce + "restricted", old: "emptyDir: {}", new: "hostPath: {path: /}", want: []string{"7 restrictedVolumes"}},
		{name: "files of the node in baseline", labels: enforce + "baseline", old: "emptyDir: {}", new: "hostPath: {path: /}", want: []string{"7 hostPathVolumes"}},
		{name: "privileged namespace", labels: enforce + "privileged", old: "emptyDir: {}", new: "hostPath: {path: /}"},
		{name: "no labels", old: "emptyDir: {}", new: "hostPath: {path: /}"},
		{name: "a level that does not exist is the strictest", labels: enforce + "strict", old: "emptyDir: {}", new: "hostPath: {path: /}", want: []string{"7 restrictedVolumes"}},
		{name: "network of the node", labels: enforce + "baseline", old: "hostUsers: HOSTUSERS", new: "hostNetwork: true", want: []string{"4 hostNamespaces"}},
		{name: "probe of another host", labels: enforce + "baseline", old: "path: /,", new: "path: /, host: 10.0.0.1,", want: []string{"12 hostProbesAndHostLifecycle"}},
		{name: "probe of another host before 1.34", labels: enforce + "baseline", target: 33, old: "path: /,", new: "path: /, host: 10.0.0.1,"},
		{name: "probe of another host in a namespace of before", labels: enforce + "baseline, pod-security.kubernetes.io/enforce-version: v1.33", old: "path: /,", new: "path: /, host: 10.0.0.1,"},
		{name: "root in a user namespace", labels: enforce + "restricted", old: "HOSTUSERS\n  securityContext: {runAsNonRoot: true", new: "false\n  securityContext: {runAsNonRoot: false"},
		{name: "root in a user namespace before 1.35", labels: enforce + "restricted", target: 34, old: "HOSTUSERS\n  securityContext: {runAsNonRoot: true", new: "false\n  securityContext: {runAsNonRoot: false",
			want: []string{"6 runAsNonRoot"}},
		{name: "proc in a user namespace", labels: enforce + "restricted", old: "HOSTUSERS", new: "false\n  # procMount", want: []string{"12 procMount_restricted"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(restricted, c.old, c.new, 1)
			if c.old != "" && text == restricted {
				t.Fatal("nothing was broken")
			}
			if strings.Contains(text, "# procMount") {
				text = strings.Replace(text, "{allowPrivilegeEscalation", "{procMount: Unmasked, allowPrivilegeEscalation", 1)
			}
			text = strings.Replace(text, "HOSTUSERS", "true", 1)
			found, skipped := server.PodSecurity(set(unit(t, "pod.yaml", text), unit(t, "namespace.yaml", namespace(c.labels))), server.Options{Target: c.target})
			var got []string
			for _, f := range found {
				_, rest, _ := strings.Cut(f.Message, "check ")
				id, _, _ := strings.Cut(rest, ":")
				got = append(got, strings.TrimPrefix(f.At.String(), "pod.yaml:")+" "+id)
			}
			for i := range got {
				line, rest, _ := strings.Cut(got[i], ":")
				_, id, _ := strings.Cut(rest, " ")
				got[i] = line + " " + id
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s\n%v", diff, found)
			}
			if len(skipped) > 0 {
				t.Errorf("skipped: %v", skipped)
			}
		})
	}
}

// A pod whose namespace nobody showed is not judged, and that is said; one of an overlay is held to the strictest.
func TestPodSecurityWithoutNamespace(t *testing.T) {
	bad := strings.Replace(strings.Replace(restricted, "emptyDir: {}", "hostPath: {path: /}", 1), "HOSTUSERS", "true", 1)
	plain := unit(t, "pod.yaml", bad)
	found, skipped := server.PodSecurity(set(plain), server.Options{})
	if len(found) != 0 || len(skipped) != 1 {
		t.Errorf("a plain file: %v, %v", found, skipped)
	}
	overlay := unit(t, "pod.yaml", bad)
	overlay.Kind = manifest.Overlay
	found, skipped = server.PodSecurity(set(overlay), server.Options{})
	if len(found) != 1 || len(skipped) != 0 {
		t.Errorf("an overlay: %v, %v", found, skipped)
	}
}
