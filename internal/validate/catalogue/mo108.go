package catalogue

import (
	"fmt"
	"strings"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO108", Name: "no-inline-secret", Severity: finding.Error, Object: inlineSecret,
		What: "No secret stands in a manifest: no Secret with data (unless SOPS encrypted it), no variable that is called like one with a value written out, " +
			"and no text in a variable, an argument, a ConfigMap or an annotation that has the form of a known credential. The finding never shows the value.",
		Why:     "Git keeps it for ever, for everybody who can read the repository; a secret that was pushed once has to be changed.",
		Fix:     "Change the secret where it is used, keep the new one outside of Git (External Secrets, Sealed Secrets, SOPS), and refer to it by valueFrom.secretKeyRef. In a deployment repository: env[].secret in model.yaml.",
		Sources: []string{"https://kubernetes.io/docs/concepts/security/secrets-good-practices/", "https://argo-cd.readthedocs.io/en/stable/operator-manual/secret-management/"}})
}

const keepOutside = "change it, keep the new one outside of Git, and refer to it by valueFrom.secretKeyRef"

// credentials are forms that nothing else has.
var credentials = []struct {
	name string
	form pattern
}{
	{"a private key", lazily(`-----BEGIN [A-Z ]*PRIVATE KEY-----`)},
	{"an AWS access key", lazily(`\b(AKIA|ASIA)[0-9A-Z]{16}\b`)},
	{"a GitHub token", lazily(`\b(gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,})`)},
	{"a GitLab token", lazily(`\bglpat-[A-Za-z0-9_-]{20}`)},
	{"a Hugging Face token", lazily(`\bhf_[A-Za-z0-9]{30,}\b`)},
	{"a Slack token", lazily(`\bxox[abprs]-[A-Za-z0-9-]{10,}`)},
	{"a Google API key", lazily(`\bAIza[A-Za-z0-9_-]{35}\b`)},
	{"an API key of OpenAI or Anthropic", lazily(`\bsk-[A-Za-z0-9_-]{32,}`)},
	{"a signed JSON Web Token", lazily(`\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}`)},
	{"a password in a URL", lazily(`\b[a-z][a-z0-9+.-]*://[^/\s:@$]+:[^/\s:@$]+@`)},
}

// secretNames are what variables with secrets are called; a plainValue is a switch, a number, a path or a
// reference; and the vocabulary of a language model has tokens of another kind.
var (
	secretNames = lazily(`(?i)(^|_)(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|SECRET_?KEY|PRIVATE_?KEY|CREDENTIALS?)$`)
	plainValue  = lazily(`^(|[0-9.]+|(?i:true|false|none|null|yes|no|disabled|enabled|empty|unused|dummy)|[/.~<].*|\$\(.*\)|\$\{.*\}|file:.*)$`)
	vocabulary  = lazily(`(?i)(^|_)(EOS|BOS|PAD|SEP|CLS|UNK|MASK|STOP|IMAGE|SPECIAL)_TOKEN$`)
)

func inlineSecret(p *Pass, o *manifest.Object) {
	switch o.Kind {
	case "Secret":
		writtenSecret(p, o)
	case "ConfigMap":
		for _, k := range sorted(fields(o.Content["data"])) {
			looksSecret(p, o, "key "+k, o.At("data", k), "data", k)
		}
	}
	for _, k := range sorted(fields(o.At("metadata", "annotations"))) {
		looksSecret(p, o, "annotation "+k, o.At("metadata", "annotations", k), "metadata", "annotations", k)
	}
	w, ok := workloadOf(o)
	if !ok {
		return
	}
	for _, c := range w.everyContainer() {
		for i, e := range list(c.content["env"]) {
			name, value := text(fields(e)["name"]), text(fields(e)["value"])
			path := c.in("env", i, "value")
			if !looksSecret(p, o, "variable "+name, value, path...) && secretNames().MatchString(name) && !vocabulary().MatchString(name) && !plainValue().MatchString(value) {
				p.Report(o, fmt.Sprintf("variable %s of container %s has its value written out", name, c.name()), keepOutside, path...)
			}
		}
		for _, field := range []string{"command", "args"} {
			for i, a := range list(c.content[field]) {
				looksSecret(p, o, fmt.Sprintf("%s[%d] of container %s", field, i, c.name()), a, c.in(field, i)...)
			}
		}
	}
}

// writtenSecret finds Secrets with content. SOPS leaves its own field beside what it encrypted.
func writtenSecret(p *Pass, o *manifest.Object) {
	if o.Content["sops"] != nil {
		return
	}
	for _, field := range []string{"data", "stringData"} {
		if keys := sorted(fields(o.Content[field])); len(keys) > 0 {
			p.Report(o, fmt.Sprintf("the Secret's %s is written out: %s", field, strings.Join(keys, ", ")), keepOutside, field)
		}
	}
}

func looksSecret(p *Pass, o *manifest.Object, where string, value any, path ...any) bool {
	s := text(value)
	for _, c := range credentials {
		if c.form().MatchString(s) {
			p.Report(o, fmt.Sprintf("%s holds %s", where, c.name), keepOutside, path...)
			return true
		}
	}
	return false
}
