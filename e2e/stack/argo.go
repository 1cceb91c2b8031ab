package stack

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// startArgo starts Redis and Argo CD's components. The applicationset controller comes last: it opens its webhook port
// only if it finds the key that the server writes.
func (s *Stack) startArgo(ctx context.Context) error {
	port, err := s.ports.take(10)
	if err != nil {
		return err
	}
	for _, dir := range []string{"tls", "ssh", "gpg", "gpg-keys", "home"} {
		if err := os.MkdirAll(s.path(dir), 0o700); err != nil {
			return err
		}
	}
	if err := os.WriteFile(s.path("ssh/ssh_known_hosts"), nil, 0o600); err != nil {
		return err
	}
	redis, repo := loopback(port[0]), loopback(port[1])
	s.ArgoServer = loopback(port[2])
	webhook := loopback(port[3])
	s.AppSetWebhook = "http://" + webhook + "/api/webhook"
	if err := s.startRedis(ctx, port[0]); err != nil {
		return err
	}
	for _, c := range []argoComponent{
		{name: "argocd-repo-server", ready: answers("http://"+loopback(port[4])+"/healthz", ""), args: []string{
			"--redis=" + redis, "--address=127.0.0.1", fmt.Sprintf("--port=%d", port[1]),
			"--metrics-address=127.0.0.1", fmt.Sprintf("--metrics-port=%d", port[4])}},
		{name: "argocd-application-controller", ready: answers("http://"+loopback(port[5])+"/healthz", ""), args: []string{
			"--redis=" + redis, "--repo-server=" + repo, fmt.Sprintf("--metrics-port=%d", port[5])}},
		{name: "argocd-server", ready: answers("http://"+s.ArgoServer+"/healthz", ""), args: []string{
			"--insecure", "--redis=" + redis, "--repo-server=" + repo, "--dex-server=http://127.0.0.1:1",
			"--address=127.0.0.1", fmt.Sprintf("--port=%d", port[2]),
			"--metrics-address=127.0.0.1", fmt.Sprintf("--metrics-port=%d", port[6])}},
		{name: "argocd-applicationset-controller", ready: listens(webhook), args: []string{
			"--argocd-repo-server=" + repo, "--metrics-addr=" + loopback(port[7]), "--probe-addr=" + loopback(port[8]),
			"--webhook-addr=" + webhook}},
	} {
		if err := s.startArgoComponent(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// argoComponent is one role of Argo CD's single program.
type argoComponent struct {
	name  string
	ready func(context.Context) error
	args  []string
}

// startArgoComponent starts one component and waits for its health. The roles of one program are chosen by a variable.
func (s *Stack) startArgoComponent(ctx context.Context, c argoComponent) error {
	p, err := s.supervisor.start(command{name: c.name, path: s.programs.path("argocd"), args: c.args, dir: s.dir, env: append(s.argoEnv(),
		"ARGOCD_BINARY_NAME="+c.name)})
	if err != nil {
		return err
	}
	return p.ready(ctx, c.ready)
}

// argoEnv lets Argo CD run outside a cluster: it takes the kubeconfig's cluster for its own, and finds its files, and
// kustomize, where an image would have them. Its git is kept away from the configuration of whoever runs the tests.
func (s *Stack) argoEnv() []string {
	return []string{
		"KUBECONFIG=" + s.KubeconfigPath,
		"ARGOCD_FAKE_IN_CLUSTER=true",
		"ARGOCD_TLS_DATA_PATH=" + s.path("tls"), "ARGOCD_SSH_DATA_PATH=" + s.path("ssh"),
		"ARGOCD_GNUPGHOME=" + s.path("gpg"), "ARGOCD_GPG_DATA_PATH=" + s.path("gpg-keys"), "ARGOCD_GPG_ENABLED=false",
		"ARGOCD_PLUGINSOCKFILEPATH=" + s.path("plugins"),
		"HOSTNAME=e2e-0", "HOME=" + s.path("home"), "TMPDIR=" + s.path("home"),
		"GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_SYSTEM=" + os.DevNull,
		"PATH=" + filepath.Dir(s.programs.Kustomize()) + string(os.PathListSeparator) + os.Getenv("PATH"),
	}
}

// startRedis starts Argo CD's cache, in memory only.
func (s *Stack) startRedis(ctx context.Context, port int) error {
	p, err := s.supervisor.start(command{name: "redis", path: s.programs.path("redis-server"), dir: s.dir, args: []string{
		"--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"}})
	if err != nil {
		return err
	}
	return p.ready(ctx, listens(loopback(port)))
}

// listens returns a check that somebody listens at the address, for parts that answer no health question.
func listens(address string) func(context.Context) error {
	return func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return conn.Close()
	}
}

// loopback is an address on this machine alone.
func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
