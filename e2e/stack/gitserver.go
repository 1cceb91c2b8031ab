package stack

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// GitServer serves bare repositories over HTTP, for reading and pushing, through git's own CGI program.
type GitServer struct {
	git    string
	root   string
	url    string
	server *http.Server
}

// newGitServer starts a server of the repositories below root.
func newGitServer(git, root string) (*GitServer, error) {
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	g := &GitServer{git: git, root: root, url: "http://" + listener.Addr().String()}
	g.server = &http.Server{Handler: http.HandlerFunc(g.serve), ReadHeaderTimeout: 10 * time.Second}
	go g.server.Serve(listener)
	return g, nil
}

// close stops serving.
func (g *GitServer) close() { g.server.Close() }

// serve hands a request to git. CGI knows no chunked bodies, which git sends for larger pushes, so the body is read
// first.
func (g *GitServer) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	handler := cgi.Handler{
		Path: g.git, Args: []string{"http-backend"},
		Env: append(gitEnv(), "GIT_PROJECT_ROOT="+g.root, "GIT_HTTP_EXPORT_ALL=1", "GIT_PROTOCOL="+r.Header.Get("Git-Protocol")),
	}
	handler.ServeHTTP(w, r)
}

// gitEnv keeps the server's git away from the configuration of whoever runs it.
func gitEnv() []string {
	return []string{"GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_SYSTEM=" + os.DevNull}
}

// URL is where the repository is served.
func (g *GitServer) URL(name string) string { return g.url + "/" + name + ".git" }

// Path is the repository's folder.
func (g *GitServer) Path(name string) string { return filepath.Join(g.root, name+".git") }

// Create makes an empty bare repository with the branch main that can be pushed to.
func (g *GitServer) Create(ctx context.Context, name string) error {
	path := g.Path(name)
	for _, args := range [][]string{
		{"init", "--quiet", "--bare", "--initial-branch=main", path},
		{"-C", path, "config", "http.receivepack", "true"},
	} {
		cmd := exec.CommandContext(ctx, g.git, args...)
		cmd.Env = append(os.Environ(), gitEnv()...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("create repository %s: %w: %s", name, err, bytes.TrimSpace(out))
		}
	}
	return nil
}
