package transport

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/kballard/go-shellquote"

	"github.com/modelops/modelops/gitops/giterr"
	"github.com/modelops/modelops/gitops/internal/git"
)

// ssh URLs go through the ssh program, as git's do (connect.c there): the user's keys, aliases and jump hosts count.

// Kinds of ssh program by the options that they take.
const (
	sshOpen   = "ssh" // OpenSSH's
	sshSimple = "simple"
	sshAuto   = "auto" // to be found out
)

var sshVariants = [...]string{sshOpen, "plink", "putty", "tortoiseplink", sshSimple, sshAuto}

// sshProgram is the program, and what every run of it is told.
type sshProgram struct {
	command string // in shell syntax, "" for the plain ssh
	variant string
	batch   bool // nobody can answer questions
}

// sshTarget is a parsed URL.
type sshTarget struct{ host, port, path string }

// NewSSH goes through the ssh program. The remote is the configured name, whose settings say where the server keeps
// git. Error: *giterr.NotRepoError.
func NewSSH(raw string, cfg git.Config, g git.Program, remote string, m *Meter) (Wire, error) {
	to, err := parseSSH(raw)
	if err != nil {
		return nil, err
	}
	program := sshProgramFor(cfg, g)
	if program.variant == sshSimple && to.port != "" {
		return nil, &giterr.NotRepoError{Path: giterr.Redact(raw), Reason: "the ssh program is of the variant simple, which cannot be given a port"}
	}
	return &processWire{git: g, shown: raw, meter: m, args: func(service string) []string {
		return program.args(to, serverProgram(cfg, remote, service), service == UploadPack)
	}}, nil
}

// serverProgram is remote.X.uploadpack or receivepack, where the server keeps git in an unusual place.
func serverProgram(cfg git.Config, remote, service string) string {
	key := strings.ReplaceAll(strings.TrimPrefix(service, "git-"), "-", "")
	return cmp.Or(cfg.Value("remote."+remote+"."+key), service)
}

// sshProgramFor looks where git looks, in its order.
func sshProgramFor(cfg git.Config, g git.Program) sshProgram {
	p := sshProgram{variant: sshOpen}
	if v, _ := g.Env("GIT_SSH_COMMAND"); v != "" {
		p.command = v
	} else if v := cfg.Value("core.sshcommand"); v != "" {
		p.command = v
	} else if v, _ := g.Env("GIT_SSH"); v != "" {
		p.command = shellquote.Join(v)
	}
	if p.command != "" {
		p.variant = variantOf(p.command)
	}
	if v, _ := g.Env("GIT_SSH_VARIANT"); v != "" {
		p.variant = knownVariant(v)
	} else if v := cfg.Value("ssh.variant"); v != "" {
		p.variant = knownVariant(v)
	}
	// An askpass program answers passphrases without a terminal, and BatchMode would silence it.
	askpass, _ := g.Env("SSH_ASKPASS")
	p.batch = !g.Ask && askpass == ""
	return p
}

func knownVariant(v string) string {
	if slices.Contains(sshVariants[:], v) {
		return v
	}
	return sshOpen
}

// variantOf goes by the program's name.
func variantOf(command string) string {
	words, err := shellquote.Split(command)
	if err != nil || len(words) == 0 {
		return sshAuto
	}
	name := strings.ToLower(filepath.Base(filepath.ToSlash(words[0])))
	name = strings.TrimSuffix(name, ".exe")
	if name == sshOpen || name == "plink" || name == "tortoiseplink" {
		return name
	}
	return sshAuto
}

// args is the command that runs a git program on the server. Version 2 of Git's protocol is asked for by a variable that
// ssh is told to pass on.
func (p sshProgram) args(to sshTarget, program string, v2 bool) []string {
	remote := program + " '" + strings.NewReplacer("'", `'\''`, "!", `'\!'`).Replace(to.path) + "'"
	variant := p.variant
	if variant == sshAuto {
		variant = sshOpen
	}
	options := sshOptions(variant, to.port, p.batch, v2)
	if p.command == "" {
		return append(append([]string{"ssh"}, options...), to.host, remote)
	}
	// The command may carry its own options in shell syntax, therefore a shell reads it, as with git.
	full := strings.Join(append([]string{p.command}, options...), " ")
	script := full + ` "$1" "$2"`
	if p.variant == sshAuto {
		script = "if (" + full + ` -G "$1") </dev/null >/dev/null 2>&1; then ` + script + "; else " + p.simple(to) + "; fi"
	}
	return []string{"sh", "-c", script, "ssh", to.host, remote}
}

