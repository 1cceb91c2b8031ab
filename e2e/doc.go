// Package e2e tests modelops against the real components: Kubernetes, Argo CD 2 and 3, git over HTTP, and Gitea over HTTP
// and ssh. Its tests have the build tag e2e (make e2e); the components are started by the package stack.
package e2e
