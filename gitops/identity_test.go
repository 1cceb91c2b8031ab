package gitops_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelops/modelops/gitops"
)

// person is the content of a configuration file.
func person(section, name, email string) string {
	return fmt.Sprintf("[%s]\n\tname = %s\n\temail = %s\n", section, name, email)
}

// TestIdentityAgreesWithGit compares author and committer with those of a commit that git makes with the same settings.
func TestIdentityAgreesWithGit(t *testing.T) {
	cases := map[string]struct {
		files   map[string]string // below the world's folder
		env     []string
		gitOnly bool // without git it is not read, or refused
	}{
		"global":            {},
		"system":            {files: map[string]string{"system": person("user", "System", "s@example.com"), "home/.gitconfig": ""}, env: []string{"GIT_CONFIG_SYSTEM=$W/system", "GIT_CONFIG_NOSYSTEM=0"}},
		"system under":      {files: map[string]string{"system": person("user", "System", "s@example.com")}, env: []string{"GIT_CONFIG_SYSTEM=$W/system", "GIT_CONFIG_NOSYSTEM=0"}},
		"XDG":               {files: map[string]string{"xdg/git/config": person("user", "Xdg", "x@example.com"), "home/.gitconfig": "[core]\n"}, env: []string{"XDG_CONFIG_HOME=$W/xdg"}},
		"XDG under":         {files: map[string]string{"xdg/git/config": person("user", "Xdg", "x@example.com")}, env: []string{"XDG_CONFIG_HOME=$W/xdg"}},
		"default XDG":       {files: map[string]string{"home/.config/git/config": person("user", "Xdg", "x@example.com"), "home/.gitconfig": "[user]\n\tname = Half\n"}},
		"another global":    {files: map[string]string{"g": person("user", "G", "g@example.com")}, env: []string{"GIT_CONFIG_GLOBAL=$W/g"}},
		"local":             {files: map[string]string{"c/.git/config": person("user", "Local", "l@example.com")}},
		"work tree":         {files: map[string]string{"c/.git/config": "[extensions]\n\tworktreeConfig = true\n", "c/.git/config.worktree": person("user", "Tree", "t@example.com")}},
		"include":           {files: map[string]string{"inc": person("user", "Included # no", "i@example.com"), "c/.git/config": "[include]\n\tpath = $W/inc\n"}},
		"relative include":  {files: map[string]string{"home/inc": person("user", "Included", "i@example.com"), "home/.gitconfig": "[include]\n\tpath = inc\n"}},
		"include at home":   {files: map[string]string{"home/inc": person("user", "Included", "i@example.com"), "c/.git/config": "[include]\n\tpath = ~/inc\n"}, gitOnly: true},
		"includeIf gitdir":  {files: map[string]string{"inc": person("user", "Work", "w@example.com"), "home/.gitconfig": person("user", "Global", "g@e") + "[includeIf \"gitdir:$W/c/\"]\n\tpath = $W/inc\n"}, gitOnly: true},
		"includeIf branch":  {files: map[string]string{"inc": person("user", "Work", "w@example.com"), "home/.gitconfig": person("user", "Global", "g@e") + "[includeIf \"onbranch:main\"]\n\tpath = $W/inc\n"}, gitOnly: true},
		"counted":           {env: []string{"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=user.name", "GIT_CONFIG_VALUE_0=Counted"}, gitOnly: true},
		"author":            {files: map[string]string{"c/.git/config": "[author]\n\tname = Au Thor\n"}},
		"committer":         {files: map[string]string{"c/.git/config": "[committer]\n\temail = c@example.com\n[user]\n\tname = \" padded, \"\n"}},
		"environment":       {env: []string{"GIT_AUTHOR_NAME=Env", "GIT_AUTHOR_EMAIL=e@example.com", "GIT_COMMITTER_NAME=C <o> m"}},
		"EMAIL":             {files: map[string]string{"home/.gitconfig": "[user]\n\tname = N\n"}, env: []string{"EMAIL=mail@example.com"}},
		"EMAIL under":       {env: []string{"EMAIL=mail@example.com"}},
		"config only":       {files: map[string]string{"c/.git/config": "[user]\n\tuseConfigOnly = true\n"}},
		"UTF-8":             {env: []string{"GIT_AUTHOR_NAME=Zoë 北 "}},
		"ISO date":          {env: []string{"GIT_AUTHOR_DATE=2026-01-02T03:04:05+0200", "GIT_COMMITTER_DATE=@1700000000 -0530"}},
		"RFC 2822 date":     {env: []string{"GIT_AUTHOR_DATE=Fri, 2 Jan 2026 03:04:05 +0100", "GIT_COMMITTER_DATE=1700000000 +0000"}},
		"date with Z":       {env: []string{"GIT_AUTHOR_DATE=2026-01-02T03:04:05Z"}},
		"date without zone": {env: []string{"GIT_AUTHOR_DATE=2026-01-02 03:04:05", "TZ=UTC"}},
		"US date":           {env: []string{"GIT_AUTHOR_DATE=01/02/2026 03:04:05 +0100"}, gitOnly: true},
		"dotted date":       {env: []string{"GIT_AUTHOR_DATE=02.01.2026 03:04:05 +0100"}, gitOnly: true},
		"date by words":     {env: []string{"GIT_AUTHOR_DATE=Jan 2 2026 3:04pm +0100"}, gitOnly: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			c := w.clone("c", w.server.Dir)
			in := strings.NewReplacer("$W", w.dir)
			own := *c
			own.Env = []string{"HOME=" + w.home, "GIT_CONFIG_NOSYSTEM=1", "PATH=/usr/bin:/bin", "GIT_AUTHOR_DATE=1700000000 +0100", "GIT_COMMITTER_DATE=1700000001 +0100"}
			w.ok(os.WriteFile(filepath.Join(w.home, ".gitconfig"), []byte(person("user", "Global", "global@example.com")), 0o600))
			for file, text := range tc.files {
				p := filepath.Join(w.dir, file)
				flags := os.O_CREATE | os.O_WRONLY | os.O_TRUNC
				if file == "c/.git/config" {
					flags = os.O_APPEND | os.O_WRONLY
				}
				w.ok(os.MkdirAll(filepath.Dir(p), 0o755))
				f, err := os.OpenFile(p, flags, 0o600)
				w.ok(err)
				_, err = f.WriteString(in.Replace(text))
				w.ok(errors.Join(err, f.Close()))
			}
			for _, e := range tc.env {
				own.Env = append(own.Env, in.Replace(e))
			}
			want := w.git(&own, "log", "-1", "--date=raw", "--format=%an <%ae> %ad%n%cn <%ce> %cd", w.git(&own, "commit-tree", "-m", "x", "HEAD^{tree}"))
			for _, git := range []bool{true, false} {
				if !git && tc.gitOnly {
					continue
				}
				now := func(o *gitops.Options) { o.Now = func() time.Time { return time.Unix(1, 0).UTC() } }
				opts := []func(*gitops.Options){now}
				if !git {
					opts = append(opts, withoutGit)
				}
				r := w.open(&own, opts...)
				next, err := r.Commit(w.ctx, w.tip(r), write("a", "b"), identity(t, r))
				w.ok(err)
				var got []string
				for _, i := range []gitops.Ident{next.Info().Author, next.Info().Committer} {
					got = append(got, fmt.Sprintf("%s <%s> %d %s", i.Name, i.Email, i.When.Unix(), i.When.Format("-0700")))
				}
				equal(t, fmt.Sprintf("git=%v", git), strings.Join(got, "\n"), want)
			}
			undated := own
			undated.Env = slices.DeleteFunc(slices.Clone(own.Env), func(e string) bool { return strings.Contains(e, "_DATE=") })
			r := w.open(&undated)
			next, err := r.Commit(w.ctx, w.tip(r), write("a", "b"), identity(t, r))
			w.ok(err)
			author, committer := next.Info().Author, next.Info().Committer
			names := w.git(&own, "log", "-1", "--format=%an <%ae>%n%cn <%ce>", w.git(&own, "commit-tree", "-m", "x", "HEAD^{tree}"))
			equal(t, "without dates", fmt.Sprintf("%s <%s>\n%s <%s>", author.Name, author.Email, committer.Name, committer.Email), names)
		})
	}
}