// simple is the run of a program that takes no options.
func (p sshProgram) simple(to sshTarget) string {
	if to.port != "" {
		return `echo "this ssh program cannot be given a port; set ssh.variant if it can" >&2; exit 1`
	}
	return p.command + ` "$1" "$2"`
}

// sshOptions follow git's. What the user's own command says goes before them: ssh takes the first of two.
func sshOptions(variant, port string, batch, v2 bool) []string {
	var out []string
	if variant == sshOpen && v2 {
		out = append(out, "-o", "SendEnv=GIT_PROTOCOL")
	}
	if variant == sshOpen && batch {
		out = append(out, "-o", "BatchMode=yes")
	}
	if variant == "tortoiseplink" || variant == "plink" && batch {
		out = append(out, "-batch")
	}
	switch {
	case port == "" || variant == sshSimple:
	case variant == sshOpen:
		out = append(out, "-p", port)
	default:
		out = append(out, "-P", port)
	}
	return out
}

// parseSSH splits ssh://user@host:port/path, user@host:path and [host:port]:path. Parts that ssh could take for options
// are refused.
func parseSSH(raw string) (to sshTarget, err error) {
	if strings.Contains(raw, "://") {
		to, err = parseSSHURL(raw)
	} else {
		to, err = parseSCP(raw)
	}
	if err == nil && (to.host == "" || to.path == "" || strings.HasPrefix(to.host, "-") || strings.HasPrefix(to.path, "-")) {
		err = fmt.Errorf("the remote's URL names no host and path (%q, %q)", to.host, to.path)
	}
	if err != nil {
		err = &giterr.NotRepoError{Path: giterr.Redact(raw), Reason: err.Error()}
	}
	return to, err
}

func parseSSHURL(raw string) (sshTarget, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return sshTarget{}, errors.New("the remote's URL cannot be read")
	}
	to := sshTarget{u.Hostname(), u.Port(), u.Path}
	if name := u.User.Username(); name != "" {
		to.host = name + "@" + to.host
	}
	if home, ok := strings.CutPrefix(to.path, "/~"); ok {
		to.path = "~" + home
	}
	return to, nil
}

// parseSCP reads host:path; brackets hold an IPv6 address, or a host with its port.
func parseSCP(raw string) (sshTarget, error) {
	user, rest, _ := strings.Cut(raw, "[")
	if !strings.Contains(raw, "[") || user != "" && !strings.HasSuffix(user, "@") {
		host, path, _ := strings.Cut(raw, ":")
		return sshTarget{host: host, path: path}, nil
	}
	inner, path, ok := strings.Cut(rest, "]:")
	if !ok {
		return sshTarget{}, errors.New("the remote's URL cannot be read")
	}
	to := sshTarget{host: user + inner, path: path}
	if host, port, _ := strings.Cut(inner, ":"); strings.Count(inner, ":") == 1 {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return to, errors.New("the remote's URL has a port that is no number")
		}
		to.host, to.port = user+host, port
	}
	return to, nil
}

// explainStart says what to do when a program is not there.
func explainStart(err error) error {
	if errors.Is(err, exec.ErrNotFound) {
		return &advisedError{err, []string{"install the program, or use an https URL"}}
	}
	return err
}

// sshRefusal recognises in ssh's words that it would not sign in; nil where it was something else. The commands in its
// hints go to where the URL does.
func sshRefusal(raw, text string) error {
	to, err := parseSSH(raw)
	if err != nil {
		return nil //nolint:nilerr // no ssh URL, and no words of ssh
	}
	server := to.host[strings.LastIndexByte(to.host, '@')+1:]
	login, scan, known := "ssh -T "+to.host, "ssh-keyscan "+server, server
	if to.port != "" {
		login, scan, known = "ssh -T -p "+to.port+" "+to.host, "ssh-keyscan -p "+to.port+" "+server, "'["+server+"]:"+to.port+"'"
	}
	refusal := func(what, hint string) error {
		return &giterr.AuthError{Op: "reach", URL: giterr.Redact(raw), Message: what + "\n" + giterr.Indent(text), Next: []string{hint}}
	}
	switch {
	case strings.Contains(text, "REMOTE HOST IDENTIFICATION HAS CHANGED"):
		return refusal("the server's host key is another one than before", "ask the server's administrators; if the key was changed, ssh-keygen -R "+known+" forgets the old one")
	case strings.Contains(text, "Host key verification failed"):
		return refusal("the server's host key is not known", login+" at a terminal shows the key and takes it; in CI put it into ~/.ssh/known_hosts ("+scan+" prints it: compare it first)")
	case strings.Contains(text, "Permission denied"):
		return refusal("the server takes none of the keys", "ssh-add -l lists the keys that are offered, and "+login+" tries them")
	}
	return nil
}
