package argocd

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/kballard/go-shellquote"
	"gopkg.in/yaml.v3"
)

// configFile is the part of the argocd command line's configuration that matters here.
type configFile struct {
	CurrentContext string `yaml:"current-context"`
	Contexts       []struct {
		Name, Server, User string
	}
	Servers []configServer
	Users   []struct {
		Name      string
		AuthToken string `yaml:"auth-token"`
	}
}

type configServer struct {
	Server          string
	Insecure        bool
	PlainText       bool   `yaml:"plain-text"`
	GRPCWeb         bool   `yaml:"grpc-web"`
	GRPCWebRootPath string `yaml:"grpc-web-root-path"`
	CAData          string `yaml:"certificate-authority-data"`
	CertData        string `yaml:"client-certificate-data"`
	KeyData         string `yaml:"client-certificate-key-data"`
	Core            bool
}

// Resolve fills in how to reach Argo CD the way the argocd command line does: what over sets counts first, then
// ARGOCD_OPTS, then ARGOCD_SERVER and ARGOCD_AUTH_TOKEN, then the current context of the configuration file, which is
// looked for in ARGOCD_CONFIG_DIR, HOME/.argocd, XDG_CONFIG_HOME/argocd and HOME/.config/argocd.
//
// It differs in one thing: a token of the configuration file is used only for the server that it belongs to, so that
// naming another server does not hand it over. Errors: *NotConfiguredError, and others for files that cannot be read.
func Resolve(lookupEnv func(string) (string, bool), home string, over Options) (Options, error) {
	env := func(name string) string { value, _ := lookupEnv(name); return value }
	flags, err := parseOpts(env("ARGOCD_OPTS"))
	if err != nil {
		return Options{}, err
	}
	o := over
	o.ConfigPath = first(over.ConfigPath, flags["config"], defaultConfigPath(env, home))
	o.Context = first(over.Context, flags["argocd-context"])
	if flags["core"] == "true" || flags["port-forward"] == "true" || flags["port-forward-namespace"] != "" {
		return Options{}, &NotConfiguredError{o.ConfigPath, "ARGOCD_OPTS asks for core mode or a port-forward, which need cluster credentials"}
	}
	o.Server = first(over.Server, flags["server"], env("ARGOCD_SERVER"))
	o.AuthToken = first(over.AuthToken, flags["auth-token"], env("ARGOCD_AUTH_TOKEN"))
	if err := o.addFlags(flags); err != nil {
		return Options{}, err
	}
	if err := o.addConfig(); err != nil {
		return Options{}, err
	}
	o.Server = trimScheme(o.Server)
	return o, nil
}

// addFlags takes what ARGOCD_OPTS sets beside server and token.
func (o *Options) addFlags(flags map[string]string) error {
	o.PlainText = o.PlainText || flags["plaintext"] == "true"
	o.Insecure = o.Insecure || flags["insecure"] == "true"
	o.GRPCWeb = o.GRPCWeb || flags["grpc-web"] == "true"
	o.GRPCWebRootPath = first(o.GRPCWebRootPath, flags["grpc-web-root-path"])
	o.CAFile = first(o.CAFile, flags["server-crt"])
	if header := flags["header"]; header != "" {
		o.Headers = append(o.Headers[:len(o.Headers):len(o.Headers)], strings.Split(header, ",")...)
	}
	cert, key := flags["client-crt"], flags["client-crt-key"]
	if cert == "" && key == "" {
		return nil
	}
	var errCert, errKey error
	o.ClientCert, errCert = os.ReadFile(cert)
	o.ClientKey, errKey = os.ReadFile(key)
	if err := errors.Join(errCert, errKey); err != nil {
		return fmt.Errorf("argo cd client certificate of ARGOCD_OPTS: %w", err)
	}
	return nil
}

