package registry

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	reg "github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// served is a registry with an image vision/resnet:1.4.2 and an index vision/multi:1, behind a handler.
func served(t *testing.T, wrap func(http.Handler) http.Handler) (host, image, index string) {
	t.Helper()
	inner := reg.New(reg.Logger(log.New(io.Discard, "", 0)))
	outer := inner
	if wrap != nil {
		outer = wrap(inner)
	}
	open := false
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if open {
			outer.ServeHTTP(w, r)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	host = strings.TrimPrefix(s.URL, "http://")
	img, err := random.Image(64, 1)
	must(t, err)
	must(t, remote.Write(tag(t, host+"/vision/resnet:1.4.2"), img))
	idx, err := random.Index(64, 1, 2)
	must(t, err)
	must(t, remote.WriteIndex(tag(t, host+"/vision/multi:1"), idx))
	imgDigest, err := img.Digest()
	must(t, err)
	idxDigest, err := idx.Digest()
	must(t, err)
	open = true
	return host, imgDigest.String(), idxDigest.String()
}

func tag(t *testing.T, ref string) name.Tag {
	t.Helper()
	out, err := name.NewTag(ref, name.Insecure)
	must(t, err)
	return out
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestResolve(t *testing.T) {
	host, image, index := served(t, nil)
	for ref, want := range map[string]Image{
		host + "/vision/resnet:1.4.2":           {host + "/vision/resnet", image, "1.4.2"},
		host + "/vision/multi:1":                {host + "/vision/multi", index, "1"},
		"r.example.com/aa@" + image:             {"r.example.com/aa", image, ""},
		"r.example.com:5000/a/b:v1@" + image:    {"r.example.com:5000/a/b", image, "v1"},
		"127.0.0.1:1/nobody/listens:x@" + index: {"127.0.0.1:1/nobody/listens", index, "x"},
	} {
		got, err := Resolve(t.Context(), ref, Options{})
		if err != nil || got != want {
			t.Errorf("%s: %+v (%v), want %+v", ref, got, err, want)
		}
	}
}

func TestResolveWithoutHead(t *testing.T) {
	host, image, _ := served(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead {
				w.WriteHeader(http.StatusMethodNotAllowed)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	got, err := Resolve(t.Context(), host+"/vision/resnet:1.4.2", Options{})
	if err != nil || got.Digest != image {
		t.Errorf("%+v (%v), want %s", got, err, image)
	}
}

func TestRefusals(t *testing.T) {
	host, _, _ := served(t, nil)
	for _, ref := range []string{"", "a", host + "/vision/resnet", "UPPER/x:1", "a@sha256:short", "a:b:c@sha256:x", "x y:1", "../x:1"} {
		_, err := Resolve(t.Context(), ref, Options{})
		if !as[*ReferenceError](err) {
			t.Errorf("%q: %v, want a ReferenceError", ref, err)
		}
	}
	if _, err := Resolve(t.Context(), host+"/vision/resnet:9", Options{}); !as[*NotFoundError](err) || !strings.Contains(err.Error(), "vision/resnet:9") || !strings.Contains(err.Error(), host) {
		t.Errorf("unknown tag: %v", err)
	}
	if _, err := Resolve(t.Context(), "127.0.0.1:1/aa:1", Options{}); !as[*UnreachableError](err) {
		t.Errorf("nobody listens: %v", err)
	}
}

func as[T error](err error) bool {
	var t T
	return errors.As(err, &t)
}

func TestCredentials(t *testing.T) {
	host, image, _ := served(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if user, password, _ := r.BasicAuth(); user != "bot" || password != "secret" {
				w.Header().Set("WWW-Authenticate", `Basic realm="r"`)
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	login := func(password string) {
		auth := base64.StdEncoding.EncodeToString([]byte("bot:" + password))
		data, err := json.Marshal(map[string]any{"auths": map[string]any{host: map[string]string{"auth": auth}}})
		must(t, err)
		must(t, os.WriteFile(filepath.Join(dir, "config.json"), data, 0o600))
	}
	ref := host + "/vision/resnet:1.4.2"
	if _, err := Resolve(t.Context(), ref, Options{}); !as[*AuthError](err) {
		t.Errorf("without a login: %v", err)
	}
	login("wrong")
	if _, err := Resolve(t.Context(), ref, Options{}); !as[*AuthError](err) || strings.Contains(err.Error(), "wrong") {
		t.Errorf("with a wrong password: %v", err)
	}
	login("secret")
	if got, err := Resolve(t.Context(), ref, Options{}); err != nil || got.Digest != image {
		t.Errorf("with the right one: %+v, %v", got, err)
	}
}

func TestFaults(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"broken": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"cut": func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_ = c.Close()
			}
		},
		"silent": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"limits": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) },
	} {
		host, _, _ := served(t, func(http.Handler) http.Handler { return handler })
		_, err := Resolve(t.Context(), host+"/vision/resnet:1.4.2", Options{Timeout: 300 * time.Millisecond})
		if !as[*UnreachableError](err) {
			t.Errorf("%s: %v, want an UnreachableError", name, err)
		}
	}
	host, _, _ := served(t, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := Resolve(ctx, host+"/vision/resnet:1.4.2", Options{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the caller's own time is over: %v", err)
	}
}

type recorder struct{ schemes []string }

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.schemes = append(r.schemes, req.URL.Scheme)
	return nil, errors.New("no network here")
}

func TestPlainHTTPOnlyOnLoopback(t *testing.T) {
	for host, plain := range map[string]bool{"127.0.0.1:5000": true, "localhost:5000": true, "[::1]:5000": true, "10.0.0.7:5000": false, "192.168.1.2": false, "r.example.com": false, "localhost.example.com:5000": false} {
		r := &recorder{}
		_, err := Resolve(t.Context(), host+"/a/b:1", Options{Transport: r, Timeout: time.Second})
		if !as[*UnreachableError](err) {
			t.Errorf("%s: %v", host, err)
		}
		got := false
		for _, s := range r.schemes {
			got = got || s == "http"
		}
		if got != plain {
			t.Errorf("%s: plain HTTP was tried: %v, want %v (%v)", host, got, plain, r.schemes)
		}
	}
}
