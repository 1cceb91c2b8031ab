package escape

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestEscape(t *testing.T) {
	for _, c := range []struct{ in, line, block string }{
		{"plain text", "plain text", "plain text"},
		{"Grüße, 日本 ✓", "Grüße, 日本 ✓", "Grüße, 日本 ✓"},
		{"a\nb\tc\r\nd", `a\nb\tc\r\nd`, "a\nb\tc\nd"},
		{"\x1b[31mred\x1b[0m", `\x1b[31mred\x1b[0m`, `\x1b[31mred\x1b[0m`},
		{"\x9b31m", `\x9b31m`, `\x9b31m`},
		{"\u009b31m", `\u009b31m`, `\u009b31m`},
		{"over\rwrite\b", `over\rwrite\x08`, `over\rwrite\x08`},
		{"user\u202egpj.exe", `user\u202egpj.exe`, `user\u202egpj.exe`},
		{"zero\u200bwidth\ufeff", `zero\u200bwidth\ufeff`, `zero\u200bwidth\ufeff`},
		{"line\u2028sep", `line\u2028sep`, `line\u2028sep`},
		{"no\u00a0break", `no\u00a0break`, `no\u00a0break`},
		{"tag\U000e0041", `tag\U000e0041`, `tag\U000e0041`},
		{"bad\xffutf8", `bad\xffutf8`, `bad\xffutf8`},
		{"\x00\x7f", `\x00\x7f`, `\x00\x7f`},
		{"hangul\u3164filler", `hangul\u3164filler`, `hangul\u3164filler`},
	} {
		if got := Line(c.in); got != c.line {
			t.Errorf("line %q: %q, want %q", c.in, got, c.line)
		}
		if got := Block(c.in); got != c.block {
			t.Errorf("block %q: %q, want %q", c.in, got, c.block)
		}
	}
}

func TestWorkflowCommands(t *testing.T) {
	for _, c := range []struct {
		dialect  Dialect
		in, want string
	}{
		{GitHubLog, "::set-output name=x::y", `\x3a:set-output name=x::y`},
		{GitHubLog, "  \t::error::x", "  \t" + `\x3a:error::x`},
		{GitHubLog, "a ::error::x", "a ::error::x"},
		{GitHubLog, "see ##[error]x", `see \x23#[error]x`},
		{AzureLog, "x ##vso[task.setvariable]y", `x \x23#vso[task.setvariable]y`},
		{AzureLog, "::error::x", "::error::x"},
		{Plain, "::error::x ##[y]", "::error::x ##[y]"},
	} {
		if got := c.dialect.Defuse(c.in); got != c.want {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}

func FuzzEscape(f *testing.F) {
	for _, s := range []string{"a", "\x1b]0;title\a", "\u202e", "\xff\xfe", "a\nb", "\U000e0001"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		line := Line(s)
		if !utf8.ValidString(line) {
			t.Fatalf("%q is not UTF-8", line)
		}
		for _, r := range line {
			if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
				t.Fatalf("%q still holds %U", line, r)
			}
		}
		block := Block(s)
		if strings.Trim(Line(strings.NewReplacer("\n", "", "\t", "").Replace(block)), "") != strings.NewReplacer("\n", "", "\t", "").Replace(block) {
			t.Fatalf("%q is not safe but for line ends and tabs", block)
		}
		// JSON keeps its meaning.
		data, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var got, want string
		if err := json.Unmarshal(JSON(data), &got); err != nil {
			t.Fatalf("%s: %v", JSON(data), err)
		}
		if err := json.Unmarshal(data, &want); err != nil || got != want {
			t.Fatalf("%q became %q", want, got)
		}
	})
}