// addConfig takes what is still missing from the configuration file.
func (o *Options) addConfig() error {
	config, err := readConfig(o.ConfigPath)
	if err != nil {
		return err
	}
	server, token, err := config.choose(o.Context, o.Server)
	if err != nil {
		if o.Server != "" && o.Context == "" {
			return nil // the environment names the server; the file need not
		}
		return &NotConfiguredError{o.ConfigPath, err.Error()}
	}
	if server.Core {
		return &NotConfiguredError{o.ConfigPath, "the context is of core mode, which has no API server"}
	}
	o.Server = first(o.Server, server.Server)
	o.AuthToken = first(o.AuthToken, token)
	o.PlainText = o.PlainText || server.PlainText
	o.Insecure = o.Insecure || server.Insecure
	o.GRPCWeb = o.GRPCWeb || server.GRPCWeb
	o.GRPCWebRootPath = first(o.GRPCWebRootPath, server.GRPCWebRootPath)
	return o.addCertificates(server)
}

func (o *Options) addCertificates(server configServer) error {
	for _, field := range []struct {
		to   *[]byte
		text string
	}{{&o.CAData, server.CAData}, {&o.ClientCert, server.CertData}, {&o.ClientKey, server.KeyData}} {
		if len(*field.to) > 0 || field.text == "" {
			continue
		}
		data, err := base64.StdEncoding.DecodeString(field.text)
		if err != nil {
			return fmt.Errorf("%s: certificate of server %s: not base64", o.ConfigPath, server.Server)
		}
		*field.to = data
	}
	return nil
}

// choose gives server and token of the named context; without a name of the one that belongs to the wanted server, and
// without that of the current one.
func (f *configFile) choose(name, wanted string) (configServer, string, error) {
	if name == "" && wanted == "" {
		if name = f.CurrentContext; name == "" {
			return configServer{}, "", errors.New("no server is named, and there is no current context")
		}
	}
	for _, c := range f.Contexts {
		if name != "" && c.Name != name || wanted != "" && trimScheme(c.Server) != trimScheme(wanted) {
			continue
		}
		for _, s := range f.Servers {
			if s.Server == c.Server {
				return s, f.token(c.User), nil
			}
		}
		return configServer{}, "", fmt.Errorf("context %q names server %q, which is not there", c.Name, c.Server)
	}
	if name != "" {
		return configServer{}, "", fmt.Errorf("there is no context %q", name)
	}
	return configServer{}, "", fmt.Errorf("no context belongs to %s", wanted)
}

func (f *configFile) token(user string) string {
	for _, u := range f.Users {
		if u.Name == user {
			return u.AuthToken
		}
	}
	return ""
}

func readConfig(path string) (*configFile, error) {
	config := &configFile{}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return config, nil
	}
	if err != nil {
		return nil, fmt.Errorf("argo cd configuration: %w", err)
	}
	if err := yaml.Unmarshal(data, config); err != nil {
		// The decoder's message may quote a line, and lines of this file are tokens.
		return nil, fmt.Errorf("argo cd configuration %s: not valid YAML of the argocd command line", path)
	}
	return config, nil
}

func defaultConfigPath(env func(string) string, home string) string {
	dir := env("ARGOCD_CONFIG_DIR")
	if dir == "" {
		legacy := filepath.Join(home, ".argocd")
		_, err := os.Stat(legacy)
		switch xdg := env("XDG_CONFIG_HOME"); {
		case err == nil:
			dir = legacy
		case xdg != "":
			dir = filepath.Join(xdg, "argocd")
		default:
			dir = filepath.Join(home, ".config", "argocd")
		}
	}
	return filepath.Join(dir, "config")
}

// parseOpts reads ARGOCD_OPTS: "--flag", "--flag value" and "--flag=value", quoted as in a shell.
func parseOpts(text string) (map[string]string, error) {
	words, err := shellquote.Split(text)
	if err != nil {
		return nil, fmt.Errorf("ARGOCD_OPTS: %w", err)
	}
	flags := map[string]string{}
	open := ""
	for i, word := range words {
		name, isFlag := strings.CutPrefix(word, "--")
		switch {
		case isFlag:
			name, value, hasValue := strings.Cut(name, "=")
			open = name
			if flags[name] = "true"; hasValue {
				flags[name], open = value, ""
			}
		case open != "":
			flags[open], open = word, ""
		default:
			// The word may be a misplaced token, so it is counted, not shown.
			return nil, fmt.Errorf("ARGOCD_OPTS: word %d is neither a flag nor the value of one", i+1)
		}
	}
	return flags, nil
}

func trimScheme(server string) string {
	server = strings.TrimPrefix(strings.TrimPrefix(server, "https://"), "http://")
	return strings.TrimRight(server, "/")
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
