package stack

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	_ "embed"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// kubeToken is the bearer token of the cluster's administrator. The API server listens on loopback only.
const kubeToken = "e2e-administrator"

//go:embed assets/kwok-stages.yaml
var kwokStages string

// podLog is what every pod of the cluster has logged, in the container runtime's own format.
const podLog = "2026-01-01T00:00:00.000000000Z stdout F loading model weights\n" +
	"2026-01-01T00:00:01.000000000Z stderr F serving started\n"

// startKube starts etcd and the control plane and waits until it answers.
func (s *Stack) startKube(ctx context.Context) error {
	port, err := s.ports.take(6)
	if err != nil {
		return err
	}
	manager, scheduler, kubelet := port[3], port[4], port[5]
	if err := s.startStore(ctx, port[:3]); err != nil {
		return err
	}
	loopback := []string{"--kubeconfig=" + s.KubeconfigPath, "--leader-elect=false", "--bind-address=127.0.0.1", "--cert-dir=" + s.path("pki")}
	if err := s.startSecure(ctx, "kube-controller-manager", manager, append(loopback,
		"--service-account-private-key-file="+s.path("pki/sa.key"), "--use-service-account-credentials=false")); err != nil {
		return err
	}
	if err := s.startSecure(ctx, "kube-scheduler", scheduler, loopback); err != nil {
		return err
	}
	return s.startKwok(kubelet)
}

// startStore starts etcd and the API server on three ports.
func (s *Stack) startStore(ctx context.Context, port []int) error {
	etcd, peer, api := port[0], port[1], port[2]
	s.kubeURL = fmt.Sprintf("https://127.0.0.1:%d", api)
	if err := s.writeKubeFiles(); err != nil {
		return err
	}
	if err := s.startEtcd(ctx, etcd, peer); err != nil {
		return err
	}
	return s.startAPIServer(ctx, etcd, api)
}

// startEtcd starts etcd. Its data dies with the stack, so it need not reach the disk.
func (s *Stack) startEtcd(ctx context.Context, client, peer int) error {
	url := fmt.Sprintf("http://127.0.0.1:%d", client)
	peerURL := fmt.Sprintf("http://127.0.0.1:%d", peer)
	p, err := s.supervisor.start(command{name: "etcd", path: s.programs.path("etcd"), args: []string{
		"--data-dir=" + s.path("etcd"), "--unsafe-no-fsync",
		"--listen-client-urls=" + url, "--advertise-client-urls=" + url,
		"--listen-peer-urls=" + peerURL, "--initial-advertise-peer-urls=" + peerURL, "--initial-cluster=default=" + peerURL,
	}})
	if err != nil {
		return err
	}
	return p.ready(ctx, answers(url+"/health", ""))
}

// startAPIServer starts the API server with the admission plugins that are on by default, ServiceAccount included.
func (s *Stack) startAPIServer(ctx context.Context, etcd, port int) error {
	p, err := s.supervisor.start(command{name: "kube-apiserver", path: s.programs.path("kube-apiserver"), args: []string{
		fmt.Sprintf("--etcd-servers=http://127.0.0.1:%d", etcd),
		"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", port),
		"--cert-dir=" + s.path("pki"), "--token-auth-file=" + s.path("pki/tokens.csv"), "--authorization-mode=RBAC",
		"--service-account-key-file=" + s.path("pki/sa.pub"), "--service-account-signing-key-file=" + s.path("pki/sa.key"),
		"--service-account-issuer=https://kubernetes.default.svc", "--service-cluster-ip-range=10.96.0.0/16", "--allow-privileged=true",
	}})
	if err != nil {
		return err
	}
	return p.ready(ctx, answers(s.kubeURL+"/readyz", kubeToken))
}

// startSecure starts a part of the control plane that serves its health over TLS.
func (s *Stack) startSecure(ctx context.Context, name string, port int, args []string) error {
	args = append(args[:len(args):len(args)], fmt.Sprintf("--secure-port=%d", port))
	p, err := s.supervisor.start(command{name: name, path: s.programs.path(name), args: args})
	if err != nil {
		return err
	}
	return p.ready(ctx, answers(fmt.Sprintf("https://127.0.0.1:%d/healthz", port), ""))
}

// startKwok starts kwok, which plays the nodes and their pods, and serves pod logs where a kubelet would. Without a
// lease duration it renews no lease, and after 50 seconds every node is unreachable for good.
func (s *Stack) startKwok(port int) error {
	_, err := s.supervisor.start(command{name: "kwok", path: s.programs.path("kwok"), args: []string{
		"--kubeconfig=" + s.KubeconfigPath, "--manage-all-nodes=true", "--node-ip=127.0.0.1",
		"--node-lease-duration-seconds=40", "--config=" + s.path("kwok.yaml"),
		fmt.Sprintf("--node-port=%d", port), fmt.Sprintf("--server-address=127.0.0.1:%d", port),
		"--tls-cert-file=" + s.path("pki/kwok.crt"), "--tls-private-key-file=" + s.path("pki/kwok.key"),
	}})
	return err
}

// writeKubeFiles writes keys, tokens, the kubeconfig and kwok's configuration.
func (s *Stack) writeKubeFiles() error {
	if err := os.MkdirAll(s.path("pki"), 0o755); err != nil {
		return err
	}
	files := map[string][]byte{
		"pki/tokens.csv": []byte(kubeToken + `,admin,admin,"system:masters"` + "\n"),
		"kubeconfig":     kubeconfig(s.kubeURL),
		"pod.log":        []byte(podLog),
		"kwok.yaml":      []byte(strings.ReplaceAll(kwokStages, "POD_LOG", s.path("pod.log"))),
	}
	if err := addKeys(files); err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(s.path(name), content, 0o600); err != nil {
			return err
		}
	}
	s.KubeconfigPath = s.path("kubeconfig")
	return nil
}

// addKeys makes the key pair that service account tokens are signed with, and kwok's serving certificate.
func addKeys(files map[string][]byte) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	certificate := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kwok"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	signed, err := x509.CreateCertificate(rand.Reader, certificate, certificate, &key.PublicKey, key)
	if err != nil {
		return err
	}
	private := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	files["pki/sa.key"], files["pki/kwok.key"] = private, private
	files["pki/sa.pub"] = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	files["pki/kwok.crt"] = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})
	return nil
}

// kubeconfig is the administrator's, with Argo CD's namespace as the default: Argo CD takes its own from there.
func kubeconfig(server string) []byte {
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters: [{name: e2e, cluster: {server: %q, insecure-skip-tls-verify: true}}]
users: [{name: admin, user: {token: %s}}]
contexts: [{name: e2e, context: {cluster: e2e, user: admin, namespace: argocd}}]
current-context: e2e
`, server, kubeToken)
}

// answers returns a check that a GET is answered with 200. The certificates of the control plane are its own.
func answers(url, token string) func(context.Context) error {
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}, Timeout: 5 * time.Second}
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("GET %s: %s", url, resp.Status)
		}
		return nil
	}
}

// path returns the path of a file in the stack's folder.
func (s *Stack) path(name string) string { return filepath.Join(s.dir, filepath.FromSlash(name)) }
