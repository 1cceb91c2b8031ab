// Package stack runs the components that modelops talks to in production as child processes on loopback: etcd,
// the Kubernetes API server, controller manager and scheduler, kwok in the place of nodes, Redis, Argo CD and a Git
// server over HTTP. Beside those, and independent of them, it runs Gitea, a Git host with users and rights, over HTTP and
// ssh. It needs no containers and no root: all but Redis and git are built from Go modules, once, into
// a cache folder outside the repository.
//
// Its one rule: what it starts it stops. Every part listens on 127.0.0.1 where it can be told to, writes below one
// folder, and dies with the process that started it.
package stack
