package gitops

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// SignError says that a signature is configured and could not be made. Nothing was committed.
type SignError struct{ Program, Reason string }

func (e *SignError) Error() string {
	return fmt.Sprintf("sign the commit with %s: %s", e.Program, e.Reason)
}

// sign adds the signature that commit.gpgSign asks for, made by the program that git would start. An unsigned commit in
// its place would only be refused by the server, or worse, not be.
func (r *Repo) sign(ctx context.Context, raw []byte, who Ident) ([]byte, error) {
	if !r.cfg.boolean("commit.gpgsign") {
		return raw, nil
	}
	format := orElse(r.cfg.str("gpg.format"), "openpgp")
	var sig []byte
	var err error
	switch format {
	case "openpgp":
		sig, err = r.signGPG(ctx, raw, orElse(r.cfg.str("gpg.openpgp.program"), orElse(r.cfg.str("gpg.program"), "gpg")), who)
	case "x509":
		sig, err = r.signGPG(ctx, raw, orElse(r.cfg.str("gpg.x509.program"), "gpgsm"), who)
	case "ssh":
		sig, err = r.signSSH(ctx, raw, orElse(r.cfg.str("gpg.ssh.program"), "ssh-keygen"))
	default:
		err = &SignError{format, "gpg.format is not openpgp, x509 or ssh"}
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
	key := orElse(r.cfg.str("user.signingkey"), cleanIdent(who.Name)+" <"+cleanIdent(who.Email)+">")
	sig, said, err := r.signer(ctx, raw, program, "--status-fd=2", "-bsau", key)
	if err == nil && !strings.Contains(said, "[GNUPG:] SIG_CREATED ") {
		err = fmt.Errorf("no signature was made")
	}
	return sig, signFailed(program, said, err)
}

// signSSH hands ssh-keygen a key file; a key given by value has its private half in the agent.
func (r *Repo) signSSH(ctx context.Context, raw []byte, program string) ([]byte, error) {
	key := r.cfg.str("user.signingkey")
	if key == "" {
		return nil, &SignError{program, "no key is configured: git config --global user.signingKey PATH"}
	}
	args := []string{"-Y", "sign", "-n", "git"}
	literal, given := strings.CutPrefix(key, "key::")
	if given || strings.HasPrefix(key, "ssh-") {
		dir, err := os.MkdirTemp("", "modelops-key")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir) //nolint:errcheck // a public key in a temporary folder
		key = filepath.Join(dir, "key.pub")
		if err := os.WriteFile(key, []byte(literal+"\n"), 0o600); err != nil {
			return nil, err
		}
		args = append(args, "-U")
	} else if rest, home := strings.CutPrefix(key, "~/"); home {
		dir, _ := r.git.env("HOME")
		key = filepath.Join(dir, rest)
	}
	sig, said, err := r.signer(ctx, raw, program, append(args, "-f", key)...)
	return sig, signFailed(program, said, err)
}

func (r *Repo) signer(ctx context.Context, raw []byte, program string, args ...string) ([]byte, string, error) {
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // the program that the user's git is told to run
	cmd.Dir, cmd.Env, cmd.Stdin = r.git.dir, r.git.environ(), bytes.NewReader(raw)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	return out.Bytes(), errs.String(), err
}

func signFailed(program, said string, err error) error {
	if err == nil {
		return nil
	}
	var lines []string
	for line := range strings.Lines(said) {
		if !strings.HasPrefix(line, "[GNUPG:]") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return &SignError{program, orElse(Sanitize(strings.TrimSpace(strings.Join(lines, "; "))), err.Error())}
}
