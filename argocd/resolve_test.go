package argocd_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelops/modelops/argocd"
)

const config = `contexts:
- {name: prod, server: argo.example.com, user: prod}
- {name: dev, server: "127.0.0.1:8080", user: dev}
- {name: broken, server: nowhere, user: x}
- {name: core, server: kubernetes, user: x}
current-context: prod
servers:
- {server: argo.example.com, grpc-web-root-path: /argo, certificate-authority-data: Q0E=}
- {server: "127.0.0.1:8080", plain-text: true, insecure: true, grpc-web: true}
- {server: kubernetes, core: true}
users:
- {name: prod, auth-token: prod-token}
- {name: dev, auth-token: dev-token}
future-field: 1
`

func TestResolve(t *testing.T) {
	tests := []struct {
		name string
		env  map[string]string
		over argocd.Options
		want argocd.Options
		err  string
	}{
		{name: "current context", want: argocd.Options{Server: "argo.example.com", AuthToken: "prod-token", GRPCWebRootPath: "/argo", CAData: []byte("CA")}},
		{name: "named context", over: argocd.Options{Context: "dev"},
			want: argocd.Options{Server: "127.0.0.1:8080", AuthToken: "dev-token", PlainText: true, Insecure: true, GRPCWeb: true}},
		{name: "environment before the file", env: map[string]string{"ARGOCD_SERVER": "https://other.example.com/", "ARGOCD_AUTH_TOKEN": "t"},
			want: argocd.Options{Server: "other.example.com", AuthToken: "t"}},
		{name: "another server gets no token of the file", env: map[string]string{"ARGOCD_SERVER": "other.example.com"},
			want: argocd.Options{Server: "other.example.com"}},
		{name: "the file's settings of a server that the environment names", env: map[string]string{"ARGOCD_SERVER": "127.0.0.1:8080"},
			want: argocd.Options{Server: "127.0.0.1:8080", AuthToken: "dev-token", PlainText: true, Insecure: true, GRPCWeb: true}},
		{name: "ARGOCD_OPTS before the environment", env: map[string]string{
			"ARGOCD_SERVER": "a", "ARGOCD_OPTS": `--server b --plaintext --grpc-web-root-path=/x --auth-token 't 1' --header "X-A: 1,X-B: 2" --insecure`},
			want: argocd.Options{Server: "b", AuthToken: "t 1", PlainText: true, Insecure: true, GRPCWebRootPath: "/x", Headers: []string{"X-A: 1", "X-B: 2"}}},
		{name: "flags before everything", env: map[string]string{"ARGOCD_OPTS": "--server b"}, over: argocd.Options{Server: "c", AuthToken: "f"},
			want: argocd.Options{Server: "c", AuthToken: "f"}},
		{name: "unknown context", over: argocd.Options{Context: "none"}, err: `there is no context "none"`},
		{name: "context without its server", over: argocd.Options{Context: "broken"}, err: `names server "nowhere"`},
		{name: "core mode", over: argocd.Options{Context: "core"}, err: "core mode"},
		{name: "port-forward", env: map[string]string{"ARGOCD_OPTS": "--port-forward"}, err: "port-forward"},
		{name: "words without a flag", env: map[string]string{"ARGOCD_OPTS": "sesame"}, err: "word 1 is neither"},
		{name: "open quote", env: map[string]string{"ARGOCD_OPTS": "--server 'x"}, err: "ARGOCD_OPTS"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			home := writeConfig(t, ".config/argocd/config", config)
			got, err := argocd.Resolve(lookup(test.env), home, test.over)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) || strings.Contains(err.Error(), "sesame") {
					t.Fatalf("%v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got.ConfigPath, got.Context = "", ""
			if a, b := dump(got), dump(test.want); a != b {
				t.Errorf("got  %s\nwant %s", a, b)
			}
		})
	}
}

// dump shows everything, the token included, which the type itself does not.
func dump(o argocd.Options) string {
	return fmt.Sprint(o.Server, o.AuthToken, o.PlainText, o.Insecure, o.GRPCWeb, o.GRPCWebRootPath, o.CAFile, string(o.CAData), o.Headers)
}

func TestResolveLooksForTheFile(t *testing.T) {
	home := writeConfig(t, "xdg/argocd/config", config)
	for _, env := range []map[string]string{
		{"XDG_CONFIG_HOME": filepath.Join(home, "xdg")},
		{"ARGOCD_CONFIG_DIR": filepath.Join(home, "xdg", "argocd")},
		{"ARGOCD_OPTS": "--config " + filepath.Join(home, "xdg", "argocd", "config")},
	} {
		if o, err := argocd.Resolve(lookup(env), home, argocd.Options{}); err != nil || o.AuthToken != "prod-token" {
			t.Errorf("%v: %v %v", env, o, err)
		}
	}
	legacy := writeConfig(t, ".argocd/config", config)
	if o, err := argocd.Resolve(lookup(nil), legacy, argocd.Options{}); err != nil || o.Server != "argo.example.com" {
		t.Errorf("legacy: %v %v", o, err)
	}
	_, err := argocd.Resolve(lookup(nil), t.TempDir(), argocd.Options{})
	var none *argocd.NotConfiguredError
	if !errors.As(err, &none) || !strings.Contains(err.Error(), "argocd login") {
		t.Errorf("nothing at all: %v", err)
	}
}

func TestConfigThatIsNoYAML(t *testing.T) {
	home := writeConfig(t, ".config/argocd/config", "users: [{name: a, auth-token: secret-token\n: : :")
	if _, err := argocd.Resolve(lookup(nil), home, argocd.Options{}); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}

func TestOptionsHideTheToken(t *testing.T) {
	o := argocd.Options{Server: "s", AuthToken: "secret"}
	for _, text := range []string{fmt.Sprint(o), fmt.Sprintf("%+v", o), fmt.Sprintf("%#v", o)} {
		if strings.Contains(text, "secret") {
			t.Error(text)
		}
	}
}

func FuzzResolve(f *testing.F) {
	f.Add("--server x --header 'A: b'", config)
	f.Add("--", "contexts: 1")
	f.Fuzz(func(t *testing.T, opts, file string) {
		if strings.Contains(opts, "client-c") || strings.Contains(opts, "--config") {
			return // these read files
		}
		home := writeConfig(t, ".config/argocd/config", file)
		o, err := argocd.Resolve(lookup(map[string]string{"ARGOCD_OPTS": opts}), home, argocd.Options{})
		if err == nil && o.Server == "" && !strings.Contains(opts, "--server") && !strings.Contains(file, "server") {
			t.Errorf("no server and no error: %q %q", opts, file)
		}
	})
}

func lookup(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	}
}

func writeConfig(t *testing.T, name, content string) (home string) {
	t.Helper()
	home = t.TempDir()
	path := filepath.Join(home, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return home
}