// TestNoIdentity: nothing is guessed from the machine, whatever git would do, and the error says what to type.
func TestNoIdentity(t *testing.T) {
	w := newWorld(t)
	own := *w.server
	own.Env = []string{"HOME=" + t.TempDir(), "GIT_CONFIG_NOSYSTEM=1"}
	for name, tc := range map[string]struct {
		env  []string
		want string
		hint string
	}{
		"nothing":  {nil, "find the author's identity: no ", "git config --global user.name"},
		"no email": {[]string{"GIT_AUTHOR_NAME=A"}, "find the author's identity: no e", "user.email"},
		"committer": {[]string{"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_EMAIL=a@b"},
			"find the committer's identity: no name", "user.name"},
		"empty name": {[]string{"GIT_AUTHOR_NAME= ", "GIT_AUTHOR_EMAIL=a@b"}, "find the author's identity: ", "user.name"},
		"bad date": {[]string{"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@b", "GIT_AUTHOR_DATE=yesterday-ish"},
			"find the author's identity: GIT_AUTHOR_DATE: ", "2026-01-31T08:00:00"},
	} {
		for _, git := range []bool{true, false} {
			var opts []func(*gitops.Options)
			if !git {
				opts = append(opts, withoutGit)
			}
			one := own
			one.Env = append(one.Env, tc.env...)
			_, err := w.open(&one, opts...).Identity(w.ctx)
			var id *gitops.IdentityError
			if !errors.As(err, &id) || !strings.HasPrefix(err.Error(), tc.want) || !strings.Contains(strings.Join(id.Hints(), "\n"), tc.hint) {
				t.Errorf("%s, git=%v: want %q, got %v", name, git, tc.want, err)
			}
		}
	}
}

// TestClockOfCommits: without dates in the environment a commit carries the time of the options, in its zone.
func TestClockOfCommits(t *testing.T) {
	w := newWorld(t)
	own := *w.server
	own.Env = append(own.Env, "GIT_AUTHOR_DATE=", "GIT_COMMITTER_DATE=")
	at := time.Unix(1800000000, 0).In(time.FixedZone("", -9000))
	for _, git := range []bool{true, false} {
		o := []func(*gitops.Options){func(o *gitops.Options) { o.Now = func() time.Time { return at } }}
		if !git {
			o = append(o, withoutGit)
		}
		id := identity(t, w.open(&own, o...))
		for _, i := range []gitops.Ident{id.Author, id.Committer} {
			equal(t, "time", i.When.Format(time.RFC3339), at.Format(time.RFC3339))
		}
	}
}
