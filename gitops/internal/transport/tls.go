package transport

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/modelops/modelops/gitops/internal/git"
)

// tlsFor follows git's settings for one URL, and before them the variables that git takes.
func tlsFor(cfg git.Config, g git.Program, u *url.URL) (*tls.Config, error) {
	out := &tls.Config{MinVersion: tls.VersionTLS12}
	if verify, ok := cfg.LastForURL(u, "sslverify"); ok {
		out.InsecureSkipVerify = !git.Truth(verify) //nolint:gosec // the user's own setting
	}
	if _, off := g.Env("GIT_SSL_NO_VERIFY"); off { // whatever its value, as with git
		out.InsecureSkipVerify = true
	}
	var err error
	if out.RootCAs, err = rootsFor(cfg, g, u); err != nil {
		return nil, err
	}
	out.Certificates, err = clientCert(cfg, g, u)
	return out, err
}

// sslFile is a file or folder that git's configuration or its variable for the same names.
func sslFile(cfg git.Config, g git.Program, u *url.URL, key, env string) string {
	if v, ok := g.Env(env); ok && v != "" {
		return v
	}
	v, _ := cfg.LastForURL(u, key)
	return g.Expand(v)
}

// rootsFor adds private authorities to those of the system; nil stands for the system's alone.
func rootsFor(cfg git.Config, g git.Program, u *url.URL) (*x509.CertPool, error) {
	files := []string{}
	if f := sslFile(cfg, g, u, "sslcainfo", "GIT_SSL_CAINFO"); f != "" {
		files = append(files, f)
	}
	if dir := sslFile(cfg, g, u, "sslcapath", "GIT_SSL_CAPATH"); dir != "" {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, fmt.Errorf("http.sslCAPath: %w", err)
		}
		for _, e := range entries {
			if !e.IsDir() {
				files = append(files, filepath.Join(dir, e.Name()))
			}
		}
	}
	if len(files) == 0 {
		return nil, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	found := false
	for _, f := range files {
		data, err := os.ReadFile(f) //nolint:gosec // the user's own setting
		if err != nil {
			return nil, fmt.Errorf("http.sslCAInfo: %w", err)
		}
		found = pool.AppendCertsFromPEM(data) || found
	}
	if !found {
		return nil, fmt.Errorf("http.sslCAInfo: %s holds no certificate in PEM form", files[0])
	}
	return pool, nil
}

// clientCert reads the certificate that a server may ask for; its key may be in the same file.
func clientCert(cfg git.Config, g git.Program, u *url.URL) ([]tls.Certificate, error) {
	cert := sslFile(cfg, g, u, "sslcert", "GIT_SSL_CERT")
	if cert == "" {
		return nil, nil
	}
	key := cmp.Or(sslFile(cfg, g, u, "sslkey", "GIT_SSL_KEY"), cert)
	data, err := os.ReadFile(key) //nolint:gosec // the user's own setting
	if err != nil {
		return nil, fmt.Errorf("http.sslKey: %w", err)
	}
	if encryptedKey(data) {
		return nil, fmt.Errorf("http.sslKey: %s is encrypted, and keys with a password are not supported: openssl pkey -in FILE -out FILE writes it without one", key)
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("http.sslCert: %w", err)
	}
	return []tls.Certificate{pair}, nil
}

func encryptedKey(data []byte) bool {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
			return true
		}
	}
	return false
}

// explainTLS says what to set where a certificate is the trouble.
func explainTLS(err error, u *url.URL) error {
	site := "http.https://" + u.Host + "/"
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &unknown):
		return &advisedError{err, []string{"git config --global " + site + ".sslCAInfo FILE, or GIT_SSL_CAINFO=FILE, names the certificate of your authority"}}
	case strings.Contains(err.Error(), "tls: certificate required") || strings.Contains(err.Error(), "tls: bad certificate"):
		return &advisedError{err, []string{"git config --global " + site + ".sslCert FILE, and .sslKey FILE, name the client certificate that the server asks for"}}
	}
	return err
}

// advisedError is an error for which there is something to type.
type advisedError struct {
	err   error
	hints []string
}

func (e *advisedError) Error() string   { return e.err.Error() }
func (e *advisedError) Unwrap() error   { return e.err }
func (e *advisedError) Hints() []string { return e.hints }
