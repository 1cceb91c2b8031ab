package git

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/modelops/modelops/gitops/gittest"
)

// spaces makes blanks alike: git before 2.45 writes every blank inside a value as a space.
func spaces(c Config) string {
	var b strings.Builder
	for _, s := range c {
		b.WriteString(s.Key + "=" + strings.NewReplacer("\t", " ", "\r", " ").Replace(s.Value) + "\n")
	}
	return b.String()
}

// FuzzConfig holds our reader of one file to git's: the same settings, or refused by both.
func FuzzConfig(f *testing.F) {
	for _, s := range []string{
		"[user]\n\tname = Ana # comment\n", "[a]b", "[a]b=", "[a]b = c d  ; x\n", "[a \"B\\\"c\"]\n d = \"x # y\" z\n", "[a.B]\nc = 1\\\n 2\n",
		"\uFEFF[core]\r\n\tbare = false\r\n", "[a]\nb = \"x\\ty\\n\\b\\\\\"\n", "[a] b = 1 \n[c]d\n e", "b = 1\n", "[ a ]\nb=1", "[a]\nb # c\n", "[a]\nb = \\q\n",
		"[a]\nb = \"unclosed\n", "[a \"x\n\"]", "[a-1]\nb-2=3\n1b=2", "[a]\nb=x\r\n c\r", "[]\na=b", "[.]\na=b", "[a \"\"]\nb=c", "[http \"https://x/\"]\n\textraheader = AUTHORIZATION: basic eA==\n",
		"[a]b=\"\"  x", "[a]b=x\t\ty", "[a]b=c[d]e=f", "#x\n;y\n", "[a]\nb=c\\", "[a \"\\x\"]b=1", "[A.B \"c\"]d=1", "[a]\nb\x0b=1", "[a]\nb=\x0bx",
	} {
		f.Add(s)
	}
	program, err := gittest.Find()
	if err != nil {
		f.Fatal(err)
	}
	dir := f.TempDir()
	env := gittest.Environ(dir)
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsRune(text, 0) || len(text) > 4096 {
			t.Skip("git ends strings at a zero byte")
		}
		name := filepath.Join(t.TempDir(), "config")
		writeFile(t, name, text)
		cmd := exec.Command(program, "config", "-z", "-l", "--no-includes", "--file", name)
		cmd.Dir, cmd.Env = dir, env
		out, refused := cmd.Output()
		got, err := parseConfig(text)
		if (err != nil) != (refused != nil) {
			t.Fatalf("%q: ours says %v, git says %v", text, err, refused)
		}
		if err == nil && spaces(got) != spaces(parseConfigList(out)) {
			t.Fatalf("%q\n got: %s\nwant: %s", text, spaces(got), spaces(parseConfigList(out)))
		}
	})
}

