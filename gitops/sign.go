package gitops

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// SignError says that a signature is configured and could not be made. Nothing was committed.
type SignError struct {
	Program, Reason string
	Next            []string
}

func (e *SignError) Error() string {
	return fmt.Sprintf("sign the commit with %s: %s", e.Program, e.Reason)
}

// Hints says what to do about it.
func (e *SignError) Hints() []string {
	return append(e.Next, "or commit without a signature, where the server takes that: git config commit.gpgSign false")
}

// sign adds the signature that commit.gpgSign asks for, made by the program that git would start. An unsigned commit in
// its place would only be refused by the server, or worse, not be.
func (r *Repo) sign(ctx context.Context, raw []byte, who Ident) ([]byte, error) {
	if !r.cfg.Bool("commit.gpgsign") {
		return raw, nil
	}
	format := cmp.Or(r.cfg.Value("gpg.format"), "openpgp")
	var sig []byte
	var err error
	switch format {
	case "openpgp":
		sig, err = r.signGPG(ctx, raw, cmp.Or(r.cfg.Value("gpg.openpgp.program"), r.cfg.Value("gpg.program"), "gpg"), who)
	case "x509":
		sig, err = r.signGPG(ctx, raw, cmp.Or(r.cfg.Value("gpg.x509.program"), "gpgsm"), who)
	case "ssh":
		sig, err = r.signSSH(ctx, raw, cmp.Or(r.cfg.Value("gpg.ssh.program"), "ssh-keygen"))
	default:
		err = &SignError{Program: format, Reason: "gpg.format is not openpgp, x509 or ssh"}
	}
	if err != nil {
		return nil, err
	}
	return withSignature(raw, sig), nil
}

// withSignature puts the signature behind the committer, its lines continued by a space.
func withSignature(raw, sig []byte) []byte {
	head, message, _ := bytes.Cut(raw, []byte("\n\n"))
	text := strings.ReplaceAll(strings.TrimRight(strings.ReplaceAll(string(sig), "\r", ""), "\n"), "\n", "\n ")
	return fmt.Appendf(nil, "%s\ngpgsig %s\n\n%s", head, text, message)
}

func (r *Repo) signGPG(ctx context.Context, raw []byte, program string, who Ident) ([]byte, error) {
	key := cmp.Or(r.cfg.Value("user.signingkey"), cleanIdent(who.Name)+" <"+cleanIdent(who.Email)+">")
	sig, said, err := r.signer(ctx, raw, program, "--status-fd=2", "-bsau", key)
	if err == nil && !strings.Contains(said, "[GNUPG:] SIG_CREATED ") {
		err = fmt.Errorf("no signature was made")
	}
	return sig, signFailed(program, said, err)
}

// signSSH hands ssh-keygen a key file; a key given by value has its private half in the agent.
func (r *Repo) signSSH(ctx context.Context, raw []byte, program string) ([]byte, error) {
	key, err := r.sshKey(ctx, program)
	if err != nil {
		return nil, err
	}
	args := []string{"-Y", "sign", "-n", "git"}
	if literal, given := literalKey(key); given {
		dir, err := os.MkdirTemp("", keyFolder)
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir) //nolint:errcheck // a public key in a temporary folder
		key = filepath.Join(dir, "key.pub")
		if err := os.WriteFile(key, []byte(literal+"\n"), 0o600); err != nil {
			return nil, err
		}
		args = append(args, "-U")
	}
	sig, said, err := r.signer(ctx, raw, program, append(args, "-f", r.home(key))...)
	return sig, signFailed(program, said, err)
}

const keyFolder = "modelops-key"

// literalKey tells a public key itself from the path of a key file.
func literalKey(key string) (string, bool) {
	literal, given := strings.CutPrefix(key, "key::")
	return literal, given || strings.HasPrefix(key, "ssh-")
}

// sshKey is user.signingKey, else the first key that gpg.ssh.defaultKeyCommand prints.
func (r *Repo) sshKey(ctx context.Context, program string) (string, error) {
	if key := r.cfg.Value("user.signingkey"); key != "" {
		return key, nil
	}
	command := r.cfg.Value("gpg.ssh.defaultkeycommand")
	if command == "" {
		return "", &SignError{Program: program, Reason: "no key is configured", Next: []string{"git config --global user.signingKey PATH"}}
	}
	out, said, err := r.signer(ctx, nil, "sh", "-c", command)
	if err != nil {
		return "", signFailed("gpg.ssh.defaultKeyCommand", said, err)
	}
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimSpace(line); line != "" {
			if _, literal := literalKey(line); literal {
				return line, nil
			}
		}
	}
	return "", &SignError{Program: program, Reason: "gpg.ssh.defaultKeyCommand printed no key", Next: []string{"ssh-add -L lists what the agent has"}}
}

// home puts the user's home folder in the place of a tilde.
func (r *Repo) home(name string) string {
	if rest, ok := strings.CutPrefix(name, "~/"); ok {
		dir, _ := r.git.Env("HOME")
		return filepath.Join(dir, rest)
	}
	return name
}

func (r *Repo) signer(ctx context.Context, raw []byte, program string, args ...string) ([]byte, string, error) {
	cmd := exec.CommandContext(ctx, r.home(program), args...) //nolint:gosec // the program that the user's git is told to run
	cmd.Dir, cmd.Env, cmd.Stdin = r.git.Dir, r.git.Environ(), bytes.NewReader(raw)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return out.Bytes(), errs.String(), err
}

func signFailed(program, said string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var lines []string
	for line := range strings.Lines(said) {
		if !strings.HasPrefix(line, "[GNUPG:]") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	e := &SignError{Program: program, Reason: cmp.Or(Sanitize(strings.TrimSpace(strings.Join(lines, "; "))), err.Error())}
	switch {
	case errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist):
		e.Reason = "the program is not there"
		e.Next = []string{"install it, or name another one: git config --global gpg.program PATH (gpg.ssh.program, gpg.x509.program)"}
	case strings.Contains(e.Reason, "ioctl") || strings.Contains(e.Reason, "pinentry") || strings.Contains(e.Reason, "cannot open '/dev/tty'"):
		e.Next = []string{"the passphrase cannot be asked for here: export GPG_TTY=$(tty), or have the agent keep it"}
	}
	return e
}