// TestConfigAgreesWithGit reads every level with and without git, in a matrix of what may be there.
func TestConfigAgreesWithGit(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	repo, err := gittest.Init(ctx, at("work/team/deploy"), at("home"), false)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"system":                  "[level]\n\tsystem = 1\n",
		"home/.gitconfig":         "[level]\n\tglobal = 1\n[include]\n\tpath = more\n\tpath = absent\n\tpath = ~/tilde\n",
		"home/more":               "[level]\n\tincluded = from global\n[include]\n\tpath = deeper/file\n",
		"home/deeper/file":        "[level]\n\tdeep = 1\n",
		"home/tilde":              "[level]\n\ttilde = 1\n",
		"home/.config/git/config": "[level]\n\txdg = default\n",
		"xdg/git/config":          "[level]\n\txdg = set\n",
		"other":                   "[level]\n\tother = 1\n[includeIf \"gitdir:" + at("work/") + "\"]\n\tpath = cond\n",
		"cond":                    "[level]\n\tcond = 1\n",
		"loop":                    "[include]\n\tpath = loop\n",
		"broken":                  "[level\n",
	} {
		writeFile(t, at(name), text)
	}
	conditions := []string{
		"gitdir:" + at("work") + "/", "gitdir:" + at("work"), "gitdir:" + at("work/team/deploy/.git"), "gitdir:" + at("work/*/deploy/.git"), "gitdir:" + at("work/**/.git"),
		"gitdir:deploy/.git", "gitdir:deploy/", "gitdir:team/", "gitdir:eam/", "gitdir:TEAM/", "gitdir/i:TEAM/", "gitdir:~/", "gitdir:~/../work/", "gitdir:./", "gitdir:../", "gitdir:**/team/**",
		"gitdir:" + at("work") + "/[st]eam/", "gitdir:{team}/", "onbranch:main", "onbranch:ma*", "onbranch:feature/", "onbranch:m", "onbranch:**", "hasconfig:remote.*.url:https://git.example.com/**",
		"hasconfig:remote.*.url:https://git.example.com/*", "hasconfig:remote.*.url:https://other/**", "unknown:x", "gitdir:",
	}
	var local strings.Builder
	local.WriteString("[core]\n\trepositoryformatversion = 0\n\tbare = false\n[remote \"origin\"]\n\turl = https://git.example.com/team/deploy.git\n")
	for i, c := range conditions {
		name := at("cond" + string(rune('a'+i)))
		writeFile(t, name, "[cond]\n\tholds = "+c+"\n")
		local.WriteString("[includeIf \"" + c + "\"]\n\tpath = " + name + "\n")
	}
	writeFile(t, filepath.Join(repo.Dir, ".git/config"), local.String())
	writeFile(t, filepath.Join(repo.Dir, ".git/config.worktree"), "[level]\n\tworktree = 1\n")

	// Each row is added to the environment that all share.
	base := []string{"PATH=/usr/bin:/bin", "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1"}
	home := "HOME=" + at("home")
	cases := map[string][]string{
		"home":               {home},
		"xdg":                {home, "XDG_CONFIG_HOME=" + at("xdg")},
		"empty xdg":          {home, "XDG_CONFIG_HOME="},
		"no home":            {},
		"no home but xdg":    {"XDG_CONFIG_HOME=" + at("xdg")},
		"global":             {home, "GIT_CONFIG_GLOBAL=" + at("other")},
		"empty global":       {home, "GIT_CONFIG_GLOBAL="},
		"absent global":      {home, "GIT_CONFIG_GLOBAL=" + at("none")},
		"system":             {home, "GIT_CONFIG_NOSYSTEM=0", "GIT_CONFIG_SYSTEM=" + at("system")},
		"no system":          {home, "GIT_CONFIG_NOSYSTEM=yes", "GIT_CONFIG_SYSTEM=" + at("system")},
		"count":              {home, "GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=Http.https://X/.extraHeader", "GIT_CONFIG_VALUE_0=A: b", "GIT_CONFIG_KEY_1=level.global", "GIT_CONFIG_VALUE_1="},
		"count 0":            {home, "GIT_CONFIG_COUNT=0", "GIT_CONFIG_KEY_0=a.b", "GIT_CONFIG_VALUE_0=c"},
		"count include":      {home, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=include.path", "GIT_CONFIG_VALUE_0=" + at("cond")},
		"count is wrong":     {home, "GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=a.b", "GIT_CONFIG_VALUE_0=c"},
		"count bad key":      {home, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=nosection", "GIT_CONFIG_VALUE_0=c"},
		"count no number":    {home, "GIT_CONFIG_COUNT=x"},
		"relative include":   {home, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=include.path", "GIT_CONFIG_VALUE_0=cond"},
		"parameters":         {home, `GIT_CONFIG_PARAMETERS='level.param'='it'\''s' 'level.bare'`},
		"old parameters":     {home, `GIT_CONFIG_PARAMETERS='level.param=x y' 'A.b.C=d'`},
		"includes forever":   {home, "GIT_CONFIG_GLOBAL=" + at("loop")},
		"broken":             {home, "GIT_CONFIG_GLOBAL=" + at("broken")},
		"global is a folder": {home, "GIT_CONFIG_GLOBAL=" + dir},
	}
	compare := func(t *testing.T, env []string) {
		g := Program{Path: repo.Git, Dir: repo.Dir, Vars: slices.Concat(base, env)}
		dir := filepath.Join(repo.Dir, ".git")
		c := &Place{Dir: dir, Common: dir, HeadBranch: func() (string, error) {
			head, err := os.ReadFile(filepath.Join(dir, "HEAD"))
			if branch, on := strings.CutPrefix(strings.TrimSpace(string(head)), "ref: refs/heads/"); on {
				return branch, err
			}
			return "", err
		}}
		want, refused := LoadConfig(ctx, g, c)
		g.Path = ""
		got, err := LoadConfig(ctx, g, c)
		if (err != nil) != (refused != nil) {
			t.Fatalf("ours says %v, git says %v", err, refused)
		}
		if spaces(got) != spaces(want) {
			t.Errorf("only ours: %s\nonly git's: %s", without(spaces(got), spaces(want)), without(spaces(want), spaces(got)))
		}
	}
	for name, env := range cases {
		t.Run(name, func(t *testing.T) { compare(t, env) })
	}
	t.Run("worktree config", func(t *testing.T) {
		f, err := os.OpenFile(filepath.Join(repo.Dir, ".git/config"), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString("[extensions]\n\tworktreeConfig = true\n"); err != nil {
			t.Fatal(err)
		}
		compare(t, []string{home})
	})
	t.Run("detached", func(t *testing.T) {
		writeFile(t, filepath.Join(repo.Dir, ".git/HEAD"), strings.Repeat("1", 40)+"\n")
		compare(t, []string{home})
	})
}

// without lists the lines of one text that the other lacks.
func without(text, other string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if !strings.Contains(other, line) {
			out.WriteString("\n" + line)
		}
	}
	return out.String()
}

func writeFile(t *testing.T, name, data string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
}
